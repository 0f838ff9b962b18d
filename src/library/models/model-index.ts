import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Log } from "../../log.ts";
import { RECOGNITION_VERSION } from "./architectures.ts";
import type { ModelFacts } from "./model-entry.ts";

/** What is remembered of a file, for as long as its size and time of change stay as they are. */
export type Remembered = {
  readonly bytes: number;
  readonly mtimeMs: number;
  /** Null for a file that does not begin as files of weights do. */
  readonly facts: ModelFacts | null;
  readonly sha256?: string;
  /** Of some of its bytes when it was hashed. */
  readonly fingerprint?: string;
};

type Stored = { readonly version: number; readonly files: Readonly<Record<string, Remembered>> };

/** Places in a file that its fingerprint is made of, and the bytes at each. */
const SAMPLES = 32;
const SAMPLE_BYTES = 4096;

/**
 * What is known of files of weights, in one file of the cache. Of several processes that write it the last one wins,
 * which costs the others another look and no more.
 */
export class ModelIndex {
  readonly #path: string;
  readonly #log: Log;
  #files: Map<string, Remembered> | undefined;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** What is remembered of a file as it is now. */
  async recall(
    path: string,
    { bytes, mtimeMs }: Pick<Remembered, "bytes" | "mtimeMs">,
  ): Promise<Remembered | undefined> {
    const known = (await this.#load()).get(path);
    return known?.bytes === bytes && known.mtimeMs === mtimeMs ? known : undefined;
  }

  /** Remembers files; what is remembered of others within `seen`'s folders and not among them is dropped. */
  async remember(files: ReadonlyMap<string, Remembered>, keep: (path: string) => boolean = () => true): Promise<void> {
    // Another process may have written since.
    this.#files = undefined;
    const all = await this.#load();
    for (const path of all.keys()) if (!keep(path)) all.delete(path);
    for (const [path, file] of files) {
      const { bytes, mtimeMs, sha256, fingerprint } = all.get(path) ?? {};
      const same = bytes === file.bytes && mtimeMs === file.mtimeMs;
      // A hash that another process found out stays.
      const hash = same && sha256 !== undefined && fingerprint !== undefined ? { sha256, fingerprint } : {};
      all.set(path, { ...hash, ...file });
    }
    const stored: Stored = { version: RECOGNITION_VERSION, files: Object.fromEntries(all) };
    const draft = `${this.#path}.${randomUUID().slice(0, 8)}.part`;
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      await writeFile(draft, `${JSON.stringify(stored)}\n`, { flag: "wx" });
      await rename(draft, this.#path);
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      this.#log.warn({ err: error }, "what is known of models cannot be kept: the next start looks at them again");
    }
  }

  async #load(): Promise<Map<string, Remembered>> {
    if (this.#files) return this.#files;
    let files = new Map<string, Remembered>();
    try {
      const stored = JSON.parse(await readFile(this.#path, "utf8")) as Stored;
      if (stored.version === RECOGNITION_VERSION) files = new Map(Object.entries(stored.files));
    } catch {
      // There is none yet, or a process died while it wrote it on a disk that reorders: everything is looked at again.
    }
    return (this.#files = files);
  }
}

/** A hash of some of the bytes of files: tells those of one size and time apart, at the price of a few reads. */
export async function fingerprintOf(paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.alloc(SAMPLE_BYTES);
  for (const path of paths) {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      hash.update(`${size}:`);
      const last = Math.max(0, size - SAMPLE_BYTES);
      for (let i = 0; i < SAMPLES; i++) {
        const { bytesRead } = await file.read(buffer, 0, SAMPLE_BYTES, Math.floor((last * i) / (SAMPLES - 1)));
        hash.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  }
  return hash.digest("hex").slice(0, 32);
}
