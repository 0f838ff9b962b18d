/** How numbers and symbols are said in English. Plain numbers are left to espeak-ng, which reads them well. */

import type { Rule } from "../text.ts";
import { NUMBER_POINT, numberParts, oneOf, pieces, replacing, saying } from "./shared-rules.ts";

/** One and many. */
type Noun = readonly [one: string, many: string];

const plural = (one: string): Noun => [one, `${one}s`];
const CURRENCY: Readonly<Record<string, Noun>> = {
  $: plural("dollar"),
  "€": plural("euro"),
  "£": plural("pound"),
  "₽": plural("ruble"),
  "₸": ["tenge", "tenge"],
  "₩": ["won", "won"],
  "¥": ["yen", "yen"],
};
const CENTS: Readonly<Record<string, Noun>> = { $: plural("cent"), "€": plural("cent"), "£": ["penny", "pence"] };
const UNITS: Readonly<Record<string, Noun>> = {
  "%": ["percent", "percent"],
  "°C": ["degree Celsius", "degrees Celsius"],
  "℃": ["degree Celsius", "degrees Celsius"],
  "°F": ["degree Fahrenheit", "degrees Fahrenheit"],
  "°": plural("degree"),
  "km/h": ["kilometer per hour", "kilometers per hour"],
  mph: ["mile per hour", "miles per hour"],
  "m/s": ["meter per second", "meters per second"],
  km: plural("kilometer"),
  cm: plural("centimeter"),
  mm: plural("millimeter"),
  m: plural("meter"),
  kg: plural("kilogram"),
  mg: plural("milligram"),
  g: plural("gram"),
  lb: plural("pound"),
  lbs: plural("pound"),
  oz: plural("ounce"),
  ft: ["foot", "feet"],
  mi: plural("mile"),
  L: plural("liter"),
  ml: plural("milliliter"),
  mL: plural("milliliter"),
  GB: plural("gigabyte"),
  MB: plural("megabyte"),
  KB: plural("kilobyte"),
  kB: plural("kilobyte"),
  TB: plural("terabyte"),
  Hz: ["hertz", "hertz"],
  kHz: ["kilohertz", "kilohertz"],
  MHz: ["megahertz", "megahertz"],
  GHz: ["gigahertz", "gigahertz"],
  ms: plural("millisecond"),
  kW: plural("kilowatt"),
};
const SYMBOLS: Readonly<Record<string, string>> = {
  "+": "plus",
  "=": "equals",
  "@": "at",
  "&": "and",
  "№": "number",
  "#": "number",
  "%": "percent",
  "<": "is less than",
  ">": "is greater than",
  "×": "times",
  "÷": "divided by",
  "±": "plus or minus",
  "°": "degrees",
  "§": "section",
  $: "dollar",
  "€": "euro",
  "₽": "ruble",
  "₸": "tenge",
  "₩": "won",
};
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  "mr.": "mister",
  "mrs.": "missus",
  "ms.": "miz",
  "dr.": "doctor",
  "prof.": "professor",
  "e.g.": "for example",
  "i.e.": "that is",
  "vs.": "versus",
  "etc.": "et cetera",
  "approx.": "approximately",
  "fig.": "figure",
  "vol.": "volume",
  "dept.": "department",
};
const MONTHS = "January February March April May June July August September October November December".split(" ");
const AFTER_MONTH = `(?:${MONTHS.join("|")}) (?:\\d{1,2}(?:st|nd|rd|th)?,? )?`;
const BEFORE_YEAR = "in|since|of|by|from|until|till|during|year|before|after";
const SCALE = "thousand|million|billion|trillion|k|M|B";
const SCALES: Readonly<Record<string, string>> = { k: "thousand", M: "million", B: "billion" };

/** A year in two halves, as 1999 and 2026 are read, but not 2000 to 2009. */
function year(digits: string): string {
  const [century, rest] = [digits.slice(0, 2), digits.slice(2)];
  if (/^[12]00/u.test(digits)) return digits;
  if (rest === "00") return `${century} hundred`;
  return rest.startsWith("0") ? `${century} oh ${rest.slice(1)}` : `${century} ${rest}`;
}

function nounAfter(amount: string, [one, many]: Noun): string {
  return amount === "1" ? one : many;
}

/** A day of a month; espeak-ng reads the ordinal's ending. */
function nth(day: number): string {
  const ending = day > 10 && day < 14 ? "th" : (["th", "st", "nd", "rd"][day % 10] ?? "th");
  return `${day}${ending}`;
}

const N = `(${NUMBER_POINT})`;
const END = String.raw`(?![\p{L}\p{M}\d])`;
const START = String.raw`(?<![\p{L}\p{M}\d.,])`;

/** Most particular first. */
export const ENGLISH: readonly Rule[] = [
  replacing(new RegExp(`(?<![\\p{L}.])(?:${oneOf(Object.keys(ABBREVIATIONS))})`, "dgui"), ABBREVIATIONS),
  saying(/(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?![\d-])/dgu, ([, y, month, day]) => {
    const name = MONTHS[Number(month) - 1];
    return name && `${name} ${nth(Number(day))}, ${year(y as string)}`;
  }),
  saying(/(?<![\d/])(\d{1,2})\/(\d{1,2})\/(\d{4})(?![\d/])/dgu, ([, month, day, y]) => {
    const name = MONTHS[Number(month) - 1];
    return name && `${name} ${nth(Number(day))}, ${year(y as string)}`;
  }),
  {
    pattern: new RegExp(
      `(?<=\\b${AFTER_MONTH}|\\b(?:${BEFORE_YEAR}) )((?:1[1-9]|20)\\d{2})(?![\\d.,:]\\d|[\\d%°])`,
      "dgui",
    ),
    speak: ([, digits]) => [[1, year(digits as string)]],
  },
  saying(/(?<!\d)(\d{1,2}):([0-5]\d)(?![\d:])/dgu, ([, hour, minute]) =>
    minute === "00"
      ? `${hour} o'clock`
      : minute?.startsWith("0")
        ? `${hour} oh ${minute.slice(1)}`
        : `${hour} ${minute}`,
  ),
  saying(/(?<!\d)\+?(?:\d{1,3}[- ])?\(?\d{3}\)?[- ]\d{3,4}[- ]\d{4}(?!\d)/dgu, ([digits]) =>
    digits
      .replaceAll(/[^\d\s-]/gu, "")
      .split(/[\s-]+/u)
      .map((group) => [...group].join(" "))
      .join(", "),
  ),
  {
    pattern: new RegExp(`([${Object.keys(CURRENCY).join("")}]) ?${N}(?: ?(${SCALE})${END})?`, "dgu"),
    speak: ([, symbol, amount, scale]) => {
      const noun = CURRENCY[symbol as string] as Noun;
      const cents = CENTS[symbol as string];
      const { whole, decimals } = numberParts(amount as string, /,/gu);
      if (scale)
        return [
          [2, amount as string],
          [3, SCALES[scale] ?? scale],
          [1, noun[1]],
        ];
      if (!cents || decimals.length !== 2)
        return [
          [2, amount as string],
          [1, nounAfter(amount as string, noun)],
        ];
      const rest =
        Number(decimals) === 0 ? "" : `and ${Number(decimals)} ${nounAfter(String(Number(decimals)), cents)}`;
      return pieces([2, whole], [1, nounAfter(whole, noun)], [2, rest]);
    },
  },
  {
    pattern: new RegExp(`${N} ?([${Object.keys(CURRENCY).join("")}])`, "dgu"),
    speak: ([, amount, symbol]) => [
      [1, amount as string],
      [2, nounAfter(amount as string, CURRENCY[symbol as string] as Noun)],
    ],
  },
  {
    pattern: new RegExp(String.raw`((?<![\p{L}\d])[-−])?${START}${N} ?(${oneOf(Object.keys(UNITS))})${END}`, "dgu"),
    speak: ([, minus, amount, unit]) =>
      pieces([2, (minus ? "minus " : "") + amount], [3, nounAfter(amount as string, UNITS[unit as string] as Noun)]),
  },
  saying(/(?<![\p{L}\d.])[-−](?=\d)/dgu, () => "minus "),
  saying(/(?<=[\p{L}\d])@(?=[\p{L}\d])/dgu, () => " at "),
  saying(/[+=@&№#%<>×÷±°§$€₽₸₩]/dgu, ([symbol]) => `${SYMBOLS[symbol]} `),
];
