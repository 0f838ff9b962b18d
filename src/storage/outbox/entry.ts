/** A file that waits for its bucket. */
export type OutboxEntry = {
  /** Sorts by time. */
  readonly id: string;
  readonly key: string;
  readonly mime: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Epoch milliseconds; null when it is to be kept for good. */
  readonly expiresAt: number | null;
  /** The bucket it is for, without its key. */
  readonly bucket: string;
  /** Epoch milliseconds. */
  readonly since: number;
};

/** Reads an entry back; undefined for what is none. */
export function parseEntry(id: string, text: string): OutboxEntry | undefined {
  try {
    const { key, mime, bytes, sha256, expiresAt, bucket, since } = JSON.parse(text) as Partial<OutboxEntry>;
    if (typeof key !== "string" || typeof mime !== "string" || typeof bytes !== "number") return undefined;
    if (typeof sha256 !== "string" || typeof bucket !== "string" || typeof since !== "number") return undefined;
    if (typeof expiresAt !== "number" && expiresAt !== null) return undefined;
    return { id, key, mime, bytes, sha256, expiresAt, bucket, since };
  } catch {
    return undefined;
  }
}
