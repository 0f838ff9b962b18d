/** Numbers in Korean: Sino-Korean (이십삼), native before counters (스물세), and digit by digit (공일공). */

const DIGITS = ["영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"];
const SMALL_UNITS = ["", "십", "백", "천"];
const LARGE_UNITS = ["", "만", "억", "조", "경"];
const NATIVE_TENS = ["", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔"];
const NATIVE_ONES = ["", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉"];

/** Up to 9,999. A leading one is left out: 백, not 일백. */
function group(value: number): string {
  let words = "";
  for (let place = 3; place >= 0; place--) {
    const digit = Math.floor(value / 10 ** place) % 10;
    if (digit === 0) continue;
    words += (digit === 1 && place > 0 ? "" : DIGITS[digit]) + (SMALL_UNITS[place] as string);
  }
  return words;
}

/** A whole number, given as digits; over 20 of them are read one by one. */
export function sino(digits: string): string {
  const trimmed = digits.replace(/^0+(?=\d)/u, "");
  if (trimmed === "0") return "영";
  if (trimmed.length > 4 * LARGE_UNITS.length) return oneByOne(trimmed);
  const words: string[] = [];
  for (let end = trimmed.length, unit = 0; end > 0; end -= 4, unit++) {
    const value = Number(trimmed.slice(Math.max(0, end - 4), end));
    if (value === 0) continue;
    // 만, not 일만.
    words.unshift((value === 1 && unit === 1 ? "" : group(value)) + (LARGE_UNITS[unit] as string));
  }
  return words.join(" ");
}

/** Native number as it stands before a counter: 한, 두, 열세. `undefined` outside 1…99. */
export function native(value: number): string | undefined {
  if (!Number.isInteger(value) || value < 1 || value > 99) return undefined;
  if (value === 20) return "스무";
  return (NATIVE_TENS[Math.floor(value / 10)] as string) + (NATIVE_ONES[value % 10] as string);
}

/** Digits as in telephone numbers. */
export function oneByOne(digits: string): string {
  return [...digits].map((digit) => (digit === "0" ? "공" : DIGITS[Number(digit)])).join("");
}

/** Digits after a decimal point. */
export function decimals(digits: string): string {
  return [...digits].map((digit) => DIGITS[Number(digit)]).join("");
}
