import type { Readable } from "node:stream";

/** How a file is stored. */
export type PutOptions = {
  /** `folder/name`: see `parseKey`. */
  readonly key: string;
  readonly mime: string;
  /** Seconds to live; null keeps it for good. */
  readonly ttlSeconds: number | null;
  readonly signal?: AbortSignal | undefined;
  /** Told by a store that sends the file elsewhere: bytes there so far, and of how many. Rises, ends at the size. */
  readonly onProgress?: ((sentBytes: number, bytes: number) => void) | undefined;
};

/** What a store knows of one file. */
export type StoredFile = {
  readonly key: string;
  readonly mime: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Epoch milliseconds; null when kept for good. */
  readonly expiresAt: number | null;
  /** Where it can be read. */
  readonly url: string;
  /** Epoch milliseconds, where the URL ends at another time than the file: `stat` signs a new one. */
  readonly urlExpiresAt?: number;
};

/**
 * Where outputs go. A driver is accepted when the conformance suite of the tests passes for it.
 *
 * A file is there under its key as a whole or not at all. One that has expired is not found, even before a sweep.
 */
export interface ArtifactStore {
  /** Short name of the driver. */
  readonly driver: string;
  /** Whether those who ask for outputs can read the URLs; if not, small outputs go into the answer itself. */
  readonly reachable: boolean;
  /**
   * Stores a local file, which is gone afterwards, or bytes, replacing what the key held. When that fails, the file is
   * still where it was.
   *
   * @throws AppError storage_failed when it cannot be written; invalid_input for a bad key; cancelled on abort
   */
  put(source: string | Uint8Array, options: PutOptions): Promise<StoredFile>;
  /** @throws AppError not_found */
  stat(key: string): Promise<StoredFile>;
  /** The file's bytes. @throws AppError not_found */
  open(key: string): Promise<Readable>;
  /** Answers whether there was one. */
  delete(key: string): Promise<boolean>;
  /** Changes how long a file is kept, from now; null for good. @throws AppError not_found */
  expire(key: string, ttlSeconds: number | null): Promise<StoredFile>;
  /** Deletes what has expired at `now` (epoch milliseconds); answers the keys. */
  sweep(now: number): Promise<readonly string[]>;
}
