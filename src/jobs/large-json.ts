import { isAscii } from "node:buffer";
import { randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { AppError } from "../errors.ts";
import { MAX_JOB_DEPTH, MAX_JSON_STRUCTURE_BYTES } from "../limits/inputs.ts";
import { warmMemory } from "../warm-memory.ts";

/**
 * JSON whose bulk is a few long strings (base64), read and written without holding up the event loop: the long strings
 * are worked through in slices, and only what is left of the document meets the built-in parser.
 */

/** Bytes (or UTF-16 units) of a string from which it counts as long, and of one slice of it. */
const LONG = 1 << 16;
const SLICE = 1 << 18;

/** Levels beyond a job's own: the envelope around it. */
const MAX_DEPTH = MAX_JOB_DEPTH + 4;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What a string of JSON has no room for; and what is not written as the byte that it is. */
const CONTROL = /[^\x20-\uffff]/;
const TO_ESCAPE = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;

/** Keys that reach an object's prototype where code is careless. */
const UNSAFE_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Parses JSON from the wire.
 * @throws AppError `invalid_input` for what is no JSON, nests too deeply or has keys that name a prototype;
 *   `input_too_large` when there is too much of it besides long strings
 */
export async function parseLargeJson(bytes: Buffer): Promise<unknown> {
  const mark = `${randomBytes(12).toString("hex")}:`;
  const long: string[] = [];
  const skeleton: string[] = [];
  let skeletonBytes = 0;
  let copied = 0;
  let depth = 0;
  let turn = 0;
  const keep = (from: number, to: number): void => {
    skeletonBytes += to - from;
    if (skeletonBytes > MAX_JSON_STRUCTURE_BYTES) {
      throw new AppError(
        "input_too_large",
        `The JSON has more than ${MAX_JSON_STRUCTURE_BYTES} bytes besides its long strings. Send files as base64 or by URL.`,
      );
    }
    skeleton.push(bytes.toString("utf8", from, to));
  };
  for (let at = 0; at < bytes.length; ) {
    const open = bytes.indexOf(QUOTE, at);
    const until = open < 0 ? bytes.length : open;
    // Checked before the walk over the bytes, which is not interrupted.
    if (skeletonBytes + until - copied > MAX_JSON_STRUCTURE_BYTES) keep(copied, until);
    for (; at < until; at++) {
      const byte = bytes[at];
      if (byte === 0x7b || byte === 0x5b) {
        if (++depth > MAX_DEPTH) throw tooDeep();
      } else if (byte === 0x7d || byte === 0x5d) depth--;
    }
    if (open < 0) break;
    const close = await endOfString(bytes, open + 1);
    if (close < 0) throw malformed("a string does not end");
    if (close - open > LONG) {
      keep(copied, open);
      skeleton.push(`"${mark}${long.length}"`);
      long.push(await readString(bytes, open + 1, close));
      copied = close + 1;
    }
    at = close + 1;
    if (at - turn > SLICE) {
      turn = at;
      await nextTurn();
    }
  }
  keep(copied, bytes.length);
  return restore(parseText(skeleton.join("")), mark, long);
}

/** The place of the quote that ends the string whose text begins at `from`, or -1. */
async function endOfString(bytes: Buffer, from: number): Promise<number> {
  let turn = from;
  for (let at = from; ; ) {
    const close = bytes.indexOf(QUOTE, at);
    if (close < 0) return -1;
    let backslashes = 0;
    while (close - 1 - backslashes >= from && bytes[close - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return close;
    at = close + 1;
    if (at - turn > SLICE) {
      turn = at;
      await nextTurn();
    }
  }
}

/** The string whose text lies between two places, unescaped. */
async function readString(bytes: Buffer, from: number, to: number): Promise<string> {
  const text = bytes.subarray(from, to);
  if (isAscii(text) && !text.includes(BACKSLASH)) return readPlain(text);
  const parts: string[] = [];
  for (let at = from; at < to; ) {
    const end = sliceEnd(bytes, at, Math.min(to, at + SLICE), to);
    parts.push(parseText(`"${bytes.toString("utf8", at, end)}"`) as string);
    at = end;
    await nextTurn();
  }
  return parts.join("");
}

/** A string without escapes, as base64 nearly always is: it is what its bytes are, and is copied once. */
async function readPlain(text: Buffer): Promise<string> {
  // One copy in one go: it gets a turn of its own, and memory that is there.
  if (text.length > SLICE) await warmMemory(text.length);
  await nextTurn();
  const string = text.toString("latin1");
  await nextTurn();
  for (let at = 0; at < string.length; at += SLICE) {
    if (CONTROL.test(string.slice(at, at + SLICE))) throw malformed("a string has a control character");
    await nextTurn();
  }
  return string;
}

/** Moves the end of a slice back so that it parts neither an escape nor a character of UTF-8. */
function sliceEnd(bytes: Buffer, from: number, wanted: number, to: number): number {
  if (wanted >= to) return to;
  let end = wanted;
  while (end > from && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  // The longest escape is \uXXXX; the backslash that begins one is preceded by an even number of others.
  for (let back = 1; back <= 5 && end - back >= from; back++) {
    if (bytes[end - back] !== BACKSLASH) continue;
    let run = 1;
    while (end - back - run >= from && bytes[end - back - run] === BACKSLASH) run++;
    const begins = run % 2 === 1;
    const length = bytes[end - back + 1] === 0x75 ? 6 : 2;
    return begins && length > back ? end - back : end;
  }
  return end;
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message quotes the text.
    throw malformed("check quotes, commas and brackets");
  }
}

/** Puts the long strings back into their places, and refuses keys that name a prototype. */
function restore(value: unknown, mark: string, long: readonly string[]): unknown {
  if (typeof value === "string") return value.startsWith(mark) ? long[Number(value.slice(mark.length))] : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) value[at] = restore(value[at], mark, long);
    return value;
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) {
    if (UNSAFE_KEYS.has(key)) throw new AppError("invalid_input", `"${key}" is no name for a field.`);
    if (key.startsWith(mark)) throw new AppError("invalid_input", "The name of a field is too long.");
    object[key] = restore(object[key], mark, long);
  }
  return object;
}

/** Writes JSON as UTF-8, in pieces to be sent or stored one after the other. */
export async function writeLargeJson(value: unknown): Promise<Buffer[]> {
  const mark = `${randomBytes(12).toString("hex")}:`;
  const long: string[] = [];
  const text =
    JSON.stringify(value, (_key, field: unknown) => {
      if (typeof field !== "string" || field.length <= LONG) return field;
      return `${mark}${long.push(field) - 1}`;
    }) ?? "null";
  const pieces: Buffer[] = [];
  let rest = text;
  for (const [index, string] of long.entries()) {
    const token = `${mark}${index}`;
    const at = rest.indexOf(token);
    pieces.push(Buffer.from(rest.slice(0, at)));
    rest = rest.slice(at + token.length);
    for (let from = 0; from < string.length; from += SLICE) {
      const slice = string.slice(from, from + SLICE);
      pieces.push(
        TO_ESCAPE.test(slice) ? Buffer.from(JSON.stringify(slice).slice(1, -1)) : Buffer.from(slice, "latin1"),
      );
      await nextTurn();
    }
  }
  pieces.push(Buffer.from(rest));
  return pieces;
}

function malformed(why: string): AppError {
  return new AppError("invalid_input", `The body is not valid JSON: ${why}.`);
}

function tooDeep(): AppError {
  return new AppError("invalid_input", `The JSON is nested more than ${MAX_JOB_DEPTH} levels deep.`);
}
