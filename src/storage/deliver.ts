import { rm, stat } from "node:fs/promises";
import { AppError, toAppError } from "../errors.ts";
import type { ArtifactStore, StoredFile } from "./artifact-store.ts";
import type { Artifact, ArtifactSource } from "./artifact.ts";
import { encodedLength, encodeInline } from "./inline.ts";

/** How a caller wants outputs: in a store (`url`), in a bucket (`s3`), in the answer (`inline`), or as fits (`auto`). */
export type Delivery = "auto" | "s3" | "inline" | "url";

/** A store whose URLs can be signed before there is anything under them. */
export type SigningStore = ArtifactStore & {
  sign(key: string, expiresAt: number | null): Promise<{ readonly url: string; readonly expiresAt: number }>;
  expiryOf(ttlSeconds: number | null): number | null;
};

/** A bucket that outputs may go to. */
export type BucketPlace = {
  store(): Promise<SigningStore>;
  /** Keeps what the bucket does not take until it does; a bucket that a caller brought has none. */
  readonly outbox?: {
    add(
      path: string,
      file: { readonly key: string; readonly mime: string; readonly expiresAt: number | null },
      signal?: AbortSignal,
    ): Promise<{ readonly bytes: number; readonly sha256: string }>;
  };
  /** Where to turn to without an outbox. */
  readonly otherwise?: BucketPlace | undefined;
};

export type DeliverOptions = {
  readonly delivery: Delivery;
  /** Seconds to live when it is not kept. */
  readonly ttlSeconds: number;
  /** Keeps the file for good, in the store's folder `saved`. */
  readonly persist: boolean;
  /** Most characters of base64 in one answer. */
  readonly inlineLimitBytes: number;
  /** The disk. Asked for only when something is stored there. */
  readonly store: () => Promise<ArtifactStore>;
  /** Whether what lies on that disk is there for others, or later: not on a worker that goes with it. Default true. */
  readonly diskLasts?: () => Promise<boolean>;
  readonly bucket?: BucketPlace | undefined;
  /** Does what sends a file to a bucket, when there is room for it; default at once. */
  readonly uploading?: (work: () => Promise<StoredFile>) => Promise<StoredFile>;
  /** Takes what the caller should know besides the artifact. */
  readonly warn?: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Bytes that a bucket has so far, and of how many. */
  readonly onProgress?: (sentBytes: number, bytes: number) => void;
  /** Epoch milliseconds; default the system's clock. */
  readonly now?: () => number;
};

/**
 * Delivers a file: `auto` goes to a bucket where there is one or to a disk whose URLs callers can read, else into the
 * answer where it fits, else to the disk. A file that is to be kept always goes to a store, and so does one that is too
 * large for the answer it was wanted in. A bucket that fails leaves the file in its outbox. Nothing is lost for its size
 * or for a bucket, and what did not go as it was wanted is said. The source file is gone afterwards.
 *
 * @throws AppError invalid_input when a bucket is wanted and none is configured; output_too_large when there is nowhere
 * to put it; storage_failed; cancelled
 */
export async function deliver(source: ArtifactSource, options: DeliverOptions): Promise<Artifact> {
  try {
    options.signal?.throwIfAborted();
    const { delivery, persist, bucket } = options;
    if (delivery === "s3" && !bucket) {
      throw new AppError(
        "invalid_input",
        "Delivery `s3` needs a bucket, and none is configured: set BUCKET_ENDPOINT_URL, BUCKET_ACCESS_KEY_ID and " +
          "BUCKET_SECRET_ACCESS_KEY, send `s3Config` with the job, or ask for `auto`, `inline` or `url`.",
      );
    }
    const size = encodedLength((await stat(source.path)).size);
    const fits = size <= options.inlineLimitBytes;
    if (!persist && (delivery === "inline" || (delivery === "auto" && !bucket && !(await options.store()).reachable))) {
      if (fits) return await deliverInline(source, options);
      const much = options.inlineLimitBytes > 0 ? `the limit is ${options.inlineLimitBytes}` : "others fill it already";
      options.warn?.(
        `${source.filename} has ${size} bytes as base64, too much for the answer (${much}): it has a URL.`,
      );
    }
    return bucket
      ? await deliverToBucket(source, bucket, fits, options)
      : await deliverToDisk(source, fits, size, options);
  } catch (error) {
    throw toAppError(error);
  }
}

async function deliverInline(source: ArtifactSource, options: DeliverOptions): Promise<Artifact> {
  const { base64, bytes, sha256 } = await encodeInline(source.path);
  await rm(source.path, { force: true });
  return {
    ...described(source),
    bytes,
    sha256,
    base64,
    // Nothing of it is kept here; the time is the one after which a stored file would have been gone.
    expires_at: new Date((options.now ?? Date.now)() + options.ttlSeconds * 1000).toISOString(),
    persistent: false,
    key: `${source.folder}/${source.keyName ?? source.filename}`,
  };
}

async function deliverToBucket(
  source: ArtifactSource,
  bucket: BucketPlace,
  fits: boolean,
  options: DeliverOptions,
): Promise<Artifact> {
  const store = await bucket.store();
  try {
    const send = () => store.put(source.path, { ...placeOf(source, options), onProgress: options.onProgress });
    const stored = await (options.uploading ? options.uploading(send) : send());
    const artifact = asArtifact(source, stored);
    if (artifact.url_expires_at !== undefined) {
      options.warn?.(`The URL of ${source.filename} ends at ${artifact.url_expires_at}; the file stays longer.`);
    }
    return artifact;
  } catch (error) {
    const failure = toAppError(error);
    if (failure.code === "cancelled" || (bucket.outbox && failure.code !== "storage_failed")) throw failure;
    if (bucket.outbox) return postpone(source, store, bucket.outbox, fits, failure, options);
    options.warn?.(`${source.filename} did not go to the bucket that the job names. ${failure.message}`);
    return deliver(source, { ...options, delivery: "auto", bucket: bucket.otherwise });
  }
}

/** Leaves a file for later, under the key and with the expiry that it would have had. */
async function postpone(
  source: ArtifactSource,
  store: SigningStore,
  outbox: NonNullable<BucketPlace["outbox"]>,
  fits: boolean,
  failure: AppError,
  options: DeliverOptions,
): Promise<Artifact> {
  const { key, mime, ttlSeconds } = placeOf(source, options);
  const expiresAt = store.expiryOf(ttlSeconds);
  const signed = await store.sign(key, expiresAt);
  // Whoever would have been content with an answer that carries the file has it so, besides.
  const wanted = options.delivery === "auto" || options.delivery === "inline";
  const inline = fits && wanted ? { base64: (await encodeInline(source.path)).base64 } : {};
  const file = { key, mime, expiresAt };
  const kept = await outbox.add(source.path, file, options.signal).catch((error: unknown) => toAppError(error));
  if (kept instanceof AppError) {
    if (kept.code !== "storage_failed" || !fits) throw kept;
    options.warn?.(
      `${source.filename} went neither to the bucket nor to disk: it is in the answer. ${failure.message}`,
    );
    return deliverInline(source, options);
  }
  const { bytes, sha256 } = kept;
  options.warn?.(
    `${source.filename} is kept on this worker's disk and sent later (by the next start, or \`talkbox outbox flush\`): ` +
      `until then its URL finds nothing. ${failure.message}`,
  );
  const urlExpiresAt = signed.expiresAt === expiresAt ? {} : { urlExpiresAt: signed.expiresAt };
  return {
    ...asArtifact(source, { key, mime, bytes, sha256, expiresAt, url: signed.url, ...urlExpiresAt }),
    ...inline,
  };
}

async function deliverToDisk(
  source: ArtifactSource,
  fits: boolean,
  size: number,
  options: DeliverOptions,
): Promise<Artifact> {
  const store = await options.store();
  if (!store.reachable && !((await options.diskLasts?.()) ?? true)) {
    if (!fits) {
      throw new AppError(
        "output_too_large",
        `${source.filename} has ${size} bytes as base64, the answer has room for ${options.inlineLimitBytes}, and what ` +
          "this worker writes to its disk goes with it. Configure a bucket (BUCKET_ENDPOINT_URL), point TALKBOX_DATA " +
          "at a network volume, or ask for less (shorter, smaller, mp3).",
      );
    }
    options.warn?.(
      `There is neither a bucket nor a volume to keep ${source.filename} on: it is in the answer instead.`,
    );
    return deliverInline(source, options);
  }
  return asArtifact(source, await store.put(source.path, placeOf(source, options)));
}

function placeOf(source: ArtifactSource, { persist, ttlSeconds, signal }: DeliverOptions) {
  return {
    key: `${persist ? "saved" : source.folder}/${source.keyName ?? source.filename}`,
    mime: source.mime,
    ttlSeconds: persist ? null : ttlSeconds,
    signal,
  };
}

function asArtifact(source: ArtifactSource, stored: StoredFile): Artifact {
  return {
    ...described(source),
    bytes: stored.bytes,
    sha256: stored.sha256,
    url: stored.url,
    ...(stored.urlExpiresAt === undefined ? {} : { url_expires_at: new Date(stored.urlExpiresAt).toISOString() }),
    expires_at: stored.expiresAt === null ? null : new Date(stored.expiresAt).toISOString(),
    persistent: stored.expiresAt === null,
    key: stored.key,
  };
}

function described({ kind, filename, mime, duration }: ArtifactSource) {
  return { kind, filename, mime, ...(duration === undefined ? {} : { duration }) };
}
