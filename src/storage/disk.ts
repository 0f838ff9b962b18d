import { createHash, randomUUID } from "node:crypto";
import { lstat, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { STALE_UPLOAD_MS } from "../limits/storage.ts";
import { AppError, isAbort, toAppError } from "../errors.ts";
import type { ArtifactStore, PutOptions, StoredFile } from "./artifact-store.ts";
import { DiskRecords, type FileRecord } from "./disk-records.ts";
import { parseKey } from "./file-name.ts";
import { copyAndDigest, digestFile, type FileDigest } from "./hash-file.ts";
import { mimeOf } from "./mime.ts";

/** The store's own folder inside its root: records and files on their way in. */
const OWN_FOLDER = ".talkbox";

export type DiskStoreOptions = {
  /** Made when missing. */
  readonly root: string;
  /** Files go straight into `root`, under the last part of their key, and are kept for good. Default false. */
  readonly flat?: boolean;
  /** Whether those who ask for outputs read this disk or a server on it. Default: what `flat` is. */
  readonly reachable?: boolean;
  /** Where a key can be read, by a server on this disk; default its `file:` URL. */
  readonly urlOf?: (key: string) => string;
  /** Epoch milliseconds; default the system's clock. */
  readonly now?: () => number;
};

/**
 * Keeps outputs as files `root/key`. When each expires stands in a record of its own, so it survives restarts; a file
 * without a record (put there by hand) is kept for good.
 */
export class DiskStore implements ArtifactStore {
  readonly driver = "disk";
  readonly reachable: boolean;
  readonly #root: string;
  readonly #flat: boolean;
  readonly #now: () => number;
  readonly #urlOf: ((key: string) => string) | undefined;
  readonly #records: DiskRecords;

  constructor({ root, flat = false, reachable = flat, urlOf, now = Date.now }: DiskStoreOptions) {
    this.#root = resolve(root);
    this.#flat = flat;
    this.reachable = reachable;
    this.#now = now;
    this.#urlOf = urlOf;
    this.#records = new DiskRecords(join(this.#root, OWN_FOLDER, "records"));
  }

  async put(source: string | Uint8Array, options: PutOptions): Promise<StoredFile> {
    const path = this.#pathOf(options.key);
    const incoming = this.#flat
      ? join(this.#root, `.${randomUUID()}.part`)
      : join(this.#root, OWN_FOLDER, "incoming", randomUUID());
    try {
      options.signal?.throwIfAborted();
      await mkdir(dirname(path), { recursive: true });
      const digest = await this.#bringIn(source, incoming, options.signal);
      const expiresAt = this.#flat || options.ttlSeconds === null ? null : this.#now() + options.ttlSeconds * 1000;
      const record: FileRecord = { key: options.key, mime: options.mime, ...digest, expiresAt };
      // The record first: should the process die between the two, a sweep finds it, where a file alone would stay.
      if (!this.#flat) await this.#records.write(record);
      try {
        await rename(incoming, path);
      } catch (error) {
        if (!this.#flat) await this.#records.delete(options.key);
        throw error;
      }
      if (typeof source === "string") await rm(source, { force: true });
      return this.#describe(record, path);
    } catch (error) {
      // A file that was moved in goes back to where it came from: the caller may have another place for it.
      if (typeof source === "string" && !(await exists(source))) await rename(incoming, source).catch(() => undefined);
      throw asStorageError(error);
    } finally {
      await rm(incoming, { force: true }).catch(() => undefined);
    }
  }

  async stat(key: string): Promise<StoredFile> {
    const path = this.#pathOf(key);
    const record = this.#flat ? undefined : await this.#records.read(key);
    const found = await lstat(path).catch(() => undefined);
    if (!found?.isFile() || isExpired(record, this.#now())) throw notFound();
    return this.#describe(record ?? (await describeBytes(key, path)), path);
  }

  /** @param range first and last byte, when not all of it is wanted */
  async open(key: string, range: { readonly start?: number; readonly end?: number } = {}): Promise<Readable> {
    await this.stat(key);
    try {
      const file = await open(this.#pathOf(key), "r");
      return file.createReadStream(range);
    } catch (error) {
      // Swept between the two calls.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw notFound();
      throw asStorageError(error);
    }
  }

  async delete(key: string): Promise<boolean> {
    const path = this.#pathOf(key);
    try {
      const there = (await lstat(path).catch(() => undefined))?.isFile() ?? false;
      if (there) await rm(path, { force: true });
      if (!this.#flat) await this.#records.delete(key);
      return there;
    } catch (error) {
      throw asStorageError(error);
    }
  }

  async expire(key: string, ttlSeconds: number | null): Promise<StoredFile> {
    const { url, ...known } = await this.stat(key);
    const expiresAt = this.#flat || ttlSeconds === null ? null : this.#now() + ttlSeconds * 1000;
    try {
      if (!this.#flat) await this.#records.write({ ...known, expiresAt });
    } catch (error) {
      throw asStorageError(error);
    }
    return { ...known, expiresAt, url };
  }

  async sweep(now: number): Promise<readonly string[]> {
    const swept: string[] = [];
    try {
      for await (const record of this.#records.all()) {
        if (isExpired(record, now) && (await this.delete(record.key))) swept.push(record.key);
      }
      await this.#records.removeStale(join(this.#root, OWN_FOLDER, "incoming"), this.#now() - STALE_UPLOAD_MS);
    } catch (error) {
      throw asStorageError(error);
    }
    return swept;
  }

  /** Moves or copies the source into the file system of the root, so that the last step is a rename. */
  async #bringIn(source: string | Uint8Array, incoming: string, signal?: AbortSignal): Promise<FileDigest> {
    await mkdir(dirname(incoming), { recursive: true });
    if (typeof source !== "string") {
      await writeFile(incoming, source, { flag: "wx", ...(signal ? { signal } : {}) });
      return { bytes: source.byteLength, sha256: createHash("sha256").update(source).digest("hex") };
    }
    try {
      const digest = await digestFile(source, signal);
      await rename(source, incoming);
      return digest;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
      return copyAndDigest(source, incoming, signal);
    }
  }

  #describe(record: FileRecord, path: string): StoredFile {
    return { ...record, url: this.#urlOf?.(record.key) ?? pathToFileURL(path).href };
  }

  /** Keys have no way out of the root: `parseKey` lets no part through that is hidden, empty or has a separator. */
  #pathOf(key: string): string {
    const parts = parseKey(key);
    return this.#flat ? join(this.#root, basename(key)) : join(this.#root, ...parts);
  }
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

function isExpired(record: FileRecord | undefined, now: number): boolean {
  return record !== undefined && record.expiresAt !== null && record.expiresAt <= now;
}

async function describeBytes(key: string, path: string): Promise<FileRecord> {
  return { key, mime: mimeOf(key), ...(await digestFile(path)), expiresAt: null };
}

function notFound(): AppError {
  return new AppError("not_found", "There is no such file, or it has expired.");
}

function asStorageError(error: unknown): AppError {
  const known = toAppError(error);
  if (known.code !== "internal" || isAbort(error)) return known;
  return new AppError("storage_failed", "The output could not be stored. Check that TALKBOX_DATA can be written.", {
    cause: error,
  });
}
