import { WorkerError } from "./errors.ts";
import { type Answer, type HttpClient, HttpError } from "./http.ts";
import type { Limits } from "./limits.ts";
import type { Log } from "./log.ts";
import { Backoff, pause, throttlePause } from "./pauses.ts";
import type { Platform } from "./platform.ts";

/** What became of a post. `uncertain`: a refused repeat, where an earlier copy may have arrived. */
export type Posted = "accepted" | "uncertain" | "refused" | "given_up";

export type Posting = {
  readonly url: string;
  readonly jobId: string;
  readonly body: Buffer;
  /** How long to go on. */
  readonly retryMs: number;
  readonly signal?: AbortSignal;
};

/** Failures of a request that never left. */
const NEVER_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/** Answers that say "later", and those that say that the key is wrong: an operator may be mending it. */
const RETRIED = new Set([401, 403, 408, 425, 429]);

/** Sends jobs' results, parts and progress. The same bytes go out at every attempt. */
export class Poster {
  readonly #client: HttpClient;
  readonly #platform: Platform;
  readonly #limits: Limits;
  readonly #log: Log;

  constructor(client: HttpClient, platform: Platform, limits: Limits, log: Log) {
    this.#client = client;
    this.#platform = platform;
    this.#limits = limits;
    this.#log = log;
  }

  /** Posts until the platform takes or refuses it. Network errors, 408, 429 and 5xx are tried again with back-off. */
  async post({ url, jobId, body, retryMs, signal }: Posting): Promise<Posted> {
    const backoff = new Backoff(this.#limits.postBackoffMs, this.#limits.postBackoffMostMs);
    const until = performance.now() + retryMs;
    let mayHaveArrived = false;
    for (;;) {
      let wait: number;
      try {
        const { status, retryAfter } = await this.once(url, jobId, body, signal);
        if (status >= 200 && status < 300) return "accepted";
        if (status < 500 && !RETRIED.has(status)) {
          this.#log("error", `The platform refused a post of ${body.length} bytes with ${status}.`, jobId);
          return mayHaveArrived ? "uncertain" : "refused";
        }
        // A platform that fails may do so after it has taken the post.
        mayHaveArrived ||= status >= 500;
        wait = status === 429 ? this.#throttled(retryAfter, backoff) : backoff.next();
        this.#log("warn", `A post was answered with ${status}; trying again in ${Math.round(wait)} ms.`, jobId);
      } catch (error) {
        if (!(error instanceof HttpError) || signal?.aborted) return "given_up";
        mayHaveArrived ||= !NEVER_SENT.has((error.cause as NodeJS.ErrnoException | undefined)?.code ?? "");
        wait = backoff.next();
        this.#log("warn", `A post failed (${error.message}); trying again in ${Math.round(wait)} ms.`, jobId);
      }
      if (performance.now() + wait > until) return "given_up";
      await pause(wait, signal);
      if (signal?.aborted) return "given_up";
    }
  }

  /** One attempt. @throws HttpError */
  once(url: string, jobId: string, body: Buffer, signal?: AbortSignal): Promise<Answer> {
    return this.#client.request({
      method: "POST",
      url,
      // What the platform's own worker sends: the body is JSON all the same.
      headers: {
        Authorization: this.#platform.apiKey,
        "Content-Type": "application/x-www-form-urlencoded",
        charset: "utf-8",
        "User-Agent": this.#platform.userAgent,
        "X-Request-ID": jobId,
      },
      body,
      timeoutMs: this.#limits.postMs,
      mostBytes: 1024 * 1024,
      ...(signal ? { signal } : {}),
    });
  }

  #throttled(retryAfter: string | undefined, backoff: Backoff): number {
    return retryAfter === undefined
      ? backoff.next()
      : throttlePause(retryAfter, this.#limits.throttledMs, this.#limits.throttledMostMs);
  }
}

/** The failure that takes the place of a result that the platform refused. */
export function rejectedFailure(bytes: number): WorkerError {
  return new WorkerError(
    "result_rejected",
    `The platform refused the result of ${bytes} bytes. If its size is the reason, return a URL to the data instead.`,
  );
}
