import { setTimeout as sleep } from "node:timers/promises";
import { isAbort } from "../../errors.ts";
import { S3_RETRY } from "../../limits/storage.ts";

/** How often, and how long between. Tests have their own. */
export type RetryPolicy = {
  readonly attempts: number;
  readonly pauseMs: number;
  readonly longestPauseMs: number;
  /** From 0 up to 1. */
  readonly random?: () => number;
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
};

/** Answers by which a bucket says that it was not the request's fault; some of them come with a status of 400. */
const PASSING = new Set([
  "BadDigest",
  "IncompleteBody",
  "InternalError",
  "OperationAborted",
  "RequestTimeout",
  "ServiceUnavailable",
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "XAmzContentSHA256Mismatch",
]);

/** What the AWS client says of a failed request. */
type Failure = Error & {
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean };
};

/** Whether a refusal came without its reason, as answers to HEAD do. */
export function isNameless(name: unknown): boolean {
  return name === "Unknown" || name === "UnknownError" || name === "Forbidden" || name === "403";
}

/** Whether the same request may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error) || isAbort(error) || error.name === "AppError") return false;
  const { $metadata, name } = error as Failure;
  const status = $metadata?.httpStatusCode;
  // The client has set its clock by the answer, so the next signature is dated right. An answer without a body (to HEAD)
  // does not name its reason.
  if (name === "RequestTimeTooSkewed" || ($metadata?.clockSkewCorrected && isNameless(name))) return true;
  if (PASSING.has(name)) return true;
  // Done, as it seems, but the answer cannot be read.
  if (status !== undefined && status < 300) return true;
  if (status !== undefined) return status === 408 || status === 429 || (status >= 500 && status !== 501);
  // No answer at all: the connection could not be made, broke, or was silent for too long.
  return name === "TimeoutError" || typeof (error as Failure).code === "string";
}

/**
 * Does something again for as long as its failure is a passing one and attempts are left, with pauses that double and
 * are drawn at random, so that many workers do not come back at once.
 *
 * @throws whatever the last attempt threw; the signal's reason on abort
 */
export async function withRetries<T>(
  work: (attempt: number) => Promise<T>,
  signal?: AbortSignal,
  policy: RetryPolicy = S3_RETRY,
): Promise<T> {
  const { attempts, pauseMs, longestPauseMs, random = Math.random } = policy;
  const pause = policy.sleep ?? (async (ms, until) => sleep(ms, undefined, until ? { signal: until } : {}));
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= attempts || !isPassing(error)) throw error;
      await pause(random() * Math.min(longestPauseMs, pauseMs * 2 ** (attempt - 1)), signal);
    }
  }
}
