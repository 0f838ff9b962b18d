import type { SpeechPart, TimedWord } from "../engines/speech/speech-engine.ts";

/** Text on the screen for a stretch of a sound, seconds. */
export type Cue = {
  readonly start: number;
  readonly end: number /** One or two. */;
  readonly lines: readonly string[];
};

/** A word as it stands in its text, with its marks and the blank after it, and when it is heard, in seconds. */
export type CaptionWord = TimedWord;

/** Widths of a line in letters; those of Chinese, Japanese and Korean count double. The usual width of subtitles is 42. */
export const LINE_UNITS = 42;

/** A cue stays for at least `least` seconds where the next one lets it, and for `most` at most. */
const SECONDS = { least: 1, most: 6.5 } as const;
/** How long a cue stays on when nothing follows it, seconds. */
const LINGER = 0.4;
/** A silence of this length ends a cue, seconds. */
const SILENCE = 0.9;

const SENTENCE_END = /[.!?…。！？][\p{Pe}\p{Pf}"'»”’]*\s*$/u;
const CLAUSE_END = /[,;:，、；：—–][\p{Pe}\p{Pf}"'»”’]*\s*$/u;
const WIDE = /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\u3000-\u303f\uff00-\uff60]/u;
/** Scripts that put no blanks between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** Width of a text in letters. */
export function unitsOf(text: string): number {
  let units = 0;
  for (const character of text) units += WIDE.test(character) ? 2 : 1;
  return units;
}

/**
 * The words of a part of speech as its text has them, marks included, from the start of the whole sound.
 * @param offset where the part begins in the whole, seconds
 */
export function captionWords({ text, language, words = [] }: SpeechPart, offset: number): CaptionWord[] {
  let cursor = 0;
  const places = words.map(({ text: word }) => {
    const found = text.indexOf(word, cursor);
    if (found < 0) return undefined;
    cursor = found + word.length;
    return { start: found, end: cursor };
  });
  // Marks between two words go with the first one up to the last blank, with the second one after it.
  const cuts = places.map((place, index) => {
    if (!place) return undefined;
    const before = places.slice(0, index).findLast((each) => each !== undefined);
    if (!before) return 0;
    const between = text.slice(before.end, place.start);
    return before.end + (/\s[^\s]*$/u.exec(between)?.index ?? between.length - 1) + 1;
  });
  return words.flatMap(({ text: word, start, end }, index) => {
    const from = cuts[index];
    const to = cuts.slice(index + 1).find((cut) => cut !== undefined) ?? text.length;
    const slice = from === undefined ? word : text.slice(from, to);
    // The next part goes on after a blank.
    const written = /\s$/u.test(slice) || UNSPACED.test(slice) || to < text.length ? slice : `${slice} `;
    return divided({ text: written, start: start + offset, end: end + offset }, language);
  });
}

/** A stretch of text without blanks in pieces that a line may end between, their times by their lengths. */
function divided(word: CaptionWord, language: string): CaptionWord[] {
  if (!UNSPACED.test(word.text) || unitsOf(word.text) <= 8) return [word];
  const segments = [...segmenter(language).segment(word.text)].map(({ segment }) => segment);
  const pieces: string[] = [];
  for (const segment of segments) {
    // Closing marks stay with what they close.
    if (pieces.length > 0 && /^[\p{P}\s]/u.test(segment)) pieces[pieces.length - 1] += segment;
    else pieces.push(segment);
  }
  const whole = word.text.length;
  let done = 0;
  return pieces.map((text) => {
    const start = word.start + ((word.end - word.start) * done) / whole;
    done += text.length;
    return { text, start, end: word.start + ((word.end - word.start) * done) / whole };
  });
}

function segmenter(language: string): Intl.Segmenter {
  const known = Intl.Segmenter.supportedLocalesOf(/^[a-z]{2,3}$/.test(language) ? language : "en").length > 0;
  return new Intl.Segmenter(known && language !== "und" ? language : "en", { granularity: "word" });
}

/**
 * Words as cues of at most two lines, which end where sentences do, else where clauses do. A cue is not on the screen for
 * less than a second unless the words themselves leave it no more.
 * @param line width of a line, letters
 */
export function cuesOf(words: readonly CaptionWord[], line: number = LINE_UNITS): Cue[] {
  const groups: CaptionWord[][] = [];
  let group: CaptionWord[] = [];
  const close = (): void => {
    if (group.length > 0) groups.push(group);
    group = [];
  };
  for (const word of words) {
    if (word.text.trim() === "") continue;
    const first = group[0];
    const last = group.at(-1);
    if (first && last) {
      const text = textOf([...group, word]);
      const lasting = last.end - first.start;
      const full = unitsOf(textOf(group));
      const tooMuch = !fits(text, line) || word.end - first.start > SECONDS.most;
      const sentence = SENTENCE_END.test(last.text) && lasting >= SECONDS.least;
      const clause = CLAUSE_END.test(last.text) && full > line && lasting >= SECONDS.least;
      if (tooMuch || sentence || clause || word.start - last.end > SILENCE) close();
    }
    group.push(word);
  }
  close();
  return groups.map((each, index) => {
    const start = each[0]?.start ?? 0;
    const end = each.at(-1)?.end ?? start;
    const next = groups[index + 1]?.[0]?.start ?? Number.POSITIVE_INFINITY;
    return {
      start: milliseconds(start),
      end: milliseconds(Math.min(next, Math.max(end + LINGER, start + SECONDS.least))),
      lines: linesOf(textOf(each), line),
    };
  });
}

function textOf(words: readonly CaptionWord[]): string {
  return words
    .map(({ text }) => text)
    .join("")
    .replace(/\s+/gu, " ")
    .trim();
}

/** Whether a text can be put on two lines. */
function fits(text: string, line: number): boolean {
  return unitsOf(text) <= line || linesOf(text, line).every((each) => unitsOf(each) <= line);
}

/** A text on one line, or on two of nearly one length, parted after a mark where there is one near the middle. */
function linesOf(text: string, line: number): string[] {
  const units = unitsOf(text);
  if (units <= line) return [text];
  let best: { at: number; cost: number } | undefined;
  let before = 0;
  let index = 0;
  for (const character of text) {
    if (index > 0 && mayBreak(text, index)) {
      const behind = units - before;
      const over = Math.max(0, before - line) + Math.max(0, behind - line);
      const mark = /[\p{P}]\s*$/u.test(text.slice(0, index)) ? 0.2 * line : 0;
      const cost = Math.abs(before - behind) + 10 * over - mark;
      if (!best || cost < best.cost) best = { at: index, cost };
    }
    before += WIDE.test(character) ? 2 : 1;
    index += character.length;
  }
  return best ? [text.slice(0, best.at).trim(), text.slice(best.at).trim()] : [text];
}

/** At a blank; in a script without them between any two letters, but not before a closing mark. */
function mayBreak(text: string, at: number): boolean {
  const before = text.slice(0, at);
  const after = text.slice(at);
  if (/\s$/u.test(before)) return true;
  return (
    UNSPACED.test(before.at(-1) ?? "") &&
    /^[^\s\p{Pe}\p{Pf}\p{Po}\p{M}ーぁぃぅぇぉゃゅょっァィゥェォャュョッ]/u.test(after)
  );
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** Cues as WebVTT. */
export function webVtt(cues: readonly Cue[]): string {
  const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const blocks = cues.map(
    ({ start, end, lines }, index) =>
      `${index + 1}\n${clock(start, ".")} --> ${clock(end, ".")}\n${lines.map(escaped).join("\n")}\n`,
  );
  return ["WEBVTT\n", ...blocks].join("\n");
}

/** Cues as SubRip. */
export function subRip(cues: readonly Cue[]): string {
  return cues
    .map(
      ({ start, end, lines }, index) =>
        `${index + 1}\n${clock(start, ",")} --> ${clock(end, ",")}\n${lines.join("\n")}\n`,
    )
    .join("\n");
}

/** `hh:mm:ss.mmm` */
function clock(seconds: number, point: "." | ","): string {
  const total = Math.round(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const whole = Math.floor(total / 1000);
  const ms = String(total % 1000).padStart(3, "0");
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}${point}${ms}`;
}
