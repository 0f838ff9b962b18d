/** Text as espeak-ng's SSML, with the place of every word in it. */

import { languageOfScript, type Script, scriptOf, scriptOfLanguage } from "./language.ts";
import type { MappedText } from "./text.ts";

/** Markup, and which word each of its code points belongs to (−1 for none). */
export type Ssml = { readonly ssml: string; readonly owners: Int32Array };

/** Collects markup piece by piece. */
class Writer {
  #ssml = "";
  readonly #owners: number[] = [];

  add(piece: string, owner: number): void {
    this.#ssml += piece;
    for (const _ of piece) this.#owners.push(owner);
  }

  done(): Ssml {
    return { ssml: this.#ssml, owners: Int32Array.from(this.#owners) };
  }
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** A run of characters that are spoken in one language. */
type Run = { readonly start: number; readonly end: number; readonly foreign: Script | undefined };

/**
 * espeak-ng reads Latin letters as English in every language, and Hangul as Korean; of other letters that are not the
 * language's own it only says the names, so they need a voice of their own.
 */
function needsVoice(script: Script, own: Script): boolean {
  if (script === own || script === "Latin" || script === "Hangul") return false;
  return !(own === "Kana" && script === "Han");
}

function runs(text: string, own: Script): Run[] {
  const found: Run[] = [];
  let current: { start: number; end: number; foreign: Script | undefined } | undefined;
  let at = 0;
  for (const character of text) {
    const script = scriptOf(character);
    const end = at + character.length;
    if (script) {
      const foreign = needsVoice(script, own) ? script : undefined;
      if (current && current.foreign === foreign) current.end = end;
      else {
        // Marks and blanks between two languages stay with neither, so that they are pauses of the main one.
        if (current) found.push(current);
        if (current && current.end < at) found.push({ start: current.end, end: at, foreign: undefined });
        current = { start: current ? at : 0, end, foreign };
        if (current.start < at && foreign) {
          found.push({ start: 0, end: at, foreign: undefined });
          current.start = at;
        }
      }
    }
    at = end;
  }
  if (current) found.push(current);
  const last = current?.end ?? 0;
  if (last < text.length) found.push({ start: last, end: text.length, foreign: undefined });
  return found;
}

/** Markup that speaks `mapped` in `language`. The variant of the voice stays the same throughout. */
export function toSsml(mapped: MappedText, language: string): Ssml {
  const writer = new Writer();
  for (const { start, end, foreign } of runs(mapped.text, scriptOfLanguage(language))) {
    if (foreign) writer.add(`<voice name="${voiceFor(foreign)}">`, -1);
    write(writer, mapped, start, end);
    if (foreign) writer.add("</voice>", -1);
  }
  return writer.done();
}

function voiceFor(script: Script): string {
  const language = languageOfScript(script);
  return language === "zh" ? "cmn" : language;
}

/** Writes characters as text: no markup, and no `[[` or `]]`, between which espeak-ng expects phonemes. */
function write(writer: Writer, mapped: MappedText, start: number, end: number): void {
  let at = start;
  let before = "";
  for (const character of mapped.text.slice(start, end)) {
    const owner = mapped.owners[at] as number;
    if (character === before && (character === "[" || character === "]")) writer.add(" ", owner);
    writer.add(ENTITIES[character] ?? character, owner);
    before = character;
    at += character.length;
  }
}

/**
 * Markup that makes espeak-ng report every word, which it does not where it runs words together: each one stands between
 * bars, its separator, and marks `s0 … e0`. It sounds a little different, so it is asked for events only.
 */
export function toMarkedSsml(mapped: MappedText): Ssml {
  const writer = new Writer();
  writer.add("() | ", -1);
  let at = 0;
  while (at < mapped.text.length) {
    const owner = mapped.owners[at] as number;
    let end = at;
    while (end < mapped.text.length && mapped.owners[end] === owner) end++;
    const piece = mapped.text.slice(at, end);
    const letters = /[\p{L}\p{N}].*[\p{L}\p{N}\p{M}]|[\p{L}\p{N}]/su.exec(piece);
    if (owner < 0 || !letters) write(writer, mapped, at, end);
    else {
      const first = at + letters.index;
      const last = first + letters[0].length;
      write(writer, mapped, at, first);
      writer.add(`<mark name="s${owner}"/> | `, owner);
      write(writer, mapped, first, last);
      writer.add(` | <mark name="e${owner}"/>`, owner);
      write(writer, mapped, last, end);
    }
    at = end;
  }
  return writer.done();
}
