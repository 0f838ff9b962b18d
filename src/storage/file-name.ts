import { randomBytes } from "node:crypto";
import { AppError } from "../errors.ts";

/** Code points of the text that a file is named after. */
const NAME_LENGTH = 10;
/** Longest name in bytes of UTF-8; common file systems take 255. */
const LONGEST_NAME = 240;
/** Path and control characters, what Windows and URLs reserve, and what displays as something else than it is. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}<>:"|?*#%/\\]/gu;
/** Names that Windows keeps for devices. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * Names an output after its text: the first ten code points (NFC) without unsafe characters, blanks trimmed, or
 * `output` where nothing is left; then `_`, eight random hex digits and the extension.
 *
 * @param extension without the dot
 * @example outputFileName("안녕하세요. 반갑습니다.", "mp4") // 안녕하세요. 반갑습_1a2b3c4d.mp4
 */
export function outputFileName(text: string, extension: string): string {
  return `${shortName(text)}_${randomBytes(4).toString("hex")}.${extension}`;
}

/**
 * A name from the wire made fit for one path segment: its last path part, NFC, without unsafe characters, at most 240
 * bytes, never hidden, never `.` or `..`.
 *
 * @param fallback answered when nothing is left
 */
export function safeName(name: string, fallback = "file"): string {
  const last = name.toWellFormed().normalize("NFC").split(/[/\\]/).at(-1) ?? "";
  const clean = last
    .replace(UNSAFE, "")
    // What stood between two marks may have kept them from their order.
    .normalize("NFC")
    .trim()
    .replace(/^\.+/, "")
    .replace(/[. ]+$/, "")
    .trim();
  const shortened = shorten(clean);
  if (shortened === "") return fallback;
  return RESERVED.test(shortened) ? `_${shortened}` : shortened;
}

/**
 * Splits a key (`folder/name`, at most four parts) into its parts.
 *
 * @throws AppError invalid_input when a part is empty, hidden, or has characters that `safeName` would remove
 */
export function parseKey(key: string): readonly string[] {
  const parts = key.split("/");
  if (parts.length > 4 || parts.some((part) => part === "" || safeName(part, "") !== part)) {
    throw new AppError("invalid_input", "That is not the key of a stored file.");
  }
  return parts;
}

function shortName(text: string): string {
  const first = Array.from(text.slice(0, LONGEST_NAME).toWellFormed().normalize("NFC")).slice(0, NAME_LENGTH).join("");
  const name = first
    .replace(/\uFFFD/g, "")
    .replace(UNSAFE, "")
    .normalize("NFC")
    .trim()
    .replace(/^\.+/, "")
    .trim();
  return name === "" ? "output" : name;
}

/** Cuts in the middle of the stem, keeping the extension, at a code point. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 && name.length - dot <= 16 ? name.slice(dot) : "";
  const stem = Array.from(name.slice(0, name.length - extension.length)).slice(0, LONGEST_NAME);
  while (Buffer.byteLength(stem.join("") + extension) > LONGEST_NAME) stem.pop();
  return stem.join("").trimEnd() + extension;
}
