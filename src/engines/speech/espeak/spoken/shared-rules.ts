/** What the languages' rules have in common. */

import type { Piece, Rule } from "../text.ts";

/** A number: digits, groups of three after a comma or a narrow blank, decimals after a point. Source of a pattern. */
export const NUMBER_POINT = String.raw`\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?`;
/** A number with groups after a blank and decimals after a comma or a point. */
export const NUMBER_COMMA = String.raw`\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?`;

/** Whole and decimal digits of a number that one of the patterns above matched. */
export function numberParts(text: string, groupMark: RegExp): { readonly whole: string; readonly decimals: string } {
  const [whole = "0", decimals = ""] = text.replaceAll(groupMark, "").split(/[.,]/u);
  return { whole, decimals };
}

/** A rule that says one thing for a whole match. */
export function saying(pattern: RegExp, speak: (match: RegExpExecArray) => string | undefined): Rule {
  return {
    pattern,
    speak: (match) => {
      const spoken = speak(match);
      return spoken === undefined ? undefined : [[0, spoken]];
    },
  };
}

/** A rule that replaces each of some words or symbols by another. `pattern` has them in group 0. */
export function replacing(pattern: RegExp, spoken: Readonly<Record<string, string>>): Rule {
  return saying(pattern, ([found]) => spoken[found] ?? spoken[found.toLowerCase()]);
}

/** Pieces without the ones that say nothing. */
export function pieces(...all: readonly Piece[]): readonly Piece[] {
  return all.filter(([, spoken]) => spoken !== "");
}

/** Escapes a text for a pattern, and joins several, longest first, so that `km/h` goes before `km`. */
export function oneOf(texts: readonly string[]): string {
  return texts
    .toSorted((a, b) => b.length - a.length)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/gu, String.raw`\$&`))
    .join("|");
}
