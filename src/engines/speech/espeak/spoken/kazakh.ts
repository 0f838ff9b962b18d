/** How numbers and symbols are said in Kazakh. */

import type { Rule } from "../text.ts";
import { cardinal, oneByOne, ordinal } from "./kazakh-numbers.ts";
import { NUMBER_COMMA, numberParts, oneOf, pieces, replacing, saying } from "./shared-rules.ts";

const CURRENCY: Readonly<Record<string, string>> = {
  "₸": "теңге",
  $: "доллар",
  "€": "еуро",
  "₽": "рубль",
  "£": "фунт",
  "₩": "вон",
  "¥": "иен",
};
const UNITS: Readonly<Record<string, string>> = {
  "%": "пайыз",
  "°C": "градус",
  "°С": "градус",
  "°": "градус",
  "км/сағ": "километр сағатына",
  км: "километр",
  см: "сантиметр",
  мм: "миллиметр",
  м: "метр",
  кг: "килограмм",
  мг: "миллиграмм",
  г: "грамм",
  т: "тонна",
  л: "литр",
  мл: "миллилитр",
  ГБ: "гигабайт",
  МБ: "мегабайт",
  Гц: "герц",
  кГц: "килогерц",
  сағ: "сағат",
  мин: "минут",
  сек: "секунд",
  мың: "мың",
  млн: "миллион",
  млрд: "миллиард",
  тг: "теңге",
  km: "километр",
  kg: "килограмм",
};
const SYMBOLS: Readonly<Record<string, string>> = {
  "+": "қосу",
  "=": "тең",
  "@": "ит белгісі",
  "&": "және",
  "№": "нөмір",
  "#": "тор",
  "%": "пайыз",
  "<": "кіші",
  ">": "үлкен",
  "×": "көбейту",
  "÷": "бөлу",
  "±": "плюс минус",
  "°": "градус",
  "§": "параграф",
  $: "доллар",
  "€": "еуро",
  "₽": "рубль",
  "₸": "теңге",
  "₩": "вон",
};
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  "т.б.": "тағы басқа",
  "т.с.с.": "тағы сол сияқты",
  "мыс.": "мысалы",
  "қ.": "қаласы",
  "көш.": "көшесі",
  "ж.": "жылы",
  "б.з.д.": "біздің заманымызға дейін",
  "проф.": "профессор",
};
const MONTHS = "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан".split(" ");

function say(text: string): string {
  const { whole, decimals } = numberParts(text, /[ \u00a0\u202f]/gu);
  return decimals === ""
    ? cardinal(whole)
    : `${cardinal(whole)} бүтін ${FRACTIONS[decimals.length] ?? ""} ${spokenDecimals(decimals)}`;
}
const FRACTIONS = ["", "оннан", "жүзден", "мыңнан"];

function spokenDecimals(decimals: string): string {
  return decimals.length < FRACTIONS.length ? cardinal(decimals) : oneByOne(decimals);
}

const N = `(${NUMBER_COMMA})`;
const END = String.raw`(?![\p{L}\p{M}\d])`;
const START = String.raw`(?<![\p{L}\p{M}\d.,])`;

/** Most particular first. */
export const KAZAKH: readonly Rule[] = [
  saying(/(?<![\d.])(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\d)/dgu, ([, day, month, year]) => {
    const name = MONTHS[Number(month) - 1];
    if (!name || Number(day) > 31) return undefined;
    return `${ordinal(year as string)} жылғы ${ordinal(day as string)} ${name}`;
  }),
  {
    pattern: new RegExp(`${START}(\\d{3,4})(?: ?(жыл\\p{L}*|ж\\.)|-(?:ші|шы)( жыл\\p{L}*))`, "dgu"),
    speak: ([, year, word, other]) =>
      other
        ? [
            [1, ordinal(year as string)],
            [3, other.trim()],
          ]
        : [
            [1, ordinal(year as string)],
            [2, word === "ж." ? "жылы" : (word as string)],
          ],
  },
  {
    pattern: new RegExp(`${START}(\\d{1,2}) ((?:${MONTHS.join("|")})\\p{L}*)`, "dgui"),
    speak: ([, day, month]) => [
      [1, ordinal(day as string)],
      [2, month as string],
    ],
  },
  saying(new RegExp(`${START}(\\d{1,4})-(?:ші|шы|інші|ыншы)${END}`, "dgu"), ([, digits]) => ordinal(digits as string)),
  replacing(new RegExp(`(?<![\\p{L}.])(?:${oneOf(Object.keys(ABBREVIATIONS))})`, "dgui"), ABBREVIATIONS),
  saying(
    /(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?!\d)/dgu,
    ([, hour, minute]) => `${cardinal(hour as string)} ${minute === "00" ? "нөл нөл" : cardinal(minute as string)}`,
  ),
  saying(/(?<!\d)\+?(\d)[- ]?\(?(\d{3})\)?[- ](\d{3})[- ](\d{2})[- ](\d{2})(?!\d)/dgu, ([, ...groups]) =>
    groups.map((digits) => (digits.startsWith("0") ? oneByOne(digits) : cardinal(digits))).join(", "),
  ),
  {
    pattern: new RegExp(
      `([${Object.keys(CURRENCY).join("")}]) ?${N}|${N} ?([${Object.keys(CURRENCY).join("")}])`,
      "dgu",
    ),
    speak: ([, before, after, amount, behind]) =>
      before
        ? [
            [2, say(after as string)],
            [1, CURRENCY[before] as string],
          ]
        : [
            [3, say(amount as string)],
            [4, CURRENCY[behind as string] as string],
          ],
  },
  {
    pattern: new RegExp(String.raw`((?<![\p{L}\d])[-−])?${START}${N} ?(${oneOf(Object.keys(UNITS))})${END}`, "dgu"),
    speak: ([, minus, amount, unit]) =>
      pieces([2, (minus ? "минус " : "") + say(amount as string)], [3, UNITS[unit as string] as string]),
  },
  saying(/(?<![\p{L}\d.])[-−](?=\d)/dgu, () => "минус "),
  // A case ending after a hyphen belongs to the number: 25-те.
  saying(new RegExp(`${N}(-(?=\\p{L}))?`, "dgu"), ([, amount]) =>
    /^0\d/u.test(amount as string) ? oneByOne((amount as string).replaceAll(/\D/gu, "")) : say(amount as string),
  ),
  saying(/[+=@&№#%<>×÷±°§$€₽₸₩]/dgu, ([symbol]) => `${SYMBOLS[symbol]} `),
];
