import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { toAppError } from "../../errors.ts";
import type { Log } from "../../log.ts";

/** A folder that stays as long as it is held. */
export type Kept = Disposable & {
  readonly dir: string;
  /** What was said of it when it was kept. */
  readonly about: unknown;
};

/** A folder that is being filled; gone when it is disposed of before it is kept. */
export type Draft = AsyncDisposable & {
  readonly dir: string;
  /** Puts it in place in one step. */
  keep(key: string, about: unknown): Promise<Kept>;
};

export type KeptFoldersOptions = {
  readonly root: string;
  readonly limitBytes: number;
  /** Time after its last use in which a folder stays, in milliseconds. */
  readonly freshMs: number;
  /** Time after its last use after which it goes. */
  readonly longestMs: number;
  readonly abandonedMs: number;
  readonly log: Log;
};

type Record = { readonly files: Readonly<{ [name: string]: number }>; readonly about: unknown };

/** Written last into a folder: how long its files are. */
const RECORD = "kept.json";
const MAKING = ".making-";

/** How many of this process hold each folder, by its path: whatever object they came by. */
const held = new Map<string, number>();

/**
 * Folders of files by key, a bounded number of bytes and for a bounded time: those that were not used for longest go first.
 * A folder is there as
 * a whole or not at all, and of several processes that make the same one the last is kept.
 */
export class KeptFolders {
  readonly #root: string;
  readonly #options: KeptFoldersOptions;

  constructor(options: KeptFoldersOptions) {
    this.#root = resolve(options.root);
    this.#options = options;
  }

  /** The folder of a key, if it is there as a whole. */
  async find(key: string): Promise<Kept | undefined> {
    const dir = join(this.#root, key);
    const release = hold(dir);
    const record = await recordOf(dir);
    if (!record) {
      release();
      return undefined;
    }
    const now = new Date();
    await utimes(join(dir, RECORD), now, now).catch(() => undefined);
    return { dir, about: record.about, [Symbol.dispose]: release };
  }

  /** @throws AppError `storage_failed` */
  async draft(): Promise<Draft> {
    const dir = join(this.#root, `${MAKING}${randomUUID()}`);
    try {
      await mkdir(dir, { recursive: true });
    } catch (error) {
      throw toAppError(error);
    }
    return {
      dir,
      keep: (key, about) => this.#keep(dir, key, about),
      [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
    };
  }

  /** Removes what is beyond the limits, and what processes that died have left. */
  async clean(): Promise<void> {
    const { limitBytes, freshMs, longestMs, abandonedMs, log } = this.#options;
    const found: { readonly dir: string; readonly bytes: number; readonly usedAt: number }[] = [];
    for (const name of await readdir(this.#root).catch(() => [])) {
      const dir = join(this.#root, name);
      if (name.startsWith(MAKING)) {
        const { mtimeMs } = await stat(dir).catch(() => ({ mtimeMs: Date.now() }));
        if (Date.now() - mtimeMs > abandonedMs) await rm(dir, { recursive: true, force: true });
        continue;
      }
      const record = await recordOf(dir);
      if (!record) continue;
      const bytes = Object.values(record.files).reduce((sum, size) => sum + size, 0);
      const { mtimeMs } = await stat(join(dir, RECORD)).catch(() => ({ mtimeMs: 0 }));
      found.push({ dir, bytes, usedAt: mtimeMs });
    }
    const stays = ({ dir, usedAt }: (typeof found)[number]): boolean => held.has(dir) || Date.now() - usedAt < freshMs;
    let bytes = found.filter(stays).reduce((sum, each) => sum + each.bytes, 0);
    for (const each of found.toSorted((a, b) => b.usedAt - a.usedAt)) {
      if (stays(each)) continue;
      if (bytes + each.bytes <= limitBytes && Date.now() - each.usedAt < longestMs) {
        bytes += each.bytes;
        continue;
      }
      await this.#remove(each.dir).catch((error: unknown) => {
        log.warn({ err: error }, "kept stems could not be removed");
      });
    }
  }

  async #keep(draft: string, key: string, about: unknown): Promise<Kept> {
    const dir = join(this.#root, key);
    const release = hold(dir);
    try {
      const files: { [name: string]: number } = {};
      for (const name of await readdir(draft)) files[name] = (await stat(join(draft, name))).size;
      await writeFile(join(draft, RECORD), `${JSON.stringify({ files, about } satisfies Record)}\n`);
      // Whoever reads what another one has made meanwhile goes on with open files.
      await this.#remove(dir);
      await rename(draft, dir);
    } catch (error) {
      release();
      throw toAppError(error);
    }
    await this.clean();
    return { dir, about, [Symbol.dispose]: release };
  }

  /** Moved away first, so that nobody finds a half of it. */
  async #remove(dir: string): Promise<void> {
    const leaving = join(this.#root, `${MAKING}${randomUUID()}`);
    try {
      await rename(dir, leaving);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    await rm(leaving, { recursive: true, force: true });
  }
}

/** What is said of a folder whose files are all there. */
async function recordOf(dir: string): Promise<Record | undefined> {
  try {
    const record = JSON.parse(await readFile(join(dir, RECORD), "utf8")) as Record;
    for (const [name, size] of Object.entries(record.files)) {
      if ((await stat(join(dir, name))).size !== size) return undefined;
    }
    return record;
  } catch {
    return undefined;
  }
}

function hold(dir: string): () => void {
  held.set(dir, (held.get(dir) ?? 0) + 1);
  let released = false;
  return () => {
    if (released) return;
    released = true;
    const count = (held.get(dir) ?? 1) - 1;
    if (count === 0) held.delete(dir);
    else held.set(dir, count);
  };
}
