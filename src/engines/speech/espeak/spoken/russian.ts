/** How numbers, symbols and abbreviations are said in Russian. */

import type { Rule } from "../text.ts";
import {
  cardinal,
  type Forms,
  formAfter,
  type Gender,
  type OrdinalForm,
  oneByOne,
  ordinal,
} from "./russian-numbers.ts";
import { NUMBER_COMMA, numberParts, oneOf, pieces, replacing, saying } from "./shared-rules.ts";

/** What is counted: its forms after a number, and its gender. */
type Counted = { readonly forms: Forms; readonly gender: Gender };

const counted = (one: string, few: string, many: string, gender: Gender = "m"): Counted => ({
  forms: [one, few, many],
  gender,
});
const CURRENCY: Readonly<Record<string, Counted>> = {
  "₽": counted("рубль", "рубля", "рублей"),
  $: counted("доллар", "доллара", "долларов"),
  "€": counted("евро", "евро", "евро"),
  "£": counted("фунт", "фунта", "фунтов"),
  "₸": counted("тенге", "тенге", "тенге"),
  "₩": counted("вона", "воны", "вон", "f"),
  "¥": counted("иена", "иены", "иен", "f"),
};
const UNITS: Readonly<Record<string, Counted>> = {
  "%": counted("процент", "процента", "процентов"),
  "°C": counted("градус", "градуса", "градусов"),
  "°С": counted("градус", "градуса", "градусов"),
  "°": counted("градус", "градуса", "градусов"),
  "км/ч": counted("километр в час", "километра в час", "километров в час"),
  "м/с": counted("метр в секунду", "метра в секунду", "метров в секунду"),
  км: counted("километр", "километра", "километров"),
  см: counted("сантиметр", "сантиметра", "сантиметров"),
  мм: counted("миллиметр", "миллиметра", "миллиметров"),
  м: counted("метр", "метра", "метров"),
  кг: counted("килограмм", "килограмма", "килограммов"),
  мг: counted("миллиграмм", "миллиграмма", "миллиграммов"),
  г: counted("грамм", "грамма", "граммов"),
  т: counted("тонна", "тонны", "тонн", "f"),
  л: counted("литр", "литра", "литров"),
  мл: counted("миллилитр", "миллилитра", "миллилитров"),
  ГБ: counted("гигабайт", "гигабайта", "гигабайт"),
  МБ: counted("мегабайт", "мегабайта", "мегабайт"),
  Гц: counted("герц", "герца", "герц"),
  кГц: counted("килогерц", "килогерца", "килогерц"),
  мин: counted("минута", "минуты", "минут", "f"),
  сек: counted("секунда", "секунды", "секунд", "f"),
  ч: counted("час", "часа", "часов"),
  "руб.": counted("рубль", "рубля", "рублей"),
  "коп.": counted("копейка", "копейки", "копеек", "f"),
  "тыс.": counted("тысяча", "тысячи", "тысяч", "f"),
  млн: counted("миллион", "миллиона", "миллионов"),
  млрд: counted("миллиард", "миллиарда", "миллиардов"),
  km: counted("километр", "километра", "километров"),
  kg: counted("килограмм", "килограмма", "килограммов"),
};
const SYMBOLS: Readonly<Record<string, string>> = {
  "+": "плюс",
  "=": "равно",
  "@": "собака",
  "&": "и",
  "№": "номер",
  "#": "решётка",
  "%": "процентов",
  "<": "меньше",
  ">": "больше",
  "×": "умножить на",
  "÷": "разделить на",
  "±": "плюс-минус",
  "°": "градусов",
  "§": "параграф",
  $: "доллар",
  "€": "евро",
  "₽": "рубль",
  "₸": "тенге",
  "₩": "вона",
};
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  "т.е.": "то есть",
  "т.д.": "так далее",
  "т.п.": "тому подобное",
  "т.к.": "так как",
  "т.н.": "так называемый",
  "и.о.": "исполняющий обязанности",
  "ул.": "улица",
  "стр.": "страница",
  "рис.": "рисунок",
  "им.": "имени",
  "проф.": "профессор",
  "акад.": "академик",
  "доц.": "доцент",
  "руб.": "рублей",
  "тыс.": "тысяч",
  "др.": "другие",
  "см.": "смотри",
  "напр.": "например",
};
const MONTHS = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split(" ");
const YEARS: Readonly<Record<string, OrdinalForm>> = {
  год: "nominative_m",
  года: "genitive",
  году: "prepositional",
  годом: "instrumental",
  "г.": "genitive",
  г: "genitive",
};
/** Stems of feminine and neuter nouns that are often counted. */
const FEMININE =
  /^(?:минут|секунд|недел|тысяч|тонн|штук|строк|страниц|книг|групп|копе|девуш|женщин|задач|ошиб|ча(?:ш|ст)|комнат|верс|модел|систем|программ|машин|попыт|ноч|бутыл|стран|професс|компан|сотн|истори|лекц)/u;
const NEUTER = /^(?:сло[ву]|окн|мест|дел|письм|собеседовани|предложени|сообщени|числ|лиц)/u;

const NAMES: Readonly<Record<OrdinalForm, RegExp>> = {
  nominative_m: /^(?:й|ый|ой)$/u,
  nominative_n: /^(?:е|ое)$/u,
  nominative_f: /^(?:я|ая)$/u,
  genitive: /^(?:го|ого)$/u,
  prepositional: /^(?:м|ом)$/u,
  instrumental: /^(?:ым)$/u,
  dative: /^(?:му|ому)$/u,
};
const FRACTIONS = ["", "десятых", "сотых", "тысячных"];

/** A number, agreeing in gender with what follows. */
function say(text: string, gender: Gender = "m"): string {
  const { whole, decimals } = numberParts(text, /[ \u00a0\u202f]/gu);
  if (decimals === "") return cardinal(whole, gender);
  const fraction = FRACTIONS[decimals.length];
  if (!fraction) return `${cardinal(whole)} и ${oneByOne(decimals)}`;
  const name = formAfter(decimals, [fraction.replace("ых", "ая"), fraction, fraction]);
  return `${cardinal(whole, "f")} ${/(?:^|[^1])1$/u.test(whole) ? "целая" : "целых"} ${cardinal(decimals, "f")} ${name}`;
}

function withUnit(amount: string, { forms, gender }: Counted): readonly [string, string] {
  const { whole, decimals } = numberParts(amount, /[ \u00a0\u202f]/gu);
  // Fractions take the genitive singular: 3,5 килограмма.
  return [say(amount, gender), decimals === "" ? formAfter(whole, forms) : forms[1]];
}

const N = `(${NUMBER_COMMA})`;
const END = String.raw`(?![\p{L}\p{M}\d])`;
const START = String.raw`(?<![\p{L}\p{M}\d.,])`;

/** Most particular first. */
export const RUSSIAN: readonly Rule[] = [
  replacing(
    new RegExp(`(?<![\\p{L}.])(?:${oneOf(Object.keys(ABBREVIATIONS).filter((key) => !UNITS[key]))})`, "dgui"),
    ABBREVIATIONS,
  ),
  saying(/(?<![\d.])(\d{1,2})\.(\d{1,2})\.(\d{4})(?:\s?(?:г\.|года))?(?!\d)/dgu, ([, day, month, year]) => {
    const name = MONTHS[Number(month) - 1];
    if (!name || Number(day) > 31) return undefined;
    return `${ordinal(Number(day), "nominative_n")} ${name} ${ordinal(Number(year), "genitive")} года`;
  }),
  {
    pattern: new RegExp(`${START}(\\d{1,2}) (${MONTHS.join("|")})${END}`, "dgui"),
    speak: ([, day, month]) => [
      [1, ordinal(Number(day), "genitive")],
      [2, month as string],
    ],
  },
  {
    pattern: new RegExp(`${START}(\\d{3,4}) ?(год(?:а|у|ом)?|г\\.)${END}`, "dgu"),
    speak: ([, year, word]) => [
      [1, ordinal(Number(year), YEARS[word as string] ?? "genitive")],
      [2, word === "г." ? "года" : (word as string)],
    ],
  },
  saying(
    new RegExp(`${START}(\\d{1,4})-(й|ый|ой|е|ое|я|ая|го|ого|м|ом|ым|му|ому)${END}`, "dgu"),
    ([, digits, ending]) => {
      const form = (Object.keys(NAMES) as OrdinalForm[]).find((key) => NAMES[key].test(ending as string));
      return form && ordinal(Number(digits), form);
    },
  ),
  saying(/(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?!\d)/dgu, ([, hour, minute]) => {
    const [first = "", second = ""] = minute as string;
    const spoken =
      minute === "00" ? "ноль ноль" : first === "0" ? `ноль ${cardinal(second)}` : cardinal(minute as string);
    return `${cardinal(hour as string)} ${spoken}`;
  }),
  saying(/(?<!\d)\+?(\d)[- ]?\(?(\d{3})\)?[- ](\d{3})[- ](\d{2})[- ](\d{2})(?!\d)/dgu, ([, ...groups]) =>
    groups.map((digits) => (digits.startsWith("0") ? oneByOne(digits) : cardinal(digits))).join(", "),
  ),
  {
    pattern: new RegExp(
      `([${Object.keys(CURRENCY).join("")}]) ?${N}|${N} ?([${Object.keys(CURRENCY).join("")}])`,
      "dgu",
    ),
    speak: ([, before, after, amount, behind]) => {
      const [number, name] = withUnit((after ?? amount) as string, CURRENCY[(before ?? behind) as string] as Counted);
      return before
        ? [
            [2, number],
            [1, name],
          ]
        : [
            [3, number],
            [4, name],
          ];
    },
  },
  {
    pattern: new RegExp(String.raw`((?<![\p{L}\d])[-−])?${START}${N} ?(${oneOf(Object.keys(UNITS))})${END}`, "dgu"),
    speak: ([, minus, amount, unit]) => {
      const [number, name] = withUnit(amount as string, UNITS[unit as string] as Counted);
      return pieces([2, (minus ? "минус " : "") + number], [3, name]);
    },
  },
  replacing(new RegExp(`(?<![\\p{L}.])(?:${oneOf(Object.keys(ABBREVIATIONS))})`, "dgui"), ABBREVIATIONS),
  saying(/(?<![\p{L}\d.])[-−](?=\d)/dgu, () => "минус "),
  saying(new RegExp(`${N}(?: (?=(\\p{L}+)))?`, "dgu"), ([, amount, next = ""]) => {
    const digits = amount as string;
    if (/^0\d/u.test(digits)) return oneByOne(digits.replaceAll(/\D/gu, ""));
    return `${say(digits, FEMININE.test(next) ? "f" : NEUTER.test(next) ? "n" : "m")}${next === "" ? "" : " "}`;
  }),
  saying(/[+=@&№#%<>×÷±°§$€₽₸₩]/dgu, ([symbol]) => `${SYMBOLS[symbol]} `),
];
