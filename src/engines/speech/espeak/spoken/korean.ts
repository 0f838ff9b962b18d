/** How numbers and symbols are said in Korean. */

import type { Rule } from "../text.ts";
import { decimals, native, oneByOne, sino } from "./korean-numbers.ts";
import { NUMBER_POINT, numberParts, oneOf, pieces, saying } from "./shared-rules.ts";

/** Counters that small numbers are native before; the number is the largest that is. */
const NATIVE_UP_TO: Readonly<Record<string, number>> = {
  시간: 12,
  시: 12,
  개월: 0,
  개: 99,
  명: 99,
  사람: 99,
  분: 0,
  살: 99,
  마리: 99,
  잔: 99,
  병: 99,
  권: 99,
  대: 9,
  장: 99,
  벌: 99,
  송이: 99,
  가지: 99,
  달: 12,
  그루: 99,
  켤레: 99,
  채: 99,
  척: 99,
  통: 99,
  곳: 99,
  배: 9,
  군데: 99,
  조각: 99,
  그릇: 99,
  쌍: 99,
  줄: 99,
  바퀴: 99,
  방울: 99,
  걸음: 99,
  끼: 99,
  건: 19,
  차례: 99,
  문장: 99,
  단어: 99,
  문제: 99,
  질문: 99,
};
const CURRENCY: Readonly<Record<string, string>> = {
  "₩": "원",
  $: "달러",
  "€": "유로",
  "£": "파운드",
  "¥": "엔",
  "₽": "루블",
  "₸": "텡게",
};
const CENTS: Readonly<Record<string, string>> = { $: "센트", "€": "센트" };
const UNITS: Readonly<Record<string, string>> = {
  "%": "퍼센트",
  "‰": "퍼밀",
  "°C": "도",
  "℃": "도",
  "°F": "화씨 도",
  "℉": "화씨 도",
  "°": "도",
  km: "킬로미터",
  cm: "센티미터",
  mm: "밀리미터",
  m: "미터",
  "m²": "제곱미터",
  "㎡": "제곱미터",
  kg: "킬로그램",
  mg: "밀리그램",
  g: "그램",
  t: "톤",
  L: "리터",
  l: "리터",
  ml: "밀리리터",
  mL: "밀리리터",
  GB: "기가바이트",
  MB: "메가바이트",
  KB: "킬로바이트",
  kB: "킬로바이트",
  TB: "테라바이트",
  kHz: "킬로헤르츠",
  MHz: "메가헤르츠",
  GHz: "기가헤르츠",
  Hz: "헤르츠",
  W: "와트",
  kW: "킬로와트",
  V: "볼트",
  ms: "밀리초",
  "km/h": "킬로미터",
};
const SYMBOLS: Readonly<Record<string, string>> = {
  "+": "더하기",
  "=": "는",
  "@": "골뱅이",
  "&": "앤드",
  "№": "번호",
  "#": "샵",
  "%": "퍼센트",
  "<": "작다",
  ">": "크다",
  "×": "곱하기",
  "÷": "나누기",
  "±": "플러스마이너스",
  "°": "도",
  "§": "절",
  "~": "에서",
  $: "달러",
  "€": "유로",
  "₩": "원",
  "₽": "루블",
  "₸": "텡게",
};
/** Months that have lost a consonant. */
const MONTHS: Readonly<Record<string, string>> = { 6: "유월", 10: "시월" };

/** A number as written, with its sign. */
function say(text: string): string {
  const { whole, decimals: after } = numberParts(text, /,/gu);
  return after === "" ? sino(whole) : `${sino(whole)} 점 ${decimals(after)}`;
}

function month(digits: string): string {
  return MONTHS[Number(digits)] ?? `${sino(digits)}월`;
}

function hour(digits: string): string {
  return `${native(Number(digits) <= 12 ? Number(digits) : 0) ?? sino(digits)} 시`;
}

const N = `(${NUMBER_POINT})`;

/** Most particular first. Particles follow without a blank, so nothing is said about what comes after. */
export const KOREAN: readonly Rule[] = [
  saying(/(?<![\d.])(\d{4})[-./] ?(\d{1,2})[-./] ?(\d{1,2})\.?(?![\d])/dgu, ([, year, m, day]) =>
    Number(m) > 12 || Number(day) > 31
      ? undefined
      : `${sino(year as string)}년 ${month(m as string)} ${sino(day as string)}일`,
  ),
  saying(/(?<!\d)(\+?\d{2,4})-(\d{3,4})-(\d{4})(?!\d)/dgu, ([, a, b, c]) =>
    [a, b, c].map((digits) => oneByOne((digits as string).replace("+", ""))).join(", "),
  ),
  saying(/(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?!\d)/dgu, ([, h, minute]) =>
    minute === "00" ? hour(h as string) : `${hour(h as string)} ${sino(minute as string)} 분`,
  ),
  saying(/(?<=제 ?)\d+/dgu, ([digits]) => sino(digits)),
  saying(/(?<!\d)(1[0-2]|0?[1-9])월/dgu, ([, digits]) => month(digits as string)),
  {
    pattern: new RegExp(
      String.raw`([${oneOf(Object.keys(CURRENCY)).replaceAll("|", "")}]) ?${N}( ?(?:천|만|억|조)+)?`,
      "dgu",
    ),
    speak: ([, symbol, amount, scale]) => {
      const cents = CENTS[symbol as string];
      const name = CURRENCY[symbol as string] as string;
      const { whole, decimals: after } = numberParts(amount as string, /,/gu);
      if (cents && after.length === 2) {
        const rest = Number(after) === 0 ? "" : ` ${sino(after)} ${cents}`;
        return pieces([2, `${sino(whole)} ${name}${rest}`]);
      }
      return pieces([2, say(amount as string) + (scale?.trim() ?? "")], [1, name]);
    },
  },
  {
    pattern: new RegExp(`${N} ?(km/h)`, "dgu"),
    speak: ([, amount]) => [
      [1, `시속 ${say(amount as string)}`],
      [2, "킬로미터"],
    ],
  },
  {
    pattern: new RegExp(
      String.raw`((?<![\p{L}\d])[-−])?(?<![A-Za-z\d.])${N}( ?)(${oneOf(Object.keys(UNITS))})(?![A-Za-z\d])`,
      "dgu",
    ),
    speak: ([, minus, amount, , unit]) =>
      pieces([2, (minus ? "마이너스 " : "") + say(amount as string)], [4, UNITS[unit as string] as string]),
  },
  {
    pattern: new RegExp(String.raw`(?<![\d.,])(\d{1,2})( ?)(${oneOf(Object.keys(NATIVE_UP_TO))})(?!월)`, "dgu"),
    speak: ([, digits, , counter]) => {
      const most = NATIVE_UP_TO[counter as string] ?? 0;
      const words = Number(digits) <= most ? native(Number(digits)) : undefined;
      return [
        [1, words ?? sino(digits as string)],
        [3, counter as string],
      ];
    },
  },
  {
    pattern: new RegExp(`${N} ?([~–]) ?(?=\\d)`, "dgu"),
    speak: ([, amount]) => [
      [1, `${say(amount as string)}에서`],
      [0, ""],
    ],
  },
  saying(/(?<![\p{L}\d.])[-−](?=\d)/dgu, () => "마이너스 "),
  // A code or a number that starts with a zero is read digit by digit.
  saying(/(?<![\d.,])0\d{2,}(?![\d.,])/dgu, ([digits]) => oneByOne(digits)),
  saying(new RegExp(N, "dgu"), ([amount]) => say(amount)),
  saying(/(?<=\p{N}|\s|^|\p{L})[+=@&№#%<>×÷±°§$€₩₽₸]/dgu, ([symbol]) => `${SYMBOLS[symbol]} `),
];
