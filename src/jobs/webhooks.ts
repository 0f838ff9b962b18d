import { createHmac } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import PQueue from "p-queue";
import { AppError, toAppError } from "../errors.ts";
import { WEBHOOK_PAUSES_MS, WEBHOOK_TIMEOUT_MS, WEBHOOKS_AT_ONCE } from "../limits/jobs.ts";
import type { Log } from "../log.ts";
import { guardedPost } from "../net/guarded-post.ts";
import type { JobMetrics } from "./job-metrics.ts";
import type { DueWebhook, JobStore } from "./job-store.ts";

export type WebhooksOptions = {
  readonly store: JobStore;
  /** The JSON of a job's webhook. @throws AppError `not_found` when the job is gone */
  readonly body: (jobId: string) => Promise<readonly Buffer[]>;
  /** Empty: not signed. */
  readonly secret: string;
  readonly allowPrivate: boolean;
  readonly log: Log;
  readonly metrics: JobMetrics;
  /** Pauses before it is sent again, milliseconds. */
  readonly pausesMs?: readonly number[];
};

/** Bytes that are signed between two turns of the event loop. */
const SLICE = 1 << 19;

/**
 * Sends the webhooks that the store holds, also those that a server before this one did not get to. One that is not
 * answered with 2xx is sent again after a pause, a few times.
 */
export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #lane = new PQueue({ concurrency: WEBHOOKS_AT_ONCE });
  readonly #underWay = new Set<string>();
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  /** Sends what is due, and wakes again for what is due later. */
  look(): void {
    if (this.#stopped.signal.aborted) return;
    clearTimeout(this.#timer);
    const now = Date.now();
    let next = Infinity;
    for (const due of this.#options.store.webhooks()) {
      if (this.#underWay.has(due.jobId)) continue;
      if (due.dueAt > now) next = Math.min(next, due.dueAt);
      else this.#send(due);
    }
    if (next < Infinity) this.#timer = setTimeout(() => this.look(), Math.min(next - now, 60_000)).unref();
  }

  /** Lets go of those under way: the store keeps them for the next start. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    this.#lane.clear();
    await this.#lane.onIdle();
  }

  #send(due: DueWebhook): void {
    this.#underWay.add(due.jobId);
    const attempt = this.#lane.add(() => this.#attempt(due));
    // Cleared lanes reject; nothing else does.
    attempt
      .catch(() => undefined)
      .finally(() => {
        this.#underWay.delete(due.jobId);
        this.look();
      });
  }

  async #attempt({ jobId, url, tries }: DueWebhook): Promise<void> {
    const { store, log, metrics, pausesMs = WEBHOOK_PAUSES_MS } = this.#options;
    const outcome = await this.#post(jobId, url);
    if (this.#stopped.signal.aborted && outcome !== "sent") return;
    if (outcome === "sent") {
      metrics.webhook("sent");
      return store.rescheduleWebhook(jobId, undefined);
    }
    const pause = outcome.code === "url_refused" || outcome.code === "not_found" ? undefined : pausesMs[tries];
    const { code, message } = outcome;
    if (pause === undefined) {
      metrics.webhook("given_up");
      log.warn({ job_id: jobId, code, tries: tries + 1 }, `webhook given up: ${message}`);
      return store.rescheduleWebhook(jobId, undefined);
    }
    metrics.webhook("failed");
    log.info({ job_id: jobId, code, tries: tries + 1, again_in_ms: pause }, "webhook not delivered");
    store.rescheduleWebhook(jobId, { dueAt: Date.now() + pause, tries: tries + 1 });
  }

  async #post(jobId: string, url: string): Promise<"sent" | AppError> {
    const { secret, allowPrivate, body } = this.#options;
    try {
      const pieces = await body(jobId);
      const headers = await signedHeaders(jobId, pieces, secret, Date.now());
      const status = await guardedPost(url, pieces, {
        headers: { ...headers, "content-type": "application/json" },
        timeoutMs: WEBHOOK_TIMEOUT_MS,
        allowPrivate,
        signal: this.#stopped.signal,
      });
      if (status >= 200 && status < 300) return "sent";
      return new AppError("download_failed", `The webhook's server answered ${status}.`);
    } catch (error) {
      return toAppError(error);
    }
  }
}

/**
 * The headers of Standard Webhooks: the message's id, which is the same each time it is sent, the time in seconds, and
 * `v1,` with the base64 of HMAC-SHA256 over `id.timestamp.body`.
 * @param secret `whsec_` and base64, or any text as it is; empty for no signature
 * @param now epoch milliseconds
 */
export async function signedHeaders(
  jobId: string,
  body: readonly Buffer[],
  secret: string,
  now: number,
): Promise<Record<string, string>> {
  const id = `msg_${jobId}`;
  const timestamp = String(Math.floor(now / 1000));
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp };
  if (secret === "") return headers;
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret);
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.`);
  for (const piece of body) {
    for (let at = 0; at < piece.length; at += SLICE) {
      mac.update(piece.subarray(at, at + SLICE));
      if (piece.length > SLICE) await nextTurn();
    }
  }
  return { ...headers, "webhook-signature": `v1,${mac.digest("base64")}` };
}
