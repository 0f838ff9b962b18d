/** Numbers in Russian: cardinals in the nominative, ordinals in the cases that dates need, and forms after a number. */

/** Grammatical gender of what is counted. */
export type Gender = "m" | "f" | "n";

const ONES = ["", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"];
const TEENS =
  "десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать".split(
    " ",
  );
const TENS = [
  "",
  "",
  "двадцать",
  "тридцать",
  "сорок",
  "пятьдесят",
  "шестьдесят",
  "семьдесят",
  "восемьдесят",
  "девяносто",
];
const HUNDREDS = [
  "",
  "сто",
  "двести",
  "триста",
  "четыреста",
  "пятьсот",
  "шестьсот",
  "семьсот",
  "восемьсот",
  "девятьсот",
];
const SCALES: readonly { readonly forms: Forms; readonly gender: Gender }[] = [
  { forms: ["", "", ""], gender: "m" },
  { forms: ["тысяча", "тысячи", "тысяч"], gender: "f" },
  { forms: ["миллион", "миллиона", "миллионов"], gender: "m" },
  { forms: ["миллиард", "миллиарда", "миллиардов"], gender: "m" },
  { forms: ["триллион", "триллиона", "триллионов"], gender: "m" },
];

/** Forms of a noun after 1, after 2–4, and after the rest. */
export type Forms = readonly [one: string, few: string, many: string];

/** The form that a noun takes after a whole number. */
export function formAfter(digits: string, forms: Forms): string {
  const last = Number(digits.slice(-1));
  if (/1\d$/u.test(digits) || last === 0 || last > 4) return forms[2];
  return last === 1 ? forms[0] : forms[1];
}

function below1000(value: number, gender: Gender): string[] {
  const words = [HUNDREDS[Math.floor(value / 100)] as string];
  const rest = value % 100;
  if (rest >= 10 && rest < 20) words.push(TEENS[rest - 10] as string);
  else {
    words.push(TENS[Math.floor(rest / 10)] as string);
    words.push(one(rest % 10, gender));
  }
  return words.filter((word) => word !== "");
}

function one(value: number, gender: Gender): string {
  if (value === 1) return { m: "один", f: "одна", n: "одно" }[gender];
  if (value === 2) return gender === "f" ? "две" : "два";
  return ONES[value] as string;
}

/** A whole number in words, given as digits; one with over 15 of them is read digit by digit. */
export function cardinal(digits: string, gender: Gender = "m"): string {
  const trimmed = digits.replace(/^0+(?=\d)/u, "");
  if (trimmed === "0") return "ноль";
  if (trimmed.length > 3 * SCALES.length) return oneByOne(trimmed);
  const words: string[] = [];
  for (let end = trimmed.length, scale = 0; end > 0; end -= 3, scale++) {
    const part = trimmed.slice(Math.max(0, end - 3), end);
    const { forms, gender: own } = SCALES[scale] as (typeof SCALES)[number];
    if (Number(part) === 0) continue;
    const spoken = below1000(Number(part), scale === 0 ? gender : own);
    // тысяча, not одна тысяча, at the beginning.
    if (scale > 0 && part === "1" && end <= 1) spoken.pop();
    words.unshift(...spoken, ...(scale > 0 ? [formAfter(part, forms)] : []));
  }
  return words.join(" ");
}

/** Digits one after the other. */
export function oneByOne(digits: string): string {
  return [...digits].map((digit) => (digit === "0" ? "ноль" : ONES[Number(digit)])).join(" ");
}

/** Stems of ordinals, by the cardinal they end in. */
const ORDINAL_STEMS: Readonly<Record<string, string>> = {
  один: "перв",
  два: "втор",
  три: "треть",
  четыре: "четвёрт",
  пять: "пят",
  шесть: "шест",
  семь: "седьм",
  восемь: "восьм",
  девять: "девят",
  сорок: "сороков",
  сто: "сот",
  двести: "двухсот",
  триста: "трёхсот",
  четыреста: "четырёхсот",
  тысяча: "тысячн",
  ноль: "нулев",
};
const THOUSANDS: Readonly<Record<string, string>> = {
  1: "тысячн",
  2: "двухтысячн",
  3: "трёхтысячн",
  4: "четырёхтысячн",
  5: "пятитысячн",
  6: "шеститысячн",
  7: "семитысячн",
  8: "восьмитысячн",
  9: "девятитысячн",
};

/** Case and gender of an ordinal, as far as dates and numbered things need them. */
export type OrdinalForm =
  | "nominative_m"
  | "nominative_n"
  | "nominative_f"
  | "genitive"
  | "prepositional"
  | "instrumental"
  | "dative";
const ENDINGS: Readonly<Record<OrdinalForm, readonly [usual: string, third: string]>> = {
  nominative_m: ["ый", "ий"],
  nominative_n: ["ое", "е"],
  nominative_f: ["ая", "я"],
  genitive: ["ого", "его"],
  prepositional: ["ом", "ем"],
  instrumental: ["ым", "им"],
  dative: ["ому", "ему"],
};

/** An ordinal from 0 to 9999: двадцать пятого. */
export function ordinal(value: number, form: OrdinalForm): string {
  const [usual, third] = ENDINGS[form];
  if (value >= 1000 && value % 1000 === 0) return THOUSANDS[value / 1000] + usual;
  const words = cardinal(String(value)).split(" ");
  const last = words.pop() as string;
  const stem = ORDINAL_STEMS[last] ?? ordinalStem(last);
  if (last === "три" && form === "nominative_m") return [...words, "третий"].join(" ");
  if (last === "три") return [...words, stem + third].join(" ");
  // второй, шестой, седьмой, восьмой, сороковой are stressed on their ending.
  const stressed = form === "nominative_m" && /^(?:два|шесть|семь|восемь|сорок|ноль)$/u.test(last);
  return [...words, stem + (stressed ? "ой" : usual)].join(" ");
}

function ordinalStem(cardinalWord: string): string {
  if (/(?:сот)$/u.test(cardinalWord)) return cardinalWord.replace(/^(.*)ьсот$/u, "$1исот");
  // пятьдесят → пятидесят, двадцать → двадцат.
  return cardinalWord
    .replace(/ьдесят$/u, "идесят")
    .replace(/ь$/u, "")
    .replace(/девяносто$/u, "девяност");
}
