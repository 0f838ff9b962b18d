import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

/** MD5 of the last `bytes` of a file, or of all of a shorter one: by it Ultimate Vocal Remover's tables know networks. */
export async function md5OfEnd(path: string, bytes: number): Promise<string> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  const hash = createHash("md5");
  const buffer = Buffer.alloc(Math.min(size, 1 << 20));
  for (let at = Math.max(0, size - bytes); at < size; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest("hex");
}
