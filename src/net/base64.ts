import { setImmediate as nextTurn } from "node:timers/promises";
import { AppError } from "../errors.ts";

export type DecodeBase64Options = {
  /** Most bytes after decoding. */
  readonly maxBytes: number;
  /** The code for text that is no base64. */
  readonly code: "invalid_audio" | "invalid_input";
  readonly signal?: AbortSignal | undefined;
};

/** Characters decoded between two turns of the event loop: about a millisecond's work. A multiple of four. */
const SLICE = 1 << 18;

/** Line breaks, as some encoders put them every 64 to 76 characters, make up no more than this share. */
const LINE_BREAK_SHARE = 1.04;

const DATA_URL = /^data:[^,]{0,200};base64,/i;

/**
 * Decodes base64 (the standard alphabet, padded), with or without a data URL's prefix; blanks and line breaks are
 * passed over. The size is checked before anything is decoded; large texts do not hold up the event loop.
 *
 * @throws AppError `code` for other characters, missing or misplaced padding, or nothing at all; input_too_large;
 *   cancelled on abort
 */
export async function decodeBase64(text: string, options: DecodeBase64Options): Promise<Uint8Array> {
  const { maxBytes, code, signal } = options;
  const start = DATA_URL.exec(text.slice(0, 256))?.[0].length ?? 0;
  let end = text.length;
  while (end > start && " \t\r\n".includes(text.charAt(end - 1))) end--;
  const length = end - start;
  if (length > (Math.ceil(maxBytes / 3) * 4 + 4) * LINE_BREAK_SHARE) throw tooLarge(maxBytes);
  const decoded = Buffer.allocUnsafe(Math.ceil(length / 4) * 3);
  let bytes = 0;
  let rest = "";
  for (let at = start; at < end; at += SLICE) {
    if (at > start) await nextTurn();
    if (signal?.aborted) throw new AppError("cancelled", "The job was cancelled.");
    const slice = text.slice(at, Math.min(end, at + SLICE));
    const plain = rest === "" ? decodePlain(slice, decoded, bytes) : 0;
    if (plain > 0) {
      bytes += plain;
      continue;
    }
    const last = at + SLICE >= end;
    const characters = rest + slice.replace(/[ \t\r\n]+/g, "");
    const whole = last ? characters.length : characters.length - (characters.length % 4);
    const group = characters.slice(0, whole);
    rest = characters.slice(whole);
    const shape = last ? /^[A-Za-z0-9+/]*={0,2}$/ : /^[A-Za-z0-9+/]*$/;
    if (group.length % 4 !== 0 || !shape.test(group)) throw malformed(code);
    bytes += decoded.write(group, bytes, "base64");
  }
  if (bytes === 0) throw malformed(code);
  if (bytes > maxBytes) throw tooLarge(maxBytes);
  return decoded.subarray(0, bytes);
}

/**
 * Decodes a slice that is nothing but whole groups of the alphabet, as nearly all are, and answers 0 for others. Node
 * passes over what it does not know, so a full number of bytes says that there was none of that; what it takes besides
 * the standard alphabet is looked for.
 */
function decodePlain(slice: string, into: Buffer, at: number): number {
  const expected = (slice.length / 4) * 3;
  if (slice.length % 4 !== 0 || slice.includes("-") || slice.includes("_")) return 0;
  // Of a character beyond ASCII Node would see the low byte alone.
  if (Buffer.byteLength(slice) !== slice.length) return 0;
  return into.write(slice, at, "base64") === expected ? expected : 0;
}

function malformed(code: DecodeBase64Options["code"]): AppError {
  const what = code === "invalid_audio" ? "Invalid base64 audio data" : "That is not base64";
  return new AppError(code, `${what}: standard alphabet, padded with = to a multiple of four characters.`);
}

function tooLarge(maxBytes: number): AppError {
  return new AppError("input_too_large", `The input is larger than the ${maxBytes} bytes that are allowed.`);
}
