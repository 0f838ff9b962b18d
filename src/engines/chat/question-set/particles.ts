/** Korean particles, which have one form after a vowel and another after a consonant. */

/** Pairs as lines have them. */
const PAIRS = {
  "을/를": ["을", "를"],
  "은/는": ["은", "는"],
  "이/가": ["이", "가"],
  "과/와": ["과", "와"],
  "와/과": ["과", "와"],
  "으로/로": ["으로", "로"],
  "이라/라": ["이라", "라"],
  "이나/나": ["이나", "나"],
  "이란/란": ["이란", "란"],
  "아/야": ["아", "야"],
} as const satisfies Record<string, readonly [afterConsonant: string, afterVowel: string]>;

/** The pairs that are known, as they are written: `을/를`. */
export const PARTICLE_PAIRS: ReadonlySet<string> = new Set(Object.keys(PAIRS));

/** How a word ends in speech. */
type Ending = "vowel" | "consonant" | "rieul";

/** Sino-Korean digits: 영 일 이 삼 사 오 육 칠 팔 구. */
const DIGITS: readonly Ending[] = [
  "consonant",
  "rieul",
  "vowel",
  "consonant",
  "vowel",
  "vowel",
  "consonant",
  "rieul",
  "rieul",
  "vowel",
];

/** Names of letters that end in a consonant in Korean: 엘, 엠, 엔, 아르 → 알; the others end in a vowel. */
const LETTERS: Readonly<Record<string, Ending>> = { l: "rieul", m: "consonant", n: "consonant", r: "rieul" };

/** Signs that are spoken after a number or a word. */
const SIGNS: Readonly<Record<string, Ending>> = { "%": "vowel", "℃": "vowel", "+": "vowel", "#": "consonant" };

/**
 * The form of a particle that follows a word.
 * @param pair one of `PARTICLE_PAIRS`
 * @throws RangeError for another pair
 */
export function particle(word: string, pair: string): string {
  const forms = PAIRS[pair as keyof typeof PAIRS];
  if (!forms) throw new RangeError(`no particle ${pair}`);
  const ending = endingOf(word);
  // 서울로, not 서울으로.
  if (pair === "으로/로" && ending === "rieul") return forms[1];
  return ending === "vowel" ? forms[1] : forms[0];
}

/** How a word ends as a Korean reads it out; what stands after it in brackets, and quotes, are not read. */
function endingOf(word: string): Ending {
  const spoken = word
    .normalize("NFC")
    .replace(/\s*[([（「][^()[\]（）「」]*[)\]）」]\s*$/u, "")
    .replace(/[\s\p{Pe}\p{Pf}"'.,!?…·~:;-]+$/u, "");
  const last = Array.from(spoken).at(-1) ?? "";
  const syllable = (last.codePointAt(0) ?? 0) - 0xac00;
  if (syllable >= 0 && syllable < 11_172) {
    const final = syllable % 28;
    return final === 0 ? "vowel" : final === 8 ? "rieul" : "consonant";
  }
  if (/\d/.test(last)) return endingOfNumber(/\d+$/.exec(spoken)?.[0] ?? last);
  if (/[a-z]/i.test(last)) return endingOfLatin(/[a-z]+$/i.exec(spoken)?.[0] ?? last);
  return SIGNS[last] ?? "vowel";
}

/** 10 is 십, 100 백, 1000 천, 10000 만, 100000000 억; all but the last digit that is not 0 is of no matter. */
function endingOfNumber(digits: string): Ending {
  const zeros = /0*$/.exec(digits)?.[0].length ?? 0;
  if (zeros === 0 || zeros === digits.length) return DIGITS[Number(digits.at(-1))] ?? "vowel";
  return zeros >= 12 && zeros < 16 ? "vowel" : "consonant";
}

/** Capitals are spelled out; other words end as they are pronounced, as far as spelling tells. */
function endingOfLatin(word: string): Ending {
  const last = word.at(-1)?.toLowerCase() ?? "";
  const spelled = word.length === 1 || word === word.toUpperCase();
  if (spelled) return LETTERS[last] ?? "vowel";
  return pronounced(word.toLowerCase());
}

/**
 * The end of an English word in Korean letters: a final l is ㄹ, m and n and ng are consonants, and so are p, t, k after
 * a short vowel (팁, 셋, 북, 웹); other stops and fricatives take a vowel (버스, 노드).
 */
function pronounced(word: string): Ending {
  if (/(?:le|l)$/.test(word)) return "rieul";
  if (/(?:[mn]|ng|[aeiou][mn]e)$/.test(word)) return "consonant";
  if (/(?:^|[^aeiou])[aeiou](?:pp?|tt?|c?k|b)$/.test(word)) return "consonant";
  return "vowel";
}
