import { TTL_SECONDS } from "./jobs.ts";

/** Limits, timeouts and retries of stores: disk, bucket, outbox. Those that a deployment may set stand in `config.ts`. */

/** Age after which a file on its way into a store counts as left by a process that died, in milliseconds. */
export const STALE_UPLOAD_MS = 3_600_000;

/**
 * Requests to a bucket: attempts of one request, the first pause before another one (doubled from one to the next, and
 * drawn at random from nothing up to that) and the longest.
 */
export const S3_RETRY = { attempts: 4, pauseMs: 250, longestPauseMs: 8_000 } as const;

/** Longest wait for a connection to a bucket's host, in milliseconds. */
export const S3_CONNECT_TIMEOUT_MS = 5_000;

/** Longest silence on such a connection, in milliseconds. */
export const S3_IDLE_TIMEOUT_MS = 15_000;

/** Bytes in one part of an upload; a smaller file goes in one piece. S3 takes no less than 5 MiB. */
export const S3_PART_BYTES = 8 * 1024 * 1024;

/** Parts of one upload that are under way at once, each of them in memory. */
export const S3_PARTS_AT_ONCE = 3;

/** Objects that a sweep looks at and deletes at once. */
export const S3_SWEEP_AT_ONCE = 8;

/** Age after which an upload in parts counts as left by a process that died, in milliseconds. */
export const S3_STALE_UPLOAD_MS = 24 * 3_600_000;

/** Longest life of a presigned URL, in seconds: what signatures of version 4 allow. */
export const PRESIGN_MAX_SECONDS = 7 * 24 * 3600;

/** Days after which a bucket's own rules delete what is not kept: one more than a caller may ask for. */
export const LIFECYCLE_DAYS = TTL_SECONDS.max / 86_400 + 1;

/** Days after which a bucket's own rules drop the parts of an upload that never ended. */
export const LIFECYCLE_UPLOAD_DAYS = 1;

/** Time between two sweeps of a store, in milliseconds. */
export const SWEEP_INTERVAL_MS = 300_000;

/** Longest that a process that ends waits for a sweep that is under way, in milliseconds. */
export const SWEEP_GRACE_MS = 2_000;

/** Age after which whoever was sending a file of the outbox counts as dead, in milliseconds. */
export const OUTBOX_CLAIM_MS = 120_000;

/** Longest that a process that ends waits for what it is sending from the outbox, in milliseconds. */
export const OUTBOX_GRACE_MS = 20_000;

/** Longest wait for what the bucket says of the library's voices and avatars, in milliseconds. */
export const LIBRARY_ANSWER_MS = 8_000;
