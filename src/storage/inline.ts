import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { warmMemory } from "../warm-memory.ts";

/** Bytes that are digested between two turns of the event loop. */
const SLICE = 1 << 20;

/** Characters of base64 that `bytes` bytes become. */
export function encodedLength(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/** A file as base64, with its digest. Reads the whole file: measure it first. */
export async function encodeInline(path: string): Promise<{ base64: string; bytes: number; sha256: string }> {
  const content = await readFile(path);
  const hash = createHash("sha256");
  for (let at = 0; at < content.length; at += SLICE) {
    hash.update(content.subarray(at, at + SLICE));
    if (content.length > SLICE) await nextTurn();
  }
  if (content.length > SLICE) await warmMemory(encodedLength(content.length));
  return { base64: content.toString("base64"), bytes: content.byteLength, sha256: hash.digest("hex") };
}
