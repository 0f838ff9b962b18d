import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

/** Characters of base64 that `bytes` bytes become. */
export function encodedLength(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/** A file as base64, with its digest. Reads the whole file: measure it first. */
export async function encodeInline(path: string): Promise<{ base64: string; bytes: number; sha256: string }> {
  const content = await readFile(path);
  return {
    base64: content.toString("base64"),
    bytes: content.byteLength,
    sha256: createHash("sha256").update(content).digest("hex"),
  };
}
