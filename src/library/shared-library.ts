import { randomUUID } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError, toAppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { SharedFolders, SharedRecord } from "../storage/s3/shared-folders.ts";

/** In a folder that came from the bucket, or went there: the tag of its record. */
const TAG = ".bucket";

export type SharedLibraryOptions = {
  /** Where the folders lie on this disk. */
  readonly root: string;
  /** Name of the record in each. */
  readonly record: string;
  /** The name of the file that a record names. @throws Error for a record that cannot be read */
  readonly fileOf: (record: string) => string;
  readonly folders: SharedFolders;
  readonly log: Log;
};

/**
 * The voices or avatars of all workers, in a bucket, with this disk as a cache: a folder is fetched when it is first
 * wanted, and anew when another worker has replaced it; one that another worker has deleted goes. Folders that never were
 * in the bucket are left alone.
 */
export class SharedLibrary {
  readonly #options: SharedLibraryOptions;
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(options: SharedLibraryOptions) {
    this.#options = options;
  }

  /**
   * Brings this disk's copy of a folder up to date.
   * @throws AppError storage_failed when the bucket does not answer and there is no copy
   */
  async refresh(name: string): Promise<void> {
    const running = this.#underWay.get(name);
    if (running) return running;
    const work = this.#refresh(name).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, work);
    return work;
  }

  /**
   * The records of the folders in the bucket, by name; undefined where it does not answer, which is logged: then what is
   * on this disk has to do. Copies of what is there no more are removed.
   */
  async records(): Promise<ReadonlyMap<string, string> | undefined> {
    const { root, folders, log } = this.#options;
    try {
      const records = await folders.records();
      for (const name of await readdir(root).catch(() => [])) {
        if (!name.startsWith(".") && !records.has(name) && (await this.#tagOf(name)) !== undefined)
          await this.#removeCopy(name);
      }
      return new Map([...records].map(([name, { text }]) => [name, text]));
    } catch (error) {
      log.warn({ reason: toAppError(error).message }, "the bucket's part of the library cannot be read");
      return undefined;
    }
  }

  /** Stores a folder in the bucket; its place on this disk is the caller's to fill. @throws AppError storage_failed */
  async send(
    name: string,
    file: { readonly name: string; readonly path: string; readonly mime: string },
    record: string,
  ) {
    const { root, folders } = this.#options;
    const before = await folders.record(name);
    // The bucket's store takes what it is given away.
    const copy = join(root, ".talkbox", randomUUID());
    try {
      await mkdir(join(root, ".talkbox"), { recursive: true });
      await copyFile(file.path, copy);
      await folders.send(name, { ...file, path: copy }, record);
    } finally {
      await rm(copy, { force: true });
    }
    const replaced = before && this.#fileOf(name, before);
    if (replaced !== undefined && replaced !== file.name) await folders.drop(name, replaced).catch(() => undefined);
  }

  /** Deletes a folder from the bucket. Answers whether it was there. @throws AppError storage_failed */
  async remove(name: string): Promise<boolean> {
    return this.#options.folders.remove(name);
  }

  async #refresh(name: string): Promise<void> {
    const { root, folders, log } = this.#options;
    const kept = await this.#recordOf(name);
    let shared: SharedRecord | undefined;
    try {
      shared = await folders.record(name);
    } catch (error) {
      const failure = toAppError(error);
      if (kept === undefined) throw failure;
      log.warn({ name, reason: failure.message }, "a copy from the library's bucket could not be brought up to date");
      return;
    }
    const tag = await this.#tagOf(name);
    if (!shared) return tag === undefined ? undefined : this.#removeCopy(name);
    if (shared.tag === tag && kept !== undefined) return;
    const file = this.#fileOf(name, shared);
    if (file === undefined) return;
    const folder = join(root, name);
    await mkdir(folder, { recursive: true });
    if (kept !== shared.text) {
      const incoming = join(folder, `.${randomUUID()}.part`);
      try {
        await folders.download(name, file, incoming);
        await rename(incoming, join(folder, file));
        await this.#put(folder, this.#options.record, shared.text);
      } catch (error) {
        throw asLibraryError(error);
      } finally {
        await rm(incoming, { force: true });
      }
      const replaced = kept === undefined ? undefined : this.#fileOf(name, { text: kept, tag: "" });
      if (replaced !== undefined && replaced !== file) await rm(join(folder, replaced), { force: true });
    }
    await this.#put(folder, TAG, shared.tag);
  }

  #fileOf(name: string, { text }: SharedRecord): string | undefined {
    try {
      return this.#options.fileOf(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : "unknown";
      this.#options.log.warn({ name, reason }, "a record in the library's bucket cannot be read");
      return undefined;
    }
  }

  async #recordOf(name: string): Promise<string | undefined> {
    const { root, record } = this.#options;
    return readFile(join(root, name, record), "utf8").catch(() => undefined);
  }

  async #tagOf(name: string): Promise<string | undefined> {
    return readFile(join(this.#options.root, name, TAG), "utf8").catch(() => undefined);
  }

  async #put(folder: string, file: string, text: string): Promise<void> {
    const incoming = join(folder, `.${randomUUID()}.part`);
    await writeFile(incoming, text, { flag: "wx" });
    await rename(incoming, join(folder, file));
  }

  async #removeCopy(name: string): Promise<void> {
    const { root } = this.#options;
    const leaving = join(root, ".talkbox", randomUUID());
    await mkdir(join(root, ".talkbox"), { recursive: true });
    await rename(join(root, name), leaving).catch(() => undefined);
    await rm(leaving, { recursive: true, force: true });
  }
}

function asLibraryError(error: unknown): AppError {
  const known = toAppError(error);
  if (known.code !== "internal") return known;
  const message = "What the library's bucket has could not be kept. Check that TALKBOX_DATA can be written.";
  return new AppError("storage_failed", message, { cause: error });
}
