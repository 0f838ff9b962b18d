import { particle, PARTICLE_PAIRS } from "./particles.ts";

/** What a line of the interviewer may leave open. */
export const PLACEHOLDER_NAMES = ["word", "company", "job"] as const;

export type PlaceholderName = (typeof PLACEHOLDER_NAMES)[number];

/** `{word}` or `{word|을/를}`. */
const PLACEHOLDER = /\{([^{}|]*)(?:\|([^{}]*))?\}/gu;

/** Placeholders of a text that are not among `names`, or whose particles are not known; a lone brace counts too. */
export function unknownPlaceholders(text: string, names: readonly string[]): string[] {
  const unknown: string[] = [];
  const rest = text.replaceAll(PLACEHOLDER, (whole: string, name: string, pair: string | undefined) => {
    if (!names.includes(name) || (pair !== undefined && !PARTICLE_PAIRS.has(pair))) unknown.push(whole);
    return "";
  });
  return /[{}]/.test(rest) ? [...unknown, rest.trim()] : unknown;
}

/** Whether a text has a certain placeholder. */
export function hasPlaceholder(text: string, name: PlaceholderName): boolean {
  return text.includes(`{${name}}`) || text.includes(`{${name}|`);
}

/** A text with its placeholders filled in, each followed by the particle that agrees with it. */
export function fill(text: string, values: { readonly [Name in PlaceholderName]?: string }): string {
  return text.replaceAll(PLACEHOLDER, (_whole, name: PlaceholderName, pair: string | undefined) => {
    const value = values[name] ?? "";
    return pair === undefined ? value : value + particle(value, pair);
  });
}

/** Finds a line again in what was said, whatever its placeholders were filled with. */
export function pattern(text: string): RegExp {
  const pieces = text.split(/\{[^{}]*\}/u).map((piece) => piece.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`));
  return new RegExp(pieces.join(".{0,60}?"), "u");
}
