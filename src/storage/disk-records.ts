import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** What is written down of one stored file. */
export type FileRecord = {
  readonly key: string;
  readonly mime: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Epoch milliseconds; null when kept for good. */
  readonly expiresAt: number | null;
};

/** One small JSON file per stored file, in a tree of its own. Keys must have passed `parseKey`. */
export class DiskRecords {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async write(record: FileRecord): Promise<void> {
    const path = this.#pathOf(record.key);
    const draft = `${path}.${randomUUID().slice(0, 8)}`;
    await mkdir(dirname(path), { recursive: true });
    try {
      await writeFile(draft, JSON.stringify(record), { flag: "wx" });
      await rename(draft, path);
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** Undefined when there is none, or none that can be read. */
  async read(key: string): Promise<FileRecord | undefined> {
    return readRecord(this.#pathOf(key));
  }

  async delete(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  /** Every record that can be read. */
  async *all(): AsyncGenerator<FileRecord> {
    const entries = await readdir(this.#root, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isFile() || !entry.name.endsWith(".json")) continue;
      const record = await readRecord(join(entry.parentPath, entry.name));
      if (record) yield record;
    }
  }

  /** Removes files in `directory` that were last written before `time` (epoch milliseconds). */
  async removeStale(directory: string, time: number): Promise<void> {
    for (const name of await readdir(directory).catch(() => [])) {
      const path = join(directory, name);
      const found = await stat(path).catch(() => undefined);
      if (found && found.mtimeMs < time) await rm(path, { force: true });
    }
  }

  #pathOf(key: string): string {
    return join(this.#root, `${key}.json`);
  }
}

async function readRecord(path: string): Promise<FileRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(path, "utf8")) as Partial<FileRecord>;
    const { key, mime, bytes, sha256, expiresAt } = record;
    if (typeof key !== "string" || typeof mime !== "string" || typeof bytes !== "number") return undefined;
    if (typeof sha256 !== "string" || (typeof expiresAt !== "number" && expiresAt !== null)) return undefined;
    return { key, mime, bytes, sha256, expiresAt };
  } catch {
    return undefined;
  }
}
