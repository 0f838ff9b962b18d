import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { LIBRARY_ANSWER_MS, S3_SWEEP_AT_ONCE } from "../../limits/storage.ts";
import { parseKey, safeName } from "../file-name.ts";
import type { BucketClient } from "./bucket-client.ts";
import { asBucketError, isMissing } from "./fault.ts";
import type { S3Store } from "./s3-store.ts";

/** What a folder's record says, and the bucket's tag of it, which changes with it. */
export type SharedRecord = { readonly text: string; readonly tag: string };

/**
 * Folders in a bucket that any number of workers read and write: `<folder>/NAME/` with a record, which is written last
 * and deleted first, and the file that the record names. They lie under `saved/`, where nothing expires.
 */
export class SharedFolders {
  readonly #client: BucketClient;
  readonly #store: S3Store;
  readonly #folder: string;
  readonly #record: string;
  /** Records as they were last read, by the name of their folder. */
  readonly #known = new Map<string, SharedRecord>();

  /** @param place `saved/…`; `record` is the name of each folder's record */
  constructor(
    bucket: { readonly client: BucketClient; readonly store: S3Store },
    place: { readonly folder: string; readonly record: string },
  ) {
    this.#client = bucket.client;
    this.#store = bucket.store;
    this.#folder = place.folder;
    this.#record = place.record;
  }

  /** Every record by the name of its folder; those that have not changed are not read again. @throws AppError */
  async records(): Promise<ReadonlyMap<string, SharedRecord>> {
    const tags = await this.#tags();
    const names = [...tags.keys()];
    for (const name of this.#known.keys()) if (!tags.has(name)) this.#known.delete(name);
    for (let at = 0; at < names.length; at += S3_SWEEP_AT_ONCE) {
      const some = names.slice(at, at + S3_SWEEP_AT_ONCE);
      await Promise.all(
        some.map(async (name) => (this.#known.get(name)?.tag === tags.get(name) ? undefined : this.record(name))),
      );
    }
    return new Map([...this.#known].filter(([name]) => tags.has(name)));
  }

  /** A folder's record, or undefined. @throws AppError storage_failed */
  async record(name: string): Promise<SharedRecord | undefined> {
    const target = { Bucket: this.#client.settings.bucket, Key: this.#keyOf(name, this.#record) };
    try {
      const found = await this.#client.attempt(async ({ sdk, s3 }, options) => {
        const answer = await s3.send(new sdk.GetObjectCommand(target), options);
        const text = (await answer.Body?.transformToString()) ?? "";
        return { text, tag: answer.ETag ?? createHash("sha256").update(text).digest("hex") };
      }, AbortSignal.timeout(LIBRARY_ANSWER_MS));
      this.#known.set(name, found);
      return found;
    } catch (error) {
      this.#known.delete(name);
      if (isMissing(error)) return undefined;
      throw asBucketError(error);
    }
  }

  /** Writes a file of a folder to `path`. @throws AppError not_found, storage_failed */
  async download(name: string, file: string, path: string): Promise<void> {
    const body: Readable = await this.#store.open(`${this.#folder}/${name}/${file}`);
    try {
      await pipeline(body, createWriteStream(path, { flags: "wx" }));
    } catch (error) {
      await rm(path, { force: true });
      throw asBucketError(error);
    }
  }

  /** Stores a folder's file, then the record that names it. @param path of the file, which is gone afterwards */
  async send(
    name: string,
    file: { readonly name: string; readonly path: string; readonly mime: string },
    record: string,
  ) {
    const key = (part: string): string => `${this.#folder}/${name}/${part}`;
    await this.#store.put(file.path, { key: key(file.name), mime: file.mime, ttlSeconds: null });
    const bytes = Buffer.from(record);
    await this.#store.put(bytes, { key: key(this.#record), mime: "application/json", ttlSeconds: null });
    this.#known.delete(name);
  }

  /** Deletes a file that a folder's record does not name any more. */
  async drop(name: string, file: string): Promise<void> {
    await this.#delete(this.#keyOf(name, file));
  }

  /** Deletes a folder, its record first. Answers whether there was one. @throws AppError storage_failed */
  async remove(name: string): Promise<boolean> {
    const there = (await this.record(name)) !== undefined;
    await this.#delete(this.#keyOf(name, this.#record));
    for await (const { key } of this.#list(`${name}/`)) await this.#delete(key);
    this.#known.delete(name);
    return there;
  }

  async #tags(): Promise<Map<string, string>> {
    const tags = new Map<string, string>();
    const suffix = `/${this.#record}`;
    for await (const { key, tag } of this.#list("")) {
      const rest = key.slice(this.#keyOf().length);
      const name = rest.endsWith(suffix) ? rest.slice(0, -suffix.length) : "";
      // What others put there under names that no folder of ours can have.
      if (name !== "" && safeName(name, "") === name) tags.set(name, tag);
    }
    return tags;
  }

  async *#list(below: string): AsyncGenerator<{ readonly key: string; readonly tag: string }, void> {
    const Prefix = `${this.#keyOf()}${below}`;
    let after: string | undefined;
    for (;;) {
      const input = { Bucket: this.#client.settings.bucket, Prefix, ...(after ? { StartAfter: after } : {}) };
      const page = await this.#client.call(
        async ({ sdk, s3 }, options) => s3.send(new sdk.ListObjectsV2Command(input), options),
        AbortSignal.timeout(LIBRARY_ANSWER_MS),
      );
      for (const { Key, ETag = "" } of page.Contents ?? []) if (Key !== undefined) yield { key: Key, tag: ETag };
      after = page.Contents?.at(-1)?.Key;
      if (!page.IsTruncated || after === undefined) return;
    }
  }

  async #delete(key: string): Promise<void> {
    const target = { Bucket: this.#client.settings.bucket, Key: key };
    await this.#client.call(async ({ sdk, s3 }, options) => s3.send(new sdk.DeleteObjectCommand(target), options));
  }

  /** The key of a folder's file, or what all of them begin with. @throws AppError invalid_input */
  #keyOf(name?: string, file = ""): string {
    const root = `${this.#client.settings.prefix}${this.#folder}/`;
    return name === undefined ? root : `${root}${parseKey(`${name}/${file}`).join("/")}`;
  }
}
