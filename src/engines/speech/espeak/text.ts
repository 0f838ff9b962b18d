/** What may be spoken at all, and a text as words that remember how the caller wrote them. */

import { AppError } from "../../../errors.ts";
import { MAX_TEXT_CODE_POINTS } from "../../../limits/inputs.ts";

/** Marks that are spoken, unlike other punctuation; a word keeps them at its ends. */
const SPOKEN_MARKS = "%‰&@#№§*/\\-−";
const EDGE = `[^\\p{L}\\p{N}\\p{S}\\p{M}${SPOKEN_MARKS.replace(/[\\\-/*]/g, "\\$&")}]+`;
const OUTER_MARKS = new RegExp(`^${EDGE}|${EDGE}$`, "gu");
/** What makes a word of a run of characters. */
const SPOKEN = /[\p{L}\p{N}%‰&@#№§+=<>$€₽₸₩£¥°×÷±~]/u;
/** Nothing that is heard: controls, format characters, half of a pair, private and unassigned characters. */
const UNHEARD = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu;

/**
 * Checks that a text can be spoken.
 * @throws AppError `invalid_input` for one that is not well-formed or has nothing to say, `input_too_large`.
 */
export function checkText(text: string): void {
  if (text.length > MAX_TEXT_CODE_POINTS) {
    const length = codePoints(text);
    if (length > MAX_TEXT_CODE_POINTS) {
      throw new AppError(
        "input_too_large",
        `The text has ${length} characters; one request may have ${MAX_TEXT_CODE_POINTS}. Send it in several requests.`,
      );
    }
  }
  if (!text.isWellFormed()) {
    throw new AppError(
      "invalid_input",
      "The text holds half of a surrogate pair, so it is not valid Unicode. It was probably cut in the middle of a character.",
    );
  }
  if (/[\p{L}\p{N}]/u.test(text)) return;
  const what = text.trim() === "" ? "The text is empty" : "The text has no letters or digits";
  throw new AppError("invalid_input", `${what}, so there is nothing to say. Send at least one word.`);
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Text to be spoken, each UTF-16 unit of which knows the word of the caller that it stands for. */
export type MappedText = {
  readonly text: string;
  /** Index of the word, per UTF-16 unit; −1 for blanks and marks between words. */
  readonly owners: readonly number[];
};

/** A sentence as the caller's words. */
export type Words = {
  /** As the caller wrote them, without the punctuation around them. */
  readonly words: readonly string[];
  /** The whole sentence, composed (NFC), without what cannot be heard. */
  readonly mapped: MappedText;
};

/** Takes a sentence apart at its blanks. */
export function splitWords(sentence: string): Words {
  const words: string[] = [];
  const owners: number[] = [];
  let text = "";
  for (const token of sentence.split(/\s+/u)) {
    const spoken = token.normalize("NFC").replace(UNHEARD, "");
    if (spoken === "") continue;
    if (text !== "") {
      text += " ";
      owners.push(-1);
    }
    const isWord = SPOKEN.test(spoken);
    if (isWord) words.push(token.replace(OUTER_MARKS, ""));
    text += spoken;
    for (let n = 0; n < spoken.length; n++) owners.push(isWord ? words.length - 1 : -1);
  }
  return { words, mapped: { text, owners } };
}

/** A replacement for part of a match: the group whose word it stands for, and what is said. */
export type Piece = readonly [group: number, spoken: string];

/** A way to say something that is not written as it is said. `undefined` leaves the match as it is. */
export type Rule = {
  /** With the flags `d` (for the places of groups) and `g`. */
  readonly pattern: RegExp;
  readonly speak: (match: RegExpExecArray) => readonly Piece[] | undefined;
};

/** Applies a rule to a text. Pieces are set apart by blanks. */
export function applyRule(mapped: MappedText, rule: Rule): MappedText {
  let text = "";
  const owners: number[] = [];
  let done = 0;
  const copy = (end: number): void => {
    text += mapped.text.slice(done, end);
    for (let n = done; n < end; n++) owners.push(mapped.owners[n] as number);
    done = end;
  };
  for (const match of mapped.text.matchAll(rule.pattern) as Iterable<RegExpExecArray>) {
    const pieces = rule.speak(match);
    if (!pieces) continue;
    copy(match.index);
    for (const [index, [group, spoken]] of pieces.entries()) {
      const at = match.indices?.[group]?.[0] ?? match.index;
      const owner = mapped.owners[at] as number;
      const apart = index > 0 || /[\p{L}\p{N}]$/u.test(text) ? ` ${spoken}` : spoken;
      text += apart;
      for (let n = 0; n < apart.length; n++) owners.push(owner);
    }
    done = match.index + match[0].length;
  }
  if (done === 0) return mapped;
  copy(mapped.text.length);
  return { text, owners };
}
