import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

/** What a file's bytes say of it. */
export type FileDigest = {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
};

/** Reads a file once. */
export async function digestFile(path: string, signal?: AbortSignal): Promise<FileDigest> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18, signal })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Copies a file and digests it on the way. What `to` holds after a failure is the caller's to remove. */
export async function copyAndDigest(from: string, to: string, signal?: AbortSignal): Promise<FileDigest> {
  const hash = createHash("sha256");
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const output = createWriteStream(to, { flags: "wx" });
  await pipeline(createReadStream(from, { highWaterMark: 1 << 18 }), meter, output, signal ? { signal } : {});
  return { bytes, sha256: hash.digest("hex") };
}
