/**
 * Word and phoneme timings from espeak-ng's events.
 *
 * Phonemes are exact. Words are not: where espeak-ng runs two words together (most Korean sentences, "of the" in
 * English) it reports one of them only. Then the sentence is said once more with its words marked, for the events, and
 * the words are carried over to the phonemes of the sentence that is heard.
 */

import { align } from "./align.ts";
import type { EspeakEvent } from "./protocol.ts";

/** A phoneme on the clock of the raw sound, and the word it belongs to. */
export type RawPhoneme = {
  /** Empty for silence. */
  readonly ipa: string;
  /** Milliseconds. */
  readonly start: number;
  readonly end: number;
  /** Index of the caller's word; −1 where it belongs to none. */
  readonly word: number;
};

/** Shorter "silence" between two sounds is a seam, as between the vowels of two syllables (ms). */
const SEAM = 60;
/** Modifiers that espeak-ng sometimes reports as phonemes of their own. */
const MODIFIER = /^[ʲʰˠʷˤ̪̩̃ː̥̬͡ˑ]+$/u;

type Draft = { ipa: string; start: number; end: number; word: number };

/**
 * Phonemes of a sentence, contiguous from 0 to `milliseconds`.
 * @param owners which word each code point of the markup belongs to.
 */
export function readPhonemes(
  events: readonly EspeakEvent[],
  owners: Int32Array,
  milliseconds: number,
): readonly RawPhoneme[] {
  const phonemes: Draft[] = [{ ipa: "", start: 0, end: 0, word: -1 }];
  let word = -1;
  for (const event of events) {
    if (event.type === "word") word = Math.max(word, owners[event.position] ?? -1);
    else if (event.type === "mark") word = Math.max(word, markedWord(event.id));
    else if (event.type === "phoneme" && !event.id.startsWith("(")) addPhoneme(phonemes, event, word);
  }
  for (const [index, phoneme] of phonemes.entries()) phoneme.end = phonemes[index + 1]?.start ?? milliseconds;
  return joined(phonemes);
}

/** `s3` begins word 3; `e3` ends it, and so begins word 4 if that one's own mark is missing. */
function markedWord(mark: string): number {
  const index = Number(mark.slice(1));
  return mark.startsWith("s") ? index : index + 1;
}

function addPhoneme(phonemes: Draft[], event: EspeakEvent, word: number): void {
  const last = phonemes.at(-1) as Draft;
  const ipa = toIpa(event.id);
  if (MODIFIER.test(ipa) && last.ipa !== "") last.ipa += ipa;
  else phonemes.push({ ipa, start: Math.max(event.at, last.start), end: 0, word: ipa === "" ? -1 : word });
}

/** espeak-ng's Korean has letters for what IPA has marks for: `kh` is aspirated, `s-` is tense. */
function toIpa(id: string): string {
  return id
    .replace(/^([ˈˌ]?[ptkɕʃ]+)h$/u, "$1ʰ")
    .replace(/-$/u, "\u0348")
    .replaceAll('"', "");
}

/** Without spans of no length, silence next to silence, and seams inside words. */
function joined(phonemes: readonly Draft[]): RawPhoneme[] {
  const result: Draft[] = [];
  for (const [index, phoneme] of phonemes.entries()) {
    if (phoneme.end <= phoneme.start) continue;
    const last = result.at(-1);
    const next = phonemes[index + 1];
    const isSeam = phoneme.ipa === "" && phoneme.end - phoneme.start < SEAM && next !== undefined && next.ipa !== "";
    if (last && ((last.ipa === "" && phoneme.ipa === "") || (isSeam && last.ipa !== ""))) last.end = phoneme.end;
    else result.push({ ...phoneme });
  }
  return result;
}

/** Whether some of the words `0 … count − 1` have no phoneme. */
export function lacksWords(phonemes: readonly RawPhoneme[], count: number): boolean {
  const heard = new Set(phonemes.map(({ word }) => word));
  for (let word = 0; word < count; word++) if (!heard.has(word)) return true;
  return false;
}

/** `phonemes` with the words of `marked`, the same sentence said with its words marked. */
export function carryWords(phonemes: readonly RawPhoneme[], marked: readonly RawPhoneme[]): readonly RawPhoneme[] {
  const heard = phonemes.filter(({ ipa }) => ipa !== "");
  const known = marked.filter(({ ipa }) => ipa !== "");
  const matches = align(
    heard.map(({ ipa }) => base(ipa)),
    known.map(({ ipa }) => base(ipa)),
  );
  let next = 0;
  let word = -1;
  return phonemes.map((phoneme) => {
    if (phoneme.ipa === "") return phoneme;
    const match = known[matches[next++] ?? -1];
    // Words come in order, so what matches nothing belongs to the word before it.
    word = Math.max(word, match?.word ?? -1);
    return { ...phoneme, word: Math.max(word, 0) };
  });
}

/** A phoneme without stress, length and modifiers. */
function base(ipa: string): string {
  return ipa.replace(/[ˈˌːˑʲʰ͈]/gu, "") || ipa;
}

/** When each of `words` is heard, in ms. A word that espeak-ng never reported shares the time of the one before it. */
export function wordSpans(
  phonemes: readonly RawPhoneme[],
  words: readonly string[],
): readonly { readonly start: number; readonly end: number }[] {
  const spans = words.map(() => ({ start: Number.NaN, end: Number.NaN }));
  for (const { ipa, start, end, word } of phonemes) {
    const span = spans[word];
    if (!span || ipa === "") continue;
    if (Number.isNaN(span.start)) span.start = start;
    span.end = end;
  }
  for (let first = 0; first < spans.length; ) {
    let last = first + 1;
    while (last < spans.length && Number.isNaN(spans[last]?.start)) last++;
    share(spans.slice(first, last), words.slice(first, last), spans[first - 1]?.end ?? 0, spans[last]?.start);
    first = last;
  }
  return spans;
}

/** Divides the time of the first word among all of `words`, by their letters. */
function share(
  spans: readonly { start: number; end: number }[],
  words: readonly string[],
  earliest: number,
  latest: number | undefined,
): void {
  const first = spans[0];
  if (!first || (spans.length === 1 && !Number.isNaN(first.start))) return;
  const start = Number.isNaN(first.start) ? earliest : first.start;
  const end = Number.isNaN(first.start) ? (latest ?? earliest) : first.end;
  const total = words.reduce((sum, word) => sum + Math.max(1, word.length), 0);
  let done = 0;
  for (const [index, span] of spans.entries()) {
    span.start = start + ((end - start) * done) / total;
    done += Math.max(1, words[index]?.length ?? 1);
    span.end = start + ((end - start) * done) / total;
  }
}
