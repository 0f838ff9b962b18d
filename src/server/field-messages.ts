import { z } from "zod";

/** The languages that documents speak. */
export type DocumentLanguage = "en" | "ko" | "ru";

/** What is said of a field's value, in words that need no knowledge of programs. */
type Words = {
  /** By the name of the type that is wanted. */
  readonly types: Readonly<Record<string, string>>;
  readonly missing: string;
  readonly oneOf: (values: string) => string;
  readonly least: (bound: string, what: Counted) => string;
  readonly most: (bound: string, what: Counted) => string;
  readonly other: string;
};

/** What a bound counts. */
type Counted = "value" | "characters" | "items";

const KOREAN: Words = {
  types: {
    string: "문자열이어야 합니다",
    number: "숫자여야 합니다",
    int: "정수여야 합니다",
    boolean: "true 또는 false여야 합니다",
    array: "배열이어야 합니다",
    object: "객체여야 합니다",
  },
  missing: "필수 항목입니다",
  oneOf: (values) => `다음 중 하나여야 합니다: ${values}`,
  least: (bound, what) =>
    `${{ value: `${bound} 이상이어야`, characters: `${bound}자 이상이어야`, items: `${bound}개 이상이어야` }[what]} 합니다`,
  most: (bound, what) =>
    `${{ value: `${bound} 이하여야`, characters: `${bound}자 이하여야`, items: `${bound}개 이하여야` }[what]} 합니다`,
  other: "올바르지 않은 값입니다",
};

const RUSSIAN: Words = {
  types: {
    string: "нужна строка",
    number: "нужно число",
    int: "нужно целое число",
    boolean: "нужно true или false",
    array: "нужен список",
    object: "нужен объект",
  },
  missing: "обязательное поле",
  oneOf: (values) => `допустимые значения: ${values}`,
  least: (bound, what) => `не меньше ${bound}${{ value: "", characters: " символов", items: " элементов" }[what]}`,
  most: (bound, what) => `не больше ${bound}${{ value: "", characters: " символов", items: " элементов" }[what]}`,
  other: "недопустимое значение",
};

/** Words the faults of a body in a document's language, for `safeParse`. */
export function fieldMessages(language: DocumentLanguage): z.core.$ZodErrorMap {
  if (language === "en") return z.locales.en().localeError;
  const words = language === "ko" ? KOREAN : RUSSIAN;
  return (issue) => wordsFor(issue, words);
}

function wordsFor(issue: z.core.$ZodRawIssue, words: Words): string {
  switch (issue.code) {
    case "invalid_type":
      // A number that a text does not stand for is no type of JSON.
      if (issue.input === undefined) return words.missing;
      return words.types[issue.expected === "nan" ? "number" : issue.expected] ?? words.other;
    case "invalid_value":
      return words.oneOf(issue.values.map(String).join(", "));
    case "invalid_union": {
      const values = issue.errors.flat().flatMap((each) => (each.code === "invalid_value" ? each.values : []));
      return values.length > 0 ? words.oneOf(values.map(String).join(", ")) : words.other;
    }
    case "too_small":
      return words.least(String(issue.minimum), countedOf(issue.origin));
    case "too_big":
      return words.most(String(issue.maximum), countedOf(issue.origin));
    default:
      return words.other;
  }
}

function countedOf(origin: string): Counted {
  if (origin === "string") return "characters";
  return origin === "array" ? "items" : "value";
}
