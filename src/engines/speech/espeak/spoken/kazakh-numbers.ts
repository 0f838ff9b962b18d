/** Numbers in Kazakh: cardinals and ordinals. */

const ONES = ["", "бір", "екі", "үш", "төрт", "бес", "алты", "жеті", "сегіз", "тоғыз"];
const TENS = ["", "он", "жиырма", "отыз", "қырық", "елу", "алпыс", "жетпіс", "сексен", "тоқсан"];
const SCALES = ["", "мың", "миллион", "миллиард", "триллион"];

function below1000(value: number): string[] {
  const hundreds = Math.floor(value / 100);
  return [
    hundreds > 1 ? (ONES[hundreds] as string) : "",
    hundreds > 0 ? "жүз" : "",
    TENS[Math.floor(value / 10) % 10] as string,
    ONES[value % 10] as string,
  ].filter((word) => word !== "");
}

/** A whole number in words, given as digits; one with over 15 of them is read digit by digit. */
export function cardinal(digits: string): string {
  const trimmed = digits.replace(/^0+(?=\d)/u, "");
  if (trimmed === "0") return "нөл";
  if (trimmed.length > 3 * SCALES.length) return oneByOne(trimmed);
  const words: string[] = [];
  for (let end = trimmed.length, scale = 0; end > 0; end -= 3, scale++) {
    const value = Number(trimmed.slice(Math.max(0, end - 3), end));
    if (value === 0) continue;
    // мың, not бір мың.
    const spoken = scale === 1 && value === 1 ? [] : below1000(value);
    words.unshift(...spoken, ...(scale > 0 ? [SCALES[scale] as string] : []));
  }
  return words.join(" ");
}

/** Digits one after the other. */
export function oneByOne(digits: string): string {
  return [...digits].map((digit) => (digit === "0" ? "нөл" : ONES[Number(digit)])).join(" ");
}

/** An ordinal: жиырма бесінші. */
export function ordinal(digits: string): string {
  const words = cardinal(digits).split(" ");
  const last = words.pop() as string;
  return [...words, ordinalOf(last)].join(" ");
}

/** Ordinals that do not follow from their cardinal's last vowel. */
const IRREGULAR: Readonly<Record<string, string>> = { жиырма: "жиырмасыншы", қырық: "қырқыншы", елу: "елуінші" };

function ordinalOf(word: string): string {
  const irregular = IRREGULAR[word];
  if (irregular) return irregular;
  if (word.endsWith("ы")) return `${word}ншы`;
  if (word.endsWith("і")) return `${word}нші`;
  // The ending follows the last vowel: back, then front.
  return word + (/[аоұы][^аәеоөұүыі]*$/u.test(word) ? "ыншы" : "інші");
}
