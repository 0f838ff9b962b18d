import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Tensors } from "../../../inference/tensor.ts";
import type { Log } from "../../../log.ts";

/** How full the store is after it was swept. */
const SWEPT_TO = 0.8;

type Header = readonly { readonly name: string; readonly dims: readonly number[]; readonly bytes: number }[];

/**
 * Encoded faces on disk, for the next start: one file each, in a folder that keeps under a limit by dropping those that
 * were not used for longest. What cannot be read is as if it were not there, and what cannot be written is not kept.
 */
export class FaceStore {
  readonly #folder: string;
  readonly #limit: number;
  readonly #log: Log;
  #bytes: number | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(folder: string, limitBytes: number, log: Log) {
    this.#folder = folder;
    this.#limit = limitBytes;
    this.#log = log;
  }

  /** @param key a name of a file, without extension */
  async read(key: string): Promise<Tensors | undefined> {
    const path = this.#pathOf(key);
    const file = await readFile(path).catch(() => undefined);
    if (!file) return undefined;
    const now = new Date();
    await utimes(path, now, now).catch(() => undefined);
    return unpacked(file);
  }

  async write(key: string, features: Tensors): Promise<void> {
    const path = this.#pathOf(key);
    const draft = join(this.#folder, `.${randomUUID()}.part`);
    try {
      await mkdir(this.#folder, { recursive: true });
      const file = packed(features);
      await writeFile(draft, file, { flag: "wx" });
      await rename(draft, path);
      this.#sweeping = this.#sweeping.then(() => this.#account(file.byteLength));
      await this.#sweeping;
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      this.#log.warn({ err: error }, "an encoded face could not be kept on disk");
    }
  }

  #pathOf(key: string): string {
    return join(this.#folder, `${key}.face`);
  }

  async #account(bytes: number): Promise<void> {
    this.#bytes = this.#bytes === undefined ? await this.#measure() : this.#bytes + bytes;
    if (this.#bytes <= this.#limit) return;
    const files = (await this.#files()).toSorted((a, b) => a.usedMs - b.usedMs);
    let left = files.reduce((sum, file) => sum + file.bytes, 0);
    for (const file of files) {
      if (left <= SWEPT_TO * this.#limit) break;
      await rm(file.path, { force: true });
      left -= file.bytes;
    }
    this.#bytes = left;
  }

  async #measure(): Promise<number> {
    return (await this.#files()).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async #files(): Promise<{ readonly path: string; readonly bytes: number; readonly usedMs: number }[]> {
    const files = [];
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const path = join(this.#folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile()) files.push({ path, bytes: found.size, usedMs: found.mtimeMs });
    }
    return files;
  }
}

/** Length of the header, the header as JSON with blanks after it, then the numbers. */
function packed(features: Tensors): Uint8Array {
  const entries = Object.entries(features);
  const header: Header = entries.map(([name, { dims, data }]) => ({ name, dims, bytes: data.byteLength }));
  const text = JSON.stringify(header);
  const padded = Buffer.from(text.padEnd(Math.ceil((text.length + 4) / 8) * 8 - 4));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(padded.length);
  const parts = entries.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return Buffer.concat([length, padded, ...parts]);
}

function unpacked(file: Buffer): Tensors | undefined {
  try {
    let at = 4 + file.readUInt32LE(0);
    const header = JSON.parse(file.toString("utf8", 4, at)) as Header;
    const features: Record<string, Tensors[string]> = {};
    for (const { name, dims, bytes } of header) {
      const data = new Float32Array(Uint8Array.from(file.subarray(at, at + bytes)).buffer);
      if (data.length !== dims.reduce((a, b) => a * b, 1)) return undefined;
      features[name] = { type: "float32", dims, data };
      at += bytes;
    }
    return at === file.length ? features : undefined;
  } catch {
    return undefined;
  }
}
