import { randomUUID } from "node:crypto";
import { AppError } from "../errors.ts";
import type { JobMetrics } from "./job-metrics.ts";
import type { JobRequest } from "./job-request.ts";
import { bodyDigest } from "./job-result.ts";
import type { JobStore } from "./job-store.ts";
import type { JobRecord } from "./job.ts";

export type AdmissionOptions = {
  readonly store: JobStore;
  readonly metrics: JobMetrics;
  /** Jobs that may wait. */
  readonly queueSize: number;
  /** Jobs that wait. */
  readonly waiting: () => number;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
};

/** Says which jobs are accepted: as many as may wait, one for an idempotency key, and none in a server that closes. */
export class Admission {
  readonly #options: AdmissionOptions;
  /** Places in the queue of jobs that are being written down. */
  #reserved = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Writes a new job down, or answers the one whose key and body this request repeats.
   * @throws AppError `queue_full`, `shutting_down`, `conflict` for a key that came with another body, `storage_failed`
   */
  async admit(request: JobRequest): Promise<{ readonly record: JobRecord; readonly repeated: boolean }> {
    const { idempotencyKey: key } = request;
    const digest = key === null ? null : await bodyDigest(request.body);
    const before = this.#sameJob(key, digest);
    if (before) return { record: before, repeated: true };
    this.check();
    const record = newRecord(request, digest);
    this.#reserved++;
    try {
      if (await this.#options.store.add(record, request.body)) return { record, repeated: false };
    } finally {
      this.#reserved--;
    }
    const earlier = this.#sameJob(key, digest);
    if (earlier) return { record: earlier, repeated: true };
    throw new AppError("internal", "The job could not be written down.");
  }

  /** @throws AppError `queue_full`, `shutting_down` while no more jobs are accepted */
  check(): void {
    const { metrics, closing, queueSize } = this.#options;
    if (closing.aborted) {
      metrics.refused("shutting_down");
      throw new AppError("shutting_down", "The server is shutting down and takes no more jobs. Try again shortly.");
    }
    const waiting = this.#options.waiting() + this.#reserved;
    if (waiting >= queueSize) {
      metrics.refused("queue_full");
      throw new AppError("queue_full", `${waiting} jobs are waiting already, as many as may. Try again later.`);
    }
  }

  #sameJob(key: string | null, digest: string | null): JobRecord | undefined {
    const known = key === null ? undefined : this.#options.store.byIdempotencyKey(key);
    if (known && known.bodyDigest !== digest) {
      throw new AppError(
        "conflict",
        "This idempotency key came with another body before. Use a new one for a new job.",
      );
    }
    return known;
  }
}

function newRecord({ operation, policy, webhook, idempotencyKey }: JobRequest, digest: string | null): JobRecord {
  const now = Date.now();
  return {
    id: randomUUID(),
    operation,
    state: "IN_QUEUE",
    policy,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
    expiresAt: now + policy.ttl,
    attempts: 0,
    webhook,
    idempotencyKey,
    bodyDigest: digest,
    error: null,
    artifacts: [],
  };
}
