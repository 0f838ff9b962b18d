import { rm, stat } from "node:fs/promises";
import { AppError, toAppError } from "../errors.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import type { Artifact, ArtifactSource } from "./artifact.ts";
import { encodedLength, encodeInline } from "./inline.ts";

/** How a caller wants outputs: in a store (`url`), in a bucket (`s3`), in the answer (`inline`), or as fits (`auto`). */
export type Delivery = "auto" | "s3" | "inline" | "url";

export type DeliverOptions = {
  readonly delivery: Delivery;
  /** Seconds to live when it is not kept. */
  readonly ttlSeconds: number;
  /** Keeps the file for good, in the store's folder `saved`. */
  readonly persist: boolean;
  /** Most characters of base64 in one answer. */
  readonly inlineLimitBytes: number;
  /** Asked for only when something is stored. */
  readonly store: () => Promise<ArtifactStore>;
  readonly signal?: AbortSignal | undefined;
  /** Epoch milliseconds; default the system's clock. */
  readonly now?: () => number;
};

/**
 * Delivers a file: `auto` goes to a store whose URLs callers can read, else into the answer where it fits, else to the
 * store. A file that is to be kept always goes to the store, and so does one that is too large for the answer it was
 * wanted in: nothing is lost for its size. The source file is gone afterwards.
 *
 * @throws AppError storage_failed; invalid_input when a bucket is wanted and none is configured; cancelled
 */
export async function deliver(source: ArtifactSource, options: DeliverOptions): Promise<Artifact> {
  try {
    options.signal?.throwIfAborted();
    if (await belongsInline(source, options)) return await deliverInline(source, options);
    return await deliverStored(source, options);
  } catch (error) {
    throw toAppError(error);
  }
}

async function belongsInline(source: ArtifactSource, options: DeliverOptions): Promise<boolean> {
  const { delivery, persist } = options;
  if (persist || delivery === "url" || delivery === "s3") return false;
  if (encodedLength((await stat(source.path)).size) > options.inlineLimitBytes) return false;
  return delivery === "inline" || !(await options.store()).reachable;
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
    key: `${source.folder}/${source.filename}`,
  };
}

async function deliverStored(source: ArtifactSource, options: DeliverOptions): Promise<Artifact> {
  const store = await options.store();
  if (options.delivery === "s3" && store.driver !== "s3") {
    throw new AppError(
      "invalid_input",
      "Delivery `s3` needs a bucket, and none is configured. Ask for `auto` or `url`.",
    );
  }
  const stored = await store.put(source.path, {
    key: `${options.persist ? "saved" : source.folder}/${source.filename}`,
    mime: source.mime,
    ttlSeconds: options.persist ? null : options.ttlSeconds,
    signal: options.signal,
  });
  return {
    ...described(source),
    bytes: stored.bytes,
    sha256: stored.sha256,
    url: stored.url,
    expires_at: stored.expiresAt === null ? null : new Date(stored.expiresAt).toISOString(),
    persistent: stored.expiresAt === null,
    key: stored.key,
  };
}

function described({ kind, filename, mime, duration }: ArtifactSource) {
  return { kind, filename, mime, ...(duration === undefined ? {} : { duration }) };
}
