import assert from "node:assert/strict";
import { test } from "node:test";
import { normalise } from "../../src/engines/speech/espeak/normalise.ts";
import { ordinal } from "../../src/engines/speech/espeak/spoken/russian-numbers.ts";
import { splitWords } from "../../src/engines/speech/espeak/text.ts";

const said = (text: string, language: string): string =>
  normalise(splitWords(text).mapped, language).text.replaceAll(/\s+/gu, " ").trim();

const CASES: Readonly<Record<string, readonly (readonly [text: string, said: string])[]>> = {
  ko: [
    ["3시에 만나요", "세 시에 만나요"],
    ["오후 3시 30분", "오후 세 시 삼십 분"],
    ["15:30", "십오 시 삼십 분"],
    ["12시, 13시", "열두 시, 십삼 시"],
    ["사과 5개와 사람 3명", "사과 다섯 개와 사람 세 명"],
    ["20살 25살 1살", "스무 살 스물다섯 살 한 살"],
    ["100명", "백명"],
    ["2026년 6월 10일", "이천이십육년 유월 십일"],
    ["2026-11-25", "이천이십육년 십일월 이십오일"],
    ["2026.11.25", "이천이십육년 십일월 이십오일"],
    ["₩5,000", "오천 원"],
    ["1,234,567원", "백이십삼만 사천오백육십칠원"],
    ["10000 100000000", "만 일억"],
    ["$3.50", "삼 달러 오십 센트"],
    ["€20 ₽30 ₸40", "이십 유로 삼십 루블 사십 텡게"],
    ["25% 할인", "이십오 퍼센트 할인"],
    ["3.14km를 5kg으로", "삼 점 일사 킬로미터를 오 킬로그램으로"],
    ["-5°C", "마이너스 오 도"],
    ["100 km/h", "시속 백 킬로미터"],
    ["010-1234-5678", "공일공, 일이삼사, 오육칠팔"],
    ["1 + 2 = 3", "일 더하기 이 는 삼"],
    ["A&B", "A 앤드 B"],
    ["№5", "번호 오"],
    ["3~5년", "삼에서 오년"],
    ["제1장", "제 일장"],
    ["007", "공공칠"],
    ["0", "영"],
  ],
  ru: [
    ["25 ноября 2026 года", "двадцать пятого ноября две тысячи двадцать шестого года"],
    ["в 2026 году", "в две тысячи двадцать шестом году"],
    ["12.11.2025", "двенадцатое ноября две тысячи двадцать пятого года"],
    ["15:30", "пятнадцать тридцать"],
    ["9:05", "девять ноль пять"],
    ["3,5 кг", "три целых пять десятых килограмма"],
    [
      "1 кг, 2 кг, 5 кг, 11 кг, 21 кг",
      "один килограмм, два килограмма, пять килограммов, одиннадцать килограммов, двадцать один килограмм",
    ],
    ["21 %", "двадцать один процент"],
    ["5 000 ₸", "пять тысяч тенге"],
    ["$5, 2 ₽, 1 €", "пять долларов, два рубля, один евро"],
    ["1 000 000 рублей", "миллион рублей"],
    ["21 минута, 2 минуты, 1 слово", "двадцать одна минута, две минуты, одно слово"],
    ["№5", "номер пять"],
    ["т.е. и т.д.", "то есть и так далее"],
    ["1 + 2 = 3", "один плюс два равно три"],
    ["-5 °C", "минус пять градусов"],
    ["3-й этаж", "третий этаж"],
    ["+7 (701) 123-45-67", "семь, семьсот один, сто двадцать три, сорок пять, шестьдесят семь"],
    ["a & b", "a и b"],
    ["100 км/ч", "сто километров в час"],
    ["0", "ноль"],
  ],
  kk: [
    ["2026 жылы 25 қараша", "екі мың жиырма алтыншы жылы жиырма бесінші қараша"],
    ["12.11.2025", "екі мың жиырма бесінші жылғы он екінші қараша"],
    ["25-те", "жиырма бесте"],
    ["3-ші, 40-шы, 50-ші", "үшінші, қырқыншы, елуінші"],
    ["5000 ₸, $5, ₽3", "бес мың теңге, бес доллар, үш рубль"],
    ["3,5 кг", "үш бүтін оннан бес килограмм"],
    ["21 %", "жиырма бір пайыз"],
    ["15:30", "он бес отыз"],
    ["№7", "нөмір жеті"],
    ["1 + 2 = 3", "бір қосу екі тең үш"],
    ["-5 °C", "минус бес градус"],
    ["1000", "мың"],
    ["10 км", "он километр"],
  ],
  en: [
    ["in 1999", "in 19 99"],
    ["in 2005, in 1905", "in 2005, in 19 oh 5"],
    ["on November 25, 2026", "on November 25, 20 26"],
    ["2026-11-25", "November 25th, 20 26"],
    ["11/22/2026", "November 22nd, 20 26"],
    ["3:30, 5:00, 9:05", "3 30, 5 o'clock, 9 oh 5"],
    ["$3.50, $1, $2.5 million, €20", "3 dollars and 50 cents, 1 dollar, 2.5 million dollars, 20 euros"],
    ["25% of 1,000", "25 percent of 1,000"],
    ["25°C, 5 km, 1 kg, 100 km/h", "25 degrees Celsius, 5 kilometers, 1 kilogram, 100 kilometers per hour"],
    ["-5", "minus 5"],
    ["x+y=5", "x plus y equals 5"],
    ["a < b & c", "a is less than b and c"],
    ["me@example.com", "me at example.com"],
    ["#1, №5", "number 1, number 5"],
    ["Dr. Smith, e.g. me", "doctor Smith, for example me"],
    ["010-1234-5678", "0 1 0, 1 2 3 4, 5 6 7 8"],
    ["a well-known 3-day trip", "a well-known 3-day trip"],
  ],
  de: [["25% & mehr", "25% & mehr"]],
};
for (const [language, cases] of Object.entries(CASES)) {
  for (const [text, expected] of cases) {
    test(`${language}: ${text} → ${expected}`, () => assert.equal(said(text, language), expected));
  }
}

test("what is said for a word belongs to that word", () => {
  const { words, mapped } = splitWords("오후 3시에, 25% 할인! 100 km/h");
  const spoken = normalise(mapped, "ko");
  assert.equal(spoken.owners.length, spoken.text.length);
  const of = words.map((word, index) => [
    word,
    [...spoken.text]
      .filter((_, n) => spoken.owners[n] === index)
      .join("")
      .trim(),
  ]);
  assert.deepEqual(of, [
    ["오후", "오후"],
    ["3시에", "세 시에,"],
    ["25%", "이십오 퍼센트"],
    ["할인", "할인!"],
    ["100", "시속 백"],
    ["km/h", "킬로미터"],
  ]);
});

test("Russian ordinals", () => {
  for (const [value, word] of [
    [1, "первый"],
    [2, "второй"],
    [3, "третий"],
    [7, "седьмой"],
    [11, "одиннадцатый"],
    [40, "сороковой"],
    [50, "пятидесятый"],
    [90, "девяностый"],
    [100, "сотый"],
    [300, "трёхсотый"],
    [500, "пятисотый"],
    [900, "девятисотый"],
    [1000, "тысячный"],
    [1941, "тысяча девятьсот сорок первый"],
    [2000, "двухтысячный"],
  ] as const) {
    assert.equal(ordinal(value, "nominative_m"), word);
  }
  assert.equal(ordinal(3, "genitive"), "третьего");
  assert.equal(ordinal(23, "prepositional"), "двадцать третьем");
});

test("numbers of any length are read without trouble", () => {
  for (const language of ["ko", "ru", "kk", "en"]) {
    for (const text of ["9".repeat(40), "1".repeat(15), "0.0001", "1e10", "v2.0.1", "192.168.0.1", "٣"]) {
      assert.ok(said(text, language).length > 0, text);
    }
  }
});
