import {
  encode,
  HandlerFailure,
  type Outcome,
  type Result,
  resultLimit,
  takeApart,
  tooLargeFailure,
} from "./encode.ts";
import { describeError, errorReport, WorkerError } from "./errors.ts";
import { JobChannel } from "./job-channel.ts";
import type { Limits } from "./limits.ts";
import { jobLog, type Log } from "./log.ts";
import { within } from "./pauses.ts";
import type { Platform } from "./platform.ts";
import { type Poster, rejectedFailure } from "./poster.ts";
import type { Job, JobContext, WorkerOptions } from "./types.ts";

/** What every job of a worker shares. */
export type Desk = {
  readonly options: WorkerOptions;
  readonly platform: Platform;
  readonly limits: Limits;
  readonly log: Log;
  readonly poster: Poster;
  /** Settles when the worker is warm; rejects when it never will be. */
  readonly prepared: Promise<void>;
};

/** Bodies below this are not refused for their size. */
const SURELY_SMALL = 900_000;

type Iteration = AsyncIterator<unknown, unknown, void> | Iterator<unknown, unknown, void>;

/** One job, from the moment it is taken to the acknowledged result. */
export class RunningJob {
  readonly id: string;
  readonly #job: Job;
  readonly #desk: Desk;
  readonly #channel: JobChannel;
  readonly #stop = new AbortController();
  readonly #posting = new AbortController();
  #stopped = false;
  #isStream = false;
  /** Whether the result asked the platform for a fresh worker. */
  refresh = false;

  constructor(job: Job, desk: Desk) {
    this.id = job.id;
    this.#job = job;
    this.#desk = desk;
    const { poster, platform, limits, log } = desk;
    const joinText = desk.options.joinText === true;
    this.#channel = new JobChannel({ jobId: job.id, poster, platform, limits, log, joinText });
  }

  /** The platform wants no result: the handler's signal is aborted and nothing more is posted. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#channel.discard();
    this.#posting.abort();
    this.#stop.abort(new WorkerError("job_stopped", "The platform stopped the job."));
  }

  /** The worker ends: the handler's signal is aborted, and the job fails with the reason. */
  abandon(reason: WorkerError): void {
    this.#stop.abort(reason);
    this.#channel.cutShort();
  }

  /** Gives up a result that the platform does not take: there is no more time. */
  giveUp(): void {
    this.#posting.abort();
  }

  /**
   * Runs the handler. Never rejects.
   * @returns whether the handler has settled; after an abort it gets `limits.stopGraceMs` for it
   */
  async run(): Promise<{ readonly settled: boolean; readonly outcome: Outcome }> {
    const { limits } = this.#desk;
    const { signal } = this.#stop;
    const work = this.#work().then(
      (value): Outcome => ({ kind: "returned", value }),
      (error: unknown): Outcome => ({ kind: "failed", error }),
    );
    const aborted = Promise.withResolvers<void>();
    const onAbort = (): void => aborted.resolve();
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    const first = await Promise.race([work, aborted.promise]);
    signal.removeEventListener("abort", onAbort);
    if (first) return { settled: true, outcome: this.#accounted(first) };
    // A job that is stopped has nothing to report; one whose worker ends must be reported soon.
    const grace = this.#stopped ? limits.stopGraceMs : Math.min(limits.stopGraceMs, limits.farewellMs / 2);
    const late = await within(work, grace);
    return { settled: late !== undefined, outcome: this.#accounted(late ?? { kind: "failed", error: signal.reason }) };
  }

  /** A handler that broke off for its signal failed for the signal's reason; one that made it in time did not fail. */
  #accounted(outcome: Outcome): Outcome {
    const { aborted, reason } = this.#stop.signal;
    return aborted && outcome.kind === "failed" ? { kind: "failed", error: reason } : outcome;
  }

  async #work(): Promise<unknown> {
    const { options, platform, log, prepared } = this.#desk;
    await prepared;
    const { signal } = this.#stop;
    signal.throwIfAborted();
    const context: JobContext = {
      id: this.id,
      workerId: platform.workerId,
      signal,
      progress: (update) => this.#channel.progress(update),
      stream: (part) => this.#part(part),
      log: jobLog(log, this.id, typeof this.#job.batchId === "string" ? this.#job.batchId : undefined),
    };
    const returned = (options.handler as (job: Job, context: JobContext) => unknown)(this.#job, context);
    const iteration = iterationOf(returned);
    return iteration ? this.#stream(iteration) : await returned;
  }

  async #stream(iteration: Iteration): Promise<unknown> {
    this.#isStream = true;
    const parts: unknown[] = [];
    let done = false;
    try {
      for (;;) {
        const step = await iteration.next();
        if (step.done) {
          done = true;
          if (step.value !== undefined) return step.value;
          break;
        }
        this.#stop.signal.throwIfAborted();
        const failure = failureIn(step.value);
        if (failure !== undefined) throw failure;
        if (this.#desk.options.aggregateStream) parts.push(step.value);
        await this.#part(step.value);
      }
      return parts;
    } finally {
      // A generator that is left early cleans up in its own `finally`.
      if (!done) await iteration.return?.();
    }
  }

  async #part(value: unknown): Promise<void> {
    this.#isStream = true;
    if (!this.#desk.platform.hasStream) {
      throw new WorkerError("stream_failed", "RUNPOD_WEBHOOK_POST_STREAM is not set: parts cannot be sent.");
    }
    await this.#channel.part(value);
  }

  /** Sends the result, or the failure that takes its place; nothing for a job that the platform stopped. Never rejects. */
  async report(outcome: Outcome): Promise<void> {
    const { log, platform, limits, poster, options } = this.#desk;
    const closed = await this.#channel.finish().then(
      () => outcome,
      (error: unknown): Outcome => (outcome.kind === "failed" ? outcome : { kind: "failed", error }),
    );
    if (this.#stopped) return;
    const result = this.#takeApart(closed);
    this.refresh = result.refresh || options.refreshWorker === true;
    if (result.failure !== undefined) log("error", `Failed: ${this.#describe(result.failure).message}`, this.id);
    const body = await this.#encode(result, closed);
    if (this.#stopped) return;
    const url = platform.doneUrl(this.id, this.#isStream);
    const signal = this.#posting.signal;
    const posted = await poster.post({ url, jobId: this.id, body, retryMs: limits.resultRetryMs, signal });
    if (posted === "accepted") return;
    // An answer "no" to a repeat may only say that the first copy arrived; a second, different one would undo it.
    if (posted === "refused" || (posted === "uncertain" && body.length >= SURELY_SMALL)) {
      const small = this.#failureBody(rejectedFailure(body.length));
      const again = await poster.post({ url, jobId: this.id, body: small, retryMs: limits.resultRetryMs, signal });
      if (again === "accepted") return;
    }
    if (this.#stopped || posted === "uncertain") return;
    log("error", `The platform did not take the result of ${body.length} bytes.`, this.id);
    try {
      options.onUndelivered?.(this.id, body);
    } catch (error) {
      log("error", `onUndelivered failed: ${describeError(error).message}`, this.id);
    }
  }

  /** A returned object may have accessors that throw. */
  #takeApart(outcome: Outcome): Result {
    try {
      return takeApart(outcome);
    } catch (error) {
      return { failure: error, refresh: false };
    }
  }

  async #encode(result: Result, outcome: Outcome): Promise<Buffer> {
    const { limits, options } = this.#desk;
    const limit = resultLimit(this.id, limits);
    try {
      const body = this.#body(result);
      if (body.length <= limit) return body;
      const failure = tooLargeFailure(body.length, limit);
      if (!options.onOversize || outcome.kind === "failed") throw failure;
      const { signal } = this.#stop;
      const oversize = { job: this.#job, result: outcome.value, bytes: body.length, limitBytes: limit, signal };
      const smaller = this.#body(this.#takeApart({ kind: "returned", value: await options.onOversize(oversize) }));
      if (smaller.length > limit) throw tooLargeFailure(smaller.length, limit);
      return smaller;
    } catch (error) {
      this.#desk.log("error", `Failed: ${this.#describe(error).message}`, this.id);
      return this.#failureBody(error);
    }
  }

  #body({ output, failure }: Result): Buffer {
    return encode({
      ...(output === undefined ? {} : { output }),
      ...(failure === undefined ? {} : { error: this.#reportOf(failure) }),
      ...(this.refresh ? { stopPod: true } : {}),
    });
  }

  #failureBody(error: unknown): Buffer {
    return encode({ error: this.#reportOf(error), ...(this.refresh ? { stopPod: true } : {}) });
  }

  #reportOf(error: unknown): string {
    const { platform, limits } = this.#desk;
    return errorReport(this.#describe(error), platform, limits.errorTextBytes);
  }

  #describe(error: unknown): ReturnType<typeof describeError> {
    if (error instanceof WorkerError || error instanceof HandlerFailure) return describeError(error);
    try {
      return (this.#desk.options.describeError ?? describeError)(error);
    } catch {
      return describeError(error);
    }
  }
}

/** What a generator function returned; anything else that happens to be iterable, such as an array, is a result. */
function iterationOf(value: unknown): Iteration | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const candidate = value as { next?: unknown; [Symbol.asyncIterator]?: unknown; [Symbol.iterator]?: unknown };
  const iterable = Symbol.asyncIterator in candidate || Symbol.iterator in candidate;
  return iterable && typeof candidate.next === "function" ? (value as Iteration) : undefined;
}

/** The failure that a yielded object names. */
function failureIn(part: unknown): HandlerFailure | undefined {
  if (typeof part !== "object" || part === null || Array.isArray(part)) return undefined;
  const { error } = part as { error?: unknown };
  return error ? new HandlerFailure(error) : undefined;
}
