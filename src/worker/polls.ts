import { type Answer, type HttpClient, HttpError } from "./http.ts";
import type { Limits } from "./limits.ts";
import type { Log } from "./log.ts";
import { parseJobs, refuseUnread, type Taken } from "./parse-jobs.ts";
import { Backoff, pause, throttlePause } from "./pauses.ts";
import type { Platform } from "./platform.ts";

type Parts = {
  readonly client: HttpClient;
  readonly platform: Platform;
  readonly limits: Limits;
  readonly log: Log;
  /** Ends the polling. */
  readonly signal: AbortSignal;
};

/** Stop signals are short; a larger answer is none. */
const STOP_BYTES = 1024 * 1024;

/** One of the two long polls, with its pauses. */
class Poll {
  readonly #parts: Parts;
  readonly #errors: Backoff;
  readonly #empties: Backoff;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { limits } = parts;
    this.#errors = new Backoff(limits.pollBackoffMs, limits.pollBackoffMostMs);
    this.#empties = new Backoff(limits.emptyPauseMs, limits.emptyPauseMostMs);
  }

  /** Asks once. @returns an answer with status 200, or nothing after a pause that fits what happened */
  async ask(what: string, url: string, mostBytes: number): Promise<Answer | undefined> {
    const { client, platform, limits, log, signal } = this.#parts;
    const asked = performance.now();
    try {
      const answer = await client.request({
        method: "GET",
        url,
        headers: {
          Authorization: platform.apiKey,
          "Content-Type": "application/json",
          "User-Agent": platform.userAgent,
        },
        timeoutMs: limits.pollMs,
        restOfAnswerMs: limits.restOfAnswerMs,
        mostBytes,
        signal,
      });
      const { status, retryAfter } = answer;
      if (status === 429) {
        this.#errors.reset();
        await pause(throttlePause(retryAfter, limits.throttledMs, limits.throttledMostMs), signal);
        return undefined;
      }
      // 400 is normal for a worker that the platform has put to sleep.
      if (status === 200 || status === 204 || status === 400) {
        this.#errors.reset();
        if (status === 200 && answer.body.length > 0) return answer;
        await this.nothing(asked);
        return undefined;
      }
      const key = status === 401 || status === 403 ? " Check RUNPOD_AI_API_KEY." : "";
      log(key === "" ? "warn" : "error", `The ${what} poll was answered with ${status}.${key}`);
    } catch (error) {
      if (!(error instanceof HttpError) || error.kind === "too_large") throw error;
      if (signal.aborted || error.kind === "timeout") return undefined;
      log("warn", `The ${what} poll failed: ${error.message}`);
    }
    await pause(this.#errors.next(), signal);
    return undefined;
  }

  /** An answer brought nothing. If it came at once there was no long poll, and asking at once again would be a flood. */
  async nothing(askedAt: number): Promise<void> {
    const { limits, signal } = this.#parts;
    if (performance.now() - askedAt >= limits.fastAnswerMs) return this.#empties.reset();
    await pause(this.#empties.next(), signal);
  }

  something(): void {
    this.#empties.reset();
  }
}

/** Takes jobs. */
export class TakePoll {
  readonly #parts: Parts;
  readonly #poll: Poll;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#poll = new Poll(parts);
  }

  /** Asks for up to `places` jobs; nothing after a pause when there are none. Never rejects. */
  async take(places: number, busy: boolean): Promise<Taken | undefined> {
    const { platform, limits, log } = this.#parts;
    const asked = performance.now();
    // Room for a limit's worth each, and for what stands around it.
    const mostBytes = (limits.jobBytes + 65_536) * places;
    let taken: Taken | undefined;
    try {
      const answer = await this.#poll.ask("take", platform.takeUrl(places, busy), mostBytes);
      if (!answer) return undefined;
      if (/json/i.test(answer.contentType)) taken = parseJobs(answer.body, limits);
      if (!taken) log("warn", `A take's answer is no JSON (${answer.contentType}, ${answer.body.length} bytes).`);
    } catch (error) {
      if (!(error instanceof HttpError) || !error.head) throw error;
      taken = refuseUnread(error.head, limits);
    }
    if (taken && taken.jobs.length + taken.refused.length > 0) this.#poll.something();
    else await this.#poll.nothing(asked);
    return taken;
  }
}

/** Calls back with the ids of jobs that the platform wants stopped, until the signal. Never rejects. */
export async function watchStops(parts: Parts, stop: (jobId: string) => void): Promise<void> {
  const { platform, signal, log } = parts;
  if (!platform.hasSiblings) {
    log("warn", "RUNPOD_WEBHOOK_GET_JOB has no /job-take/ in it: jobs cannot be stopped one by one.");
    return;
  }
  const poll = new Poll(parts);
  while (!signal.aborted) {
    const asked = performance.now();
    const answer = await poll.ask("stop", platform.stopUrl(), STOP_BYTES).catch(() => "unreadable" as const);
    if (!answer) continue;
    const ids = answer === "unreadable" ? [] : readStops(answer.body);
    for (const id of ids) stop(id);
    if (ids.length > 0) poll.something();
    else await poll.nothing(asked);
  }
}

function readStops(body: Buffer): string[] {
  try {
    const { jobsToStop } = JSON.parse(body.toString()) as { jobsToStop?: unknown };
    return Array.isArray(jobsToStop) ? jobsToStop.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}
