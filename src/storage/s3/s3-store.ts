import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import { AppError, toAppError } from "../../errors.ts";
import { LIFECYCLE_DAYS, S3_STALE_UPLOAD_MS, S3_SWEEP_AT_ONCE } from "../../limits/storage.ts";
import type { ArtifactStore, PutOptions, StoredFile } from "../artifact-store.ts";
import { parseKey } from "../file-name.ts";
import { digestFile } from "../hash-file.ts";
import type { BucketClient } from "./bucket-client.ts";
import { faultCode, isMissing } from "./fault.ts";
import { type ExpiryEntry, ExpiryIndex } from "./expiry-index.ts";
import { type ObjectRecord, objectFields, readRecord } from "./object-record.ts";
import { presign, type PresignedUrl } from "./presign.ts";
import { upload } from "./upload.ts";

/** What is kept for good lies here, where no rule of the bucket deletes. */
const KEPT = "saved/";
const HALF_DAY_MS = 43_200_000;

/** As every store's, and a time to expire at (epoch milliseconds; null for never) instead of a time to live. */
export type BucketPutOptions = PutOptions & { readonly expiresAt?: number | null };

/**
 * Keeps outputs in a bucket under their keys. An object says itself when it expires; an index by time makes sweeping
 * cheap; the bucket's own rules (see `lifecycle.ts`) remove what no sweep reached. Expiry is in whole seconds, rounded
 * up, so that a presigned URL can end with its object.
 *
 * Several workers may put, read and sweep at once.
 */
export class S3Store implements ArtifactStore {
  readonly driver = "s3";
  readonly reachable = true;
  readonly #client: BucketClient;
  readonly #index: ExpiryIndex;
  readonly #swept: boolean;

  /** @param swept false for a bucket that nobody here sweeps: then it gets no index, which is of use to sweeps alone */
  constructor(client: BucketClient, { swept = true }: { readonly swept?: boolean } = {}) {
    this.#client = client;
    this.#index = new ExpiryIndex(client);
    this.#swept = swept;
  }

  async put(source: string | Uint8Array, options: BucketPutOptions): Promise<StoredFile> {
    const { key, mime, ttlSeconds, signal, onProgress } = options;
    const target = this.#target(key);
    try {
      signal?.throwIfAborted();
      const digest = await digestOf(source, signal);
      const expiresAt = options.expiresAt ?? this.expiryOf(ttlSeconds);
      const fields = objectFields(key, { mime, sha256: digest.sha256, expiresAt });
      // The index beside the object: a sweep that finds an entry without one waits for the upload.
      const indexed = this.#indexed(key, expiresAt, signal);
      const sent = upload(this.#client, {
        source,
        digest,
        target: { ...target, ...fields },
        signal,
        onProgress: onProgress && ((bytes) => onProgress(bytes, digest.bytes)),
      });
      const outcomes = await Promise.allSettled([sent, indexed]);
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
      const stored = await this.#describe(key, { mime, ...digest, expiresAt });
      if (typeof source === "string") await rm(source, { force: true });
      return stored;
    } catch (error) {
      const failure = asStorageError(error);
      if (faultCode(failure) === "ChecksumMismatch") await this.delete(key).catch(() => false);
      throw failure;
    }
  }

  async stat(key: string): Promise<StoredFile> {
    const record = await this.#find(key);
    const sha256 = record.sha256 ?? (await this.#digestObject(key));
    return this.#describe(key, { ...record, sha256 });
  }

  /** @param range first and last byte, when not all of it is wanted */
  async open(key: string, range: { readonly start?: number; readonly end?: number } = {}): Promise<Readable> {
    const { start, end } = range;
    const partly = start === undefined && end === undefined ? {} : { Range: `bytes=${start ?? 0}-${end ?? ""}` };
    const target = { ...this.#target(key), ...partly };
    const answer = await this.#client.call(async ({ sdk, s3 }, options) =>
      s3.send(new sdk.GetObjectCommand(target), options),
    );
    const body = answer.Body as Readable;
    if (!this.#isExpired(readRecord(answer))) return body;
    body.destroy();
    throw notFound();
  }

  async delete(key: string): Promise<boolean> {
    const target = this.#target(key);
    const found = await this.#head(key);
    if (!found) return false;
    await this.#client.call(async ({ sdk, s3 }, options) => s3.send(new sdk.DeleteObjectCommand(target), options));
    if (this.#swept && found.expiresAt !== null) await this.#index.remove({ key, expiresAt: found.expiresAt });
    return true;
  }

  async expire(key: string, ttlSeconds: number | null): Promise<StoredFile> {
    const { url: _, urlExpiresAt: __, ...known } = await this.stat(key);
    const expiresAt = this.expiryOf(ttlSeconds);
    await this.#rewrite(key, { ...known, expiresAt });
    return this.#describe(key, { ...known, expiresAt });
  }

  async sweep(now: number, signal?: AbortSignal): Promise<readonly string[]> {
    const swept: string[] = [];
    for await (const due of this.#index.due(now, signal)) {
      for (let at = 0; at < due.length; at += S3_SWEEP_AT_ONCE) {
        signal?.throwIfAborted();
        const some = await Promise.all(
          due.slice(at, at + S3_SWEEP_AT_ONCE).map(async (entry) => this.#end(entry, now)),
        );
        swept.push(...some.filter((key) => key !== undefined));
      }
    }
    await this.#removeStaleUploads(now, signal);
    return [...new Set(swept)];
  }

  /** A URL for what lies, or is to lie, under a key. @throws AppError invalid_input for a bad key */
  async sign(key: string, expiresAt: number | null): Promise<PresignedUrl> {
    return presign(this.#client, this.#target(key).Key, expiresAt);
  }

  /** When something expires that lives that long from now: epoch milliseconds, a whole second. */
  expiryOf(ttlSeconds: number | null): number | null {
    return ttlSeconds === null ? null : Math.ceil((this.#client.now() + ttlSeconds * 1000) / 1000) * 1000;
  }

  /** Ends one entry of the index. Answers the key when the object was deleted for it. */
  async #end(entry: ExpiryEntry, now: number): Promise<string | undefined> {
    const { key } = entry;
    let ended: string | undefined;
    if (isKey(key)) {
      const found = await this.#head(key);
      if (!found && entry.expiresAt > now - S3_STALE_UPLOAD_MS) return undefined;
      if (found && found.expiresAt !== null && found.expiresAt <= now) {
        const target = this.#target(key);
        await this.#client.call(async ({ sdk, s3 }, options) => s3.send(new sdk.DeleteObjectCommand(target), options));
        ended = key;
      } else if (found && found.expiresAt === null && !key.startsWith(KEPT)) {
        await this.#rewrite(key, { ...found, sha256: found.sha256 ?? (await this.#digestObject(key)) });
      }
    }
    await this.#index.remove(entry);
    return ended;
  }

  /** Parts of uploads of ours that a dead process left; the bucket's rules do the same where they are installed. */
  async #removeStaleUploads(now: number, signal?: AbortSignal): Promise<void> {
    const { bucket, prefix } = this.#client.settings;
    const listed = await this.#client
      .call(
        async ({ sdk, s3 }, options) =>
          s3.send(new sdk.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }), options),
        signal,
      )
      // Not every server has it, nor every key the right.
      .catch(() => undefined);
    for (const { Key, UploadId, Initiated } of listed?.Uploads ?? []) {
      const ours = Key !== undefined && isKey(Key.slice(prefix.length)) && Key.slice(prefix.length).includes("/");
      if (!ours || !Initiated || Initiated.getTime() > now - S3_STALE_UPLOAD_MS) continue;
      await this.#client
        .call(async ({ sdk, s3 }, options) =>
          s3.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }), options),
        )
        .catch(() => undefined);
    }
  }

  /**
   * Notes when a key is to be looked at again: when it expires. What is kept for good outside of `saved/` is written
   * anew before the bucket's rules, which go by the age of what lies under a prefix, would delete it.
   */
  async #indexed(key: string, expiresAt: number | null, signal?: AbortSignal): Promise<void> {
    if (!this.#swept || (expiresAt === null && key.startsWith(KEPT))) return;
    await this.#index.add({ key, expiresAt: expiresAt ?? this.#client.now() + LIFECYCLE_DAYS * HALF_DAY_MS }, signal);
  }

  async #find(key: string): Promise<ObjectRecord> {
    const found = await this.#head(key);
    if (!found || this.#isExpired(found)) throw notFound();
    return found;
  }

  async #head(key: string): Promise<ObjectRecord | undefined> {
    const target = this.#target(key);
    return this.#client.call(async ({ sdk, s3 }, options) => {
      try {
        return readRecord(await s3.send(new sdk.HeadObjectCommand(target), options));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  /** Writes an object's fields anew: an object is copied onto itself for that. */
  async #rewrite(key: string, record: ObjectRecord & { readonly sha256: string }): Promise<void> {
    const { Bucket, Key } = this.#target(key);
    await this.#indexed(key, record.expiresAt);
    await this.#client.call(async ({ sdk, s3 }, options) =>
      s3.send(
        new sdk.CopyObjectCommand({
          Bucket,
          Key,
          CopySource: `${Bucket}/${Key.split("/").map(encodeURIComponent).join("/")}`,
          MetadataDirective: "REPLACE",
          ...objectFields(key, record),
        }),
        options,
      ),
    );
  }

  async #digestObject(key: string): Promise<string> {
    const hash = createHash("sha256");
    for await (const chunk of await this.open(key)) hash.update(chunk as Buffer);
    return hash.digest("hex");
  }

  async #describe(key: string, record: Omit<StoredFile, "key" | "url" | "urlExpiresAt">): Promise<StoredFile> {
    const { mime, bytes, sha256, expiresAt } = record;
    const { url, expiresAt: urlExpiresAt } = await this.sign(key, expiresAt);
    const short = urlExpiresAt === expiresAt ? {} : { urlExpiresAt };
    return { key, mime, bytes, sha256, expiresAt, url, ...short };
  }

  #isExpired({ expiresAt }: ObjectRecord): boolean {
    return expiresAt !== null && expiresAt <= this.#client.now();
  }

  #target(key: string): { readonly Bucket: string; readonly Key: string } {
    const { bucket, prefix } = this.#client.settings;
    return { Bucket: bucket, Key: `${prefix}${parseKey(key).join("/")}` };
  }
}

async function digestOf(source: string | Uint8Array, signal?: AbortSignal) {
  if (typeof source === "string") return digestFile(source, signal);
  return { bytes: source.byteLength, sha256: createHash("sha256").update(source).digest("hex") };
}

function isKey(text: string): boolean {
  try {
    return parseKey(text).length > 0;
  } catch {
    return false;
  }
}

function notFound(): AppError {
  return new AppError("not_found", "There is no such file, or it has expired.");
}

function asStorageError(error: unknown): AppError {
  const known = toAppError(error);
  if (known.code !== "internal") return known;
  return new AppError("storage_failed", "The output could not be read on its way to the bucket.", { cause: error });
}
