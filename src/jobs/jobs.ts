import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "../errors.ts";
import { JOB_SWEEP_MS, MAX_JOB_ATTEMPTS } from "../limits/jobs.ts";
import { SERVER_DRAIN_MS } from "../limits/server.ts";
import { Admission } from "./admission.ts";
import { JobMetrics } from "./job-metrics.ts";
import { handlerJob, type JobRequest } from "./job-request.ts";
import { JobRunner, type JobRunnerOptions } from "./job-runner.ts";
import type { JobStore } from "./job-store.ts";
import { isFinal, type JobRecord, type JobView } from "./job.ts";
import { parseLargeJson, writeLargeJson } from "./large-json.ts";
import { endedLogs, type JobLogs, LiveJob } from "./live-job.ts";
import { estimateWaits, type JobQueue } from "./queue-times.ts";
import { webhookBody } from "./status-body.ts";
import { Webhooks } from "./webhooks.ts";

export type JobsOptions = JobRunnerOptions & {
  /** Jobs that may wait. */
  readonly queueSize: number;
  readonly webhooks: { readonly secret: string; readonly allowPrivate: boolean; readonly pausesMs?: readonly number[] };
};

/** Jobs by what they are doing, as the platform counts them. */
export type JobCounts = Record<"completed" | "failed" | "inProgress" | "inQueue" | "retried", number>;

/**
 * The life of jobs, whatever door they come through: accepted jobs are in the store before the answer, wait in a lane
 * by priority, run, and end in one final state. What a dead process left is taken up at the start.
 */
export class Jobs {
  readonly metrics: JobMetrics;
  readonly #options: JobsOptions;
  readonly #store: JobStore;
  readonly #runner: JobRunner;
  readonly #admission: Admission;
  readonly #webhooks: Webhooks;
  readonly #closing = new AbortController();
  readonly #sweeper: NodeJS.Timeout;
  readonly #counts = { completed: 0, failed: 0, retried: 0 };
  #sweeping = false;

  constructor(options: JobsOptions) {
    const { store, log, heavy, queueSize } = options;
    this.#options = options;
    this.#store = store;
    this.metrics = new JobMetrics(
      () => this.#runner.waiting,
      () => this.#runner.underWay,
      (operation) => heavy(operation) !== undefined,
    );
    this.#runner = new JobRunner(options, this.metrics, (record) => this.#ended(record));
    const waiting = (): number => this.#runner.waiting;
    const { metrics } = this;
    this.#admission = new Admission({ store, metrics, queueSize, waiting, closing: this.#closing.signal });
    const body = (jobId: string): Promise<Buffer[]> => this.#webhookBody(jobId);
    this.#webhooks = new Webhooks({ ...options.webhooks, store, log, metrics, body });
    this.#sweeper = setInterval(() => void this.#sweep(), JOB_SWEEP_MS).unref();
    const { COMPLETED = 0, FAILED = 0, TIMED_OUT = 0 } = store.counts();
    this.#counts.completed = COMPLETED;
    this.#counts.failed = FAILED + TIMED_OUT;
  }

  /**
   * Takes up what an earlier process left: what it had begun is begun again or has failed, as the jobs' policies say.
   * @returns how many jobs there are to run
   */
  async recover(): Promise<number> {
    for (const record of this.#store.inState("IN_PROGRESS")) {
      if (record.policy.retry === "again" && record.attempts < MAX_JOB_ATTEMPTS) {
        await this.#store.requeue(record.id, record.attempts);
        continue;
      }
      const times = record.attempts > 1 ? `${record.attempts} times` : "once";
      const message = `The job was begun ${times}, and the server ended under it. It is not begun again.`;
      this.#runner.finish(new LiveJob(record), "FAILED", new AppError("internal", message));
    }
    const waiting = this.#store.inState("IN_QUEUE");
    for (const record of waiting) this.#runner.enqueue(record);
    this.#webhooks.look();
    return waiting.length;
  }

  /**
   * Accepts a job. A key that came before with the same body answers the job of that time.
   * @throws AppError `queue_full`, `shutting_down`, `conflict` for a key that came with another body, `storage_failed`
   */
  async submit(request: JobRequest): Promise<JobRecord> {
    const { record, repeated } = await this.#admission.admit(request);
    // In a server that has begun to close, the job waits for the next start.
    if (!repeated && !this.#closing.signal.aborted) this.#runner.enqueue(record, request.value);
    return record;
  }

  /** @throws AppError `not_found` */
  view(id: string): JobView {
    const live = this.#runner.get(id);
    if (live) return { record: live.record, ...(live.progress === undefined ? {} : { progress: live.progress }) };
    const record = this.#store.get(id);
    if (!record) throw noSuchJob();
    return { record };
  }

  /** The latest jobs, newest first, but for those of some operations. */
  latest(limit: number, without: readonly string[] = []): JobView[] {
    return this.#store.latest(limit, without).map((record) => {
      const live = this.#runner.get(record.id);
      return { record, ...(live?.progress === undefined ? {} : { progress: live.progress }) };
    });
  }

  /** The job when it has ended, or as it is after `ms`, or when the server shuts down before the job is begun. */
  async wait(id: string, ms: number, signal?: AbortSignal): Promise<JobView> {
    const live = this.#runner.get(id);
    if (live) {
      const over = new AbortController();
      const stop = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
      const waits: Promise<unknown>[] = [live.left, pause(ms, undefined, { signal: stop, ref: false })];
      if (live.record.state === "IN_QUEUE") waits.push(aborted(this.#closing.signal, over.signal));
      await Promise.race(waits).catch(() => undefined);
      over.abort();
      // The record of a job that was forgotten in the meantime is gone from the store, too.
      if (isFinal(live.record.state) && this.#store.get(id)) {
        return { record: live.record, ...(live.output ? { output: live.output } : {}) };
      }
    }
    return this.view(id);
  }

  /** The JSON of a job's output, in pieces; undefined when there is none. */
  async output({ record, output }: JobView): Promise<readonly Buffer[] | undefined> {
    if (output) return output.json;
    const kept = record.state === "COMPLETED" ? await this.#store.output(record.id) : undefined;
    return kept && [kept];
  }

  /** What a job told and tells. @throws AppError `not_found` */
  logs(id: string): JobLogs {
    const { record } = this.view(id);
    return this.#runner.get(id)?.logs ?? this.#runner.finishedLogs(id) ?? endedLogs(record.attempts);
  }

  /** Ends a job that waits or is under way; one that has ended stays as it is. @throws AppError `not_found` */
  cancel(id: string): JobRecord {
    return this.#end(id, "CANCELLED");
  }

  /** As `cancel`, of a job that takes longer than who asked for it may wait. */
  timeOut(id: string, message: string): JobRecord {
    return this.#end(id, "TIMED_OUT", new AppError("timeout", message));
  }

  /** Runs a job once more that has failed. @throws AppError `not_found`, `conflict` for one that has not, as `submit` */
  async retry(id: string): Promise<JobRecord> {
    const { record } = this.view(id);
    if (record.state !== "FAILED" && record.state !== "TIMED_OUT") {
      const message = `Only jobs that have failed or timed out are run again; this one is ${record.state}.`;
      throw new AppError("conflict", message);
    }
    this.#admission.check();
    await this.#store.requeue(id, 0);
    const again = this.#store.get(id);
    if (!again) throw noSuchJob();
    this.#counts.retried++;
    this.#runner.enqueue(again);
    return again;
  }

  /** Cancels every job that waits; answers how many there were. */
  purgeQueue(): number {
    const waiting = this.#runner.waitingJobs();
    for (const { id } of waiting) this.cancel(id);
    return waiting.length;
  }

  /** Deletes the files that a job stored; answers how many there still were. @throws AppError `not_found`, `conflict` */
  async deleteArtifacts(id: string): Promise<number> {
    const { record } = this.view(id);
    if (!isFinal(record.state)) throw new AppError("conflict", "The job is still under way. Cancel it first.");
    let deleted = 0;
    for (const key of record.artifacts) if (await this.#options.deleteFile(key)) deleted++;
    this.#store.forgetArtifacts(id);
    return deleted;
  }

  /** Heavy jobs, those under way by their begin, those that wait in the order in which they will be begun. */
  queue(): JobQueue {
    const heavy = ({ record }: LiveJob): boolean => this.#options.heavy(record.operation) === true;
    const rank = ({ policy }: JobRecord): number => policy.priority - (policy.lowPriority ? 1000 : 0);
    return {
      underWay: this.#runner
        .underWayJobs()
        .filter(heavy)
        .map(({ record }) => record),
      waiting: this.#runner
        .waitingJobs()
        .filter(heavy)
        .map(({ record }) => record)
        .toSorted((a, b) => rank(b) - rank(a)),
    };
  }

  /** Seconds until each waiting heavy job is begun, by its id; null where no run has been measured yet. */
  estimatedWaits(): ReadonlyMap<string, number | null> {
    return estimateWaits(this.queue(), this.#options.concurrency, (operation) => this.#runner.runMs(operation));
  }

  counts(): JobCounts {
    return { ...this.#counts, inProgress: this.#runner.underWay, inQueue: this.#runner.waiting };
  }

  /** Places for heavy jobs, and runs that have not settled, whatever their job's state. */
  places(): { readonly taken: number; readonly all: number; readonly unsettled: number } {
    const { placesTaken, unsettled } = this.#runner;
    return { taken: placesTaken, all: this.#options.concurrency, unsettled };
  }

  /** Seconds after which a refused job may be accepted: about the time in which one of those at hand ends. */
  retryAfterSeconds(): number {
    return Math.min(60, Math.max(1, Math.ceil(this.#runner.meanRunMs / this.#options.concurrency / 1000)));
  }

  /**
   * Accepts and begins nothing more, lets what is under way end within `drainMs`, and puts back what does not: the next
   * start takes it up.
   */
  async close(drainMs: number = SERVER_DRAIN_MS): Promise<void> {
    this.#closing.abort();
    await this.#runner.drain(drainMs);
    clearInterval(this.#sweeper);
    await this.#webhooks.stop();
    this.#store[Symbol.dispose]();
  }

  #end(id: string, state: "CANCELLED" | "TIMED_OUT", error?: AppError): JobRecord {
    const { record } = this.view(id);
    const live = this.#runner.get(id);
    if (!live || isFinal(record.state)) return record;
    this.#runner.finish(live, state, error);
    this.#runner.stop(live);
    return live.record;
  }

  #ended(record: JobRecord): void {
    if (record.state === "COMPLETED") this.#counts.completed++;
    else if (record.state !== "CANCELLED") this.#counts.failed++;
    if (record.webhook !== null) this.#webhooks.look();
  }

  /** Forgets the jobs whose time is over, also those that wait or are under way. */
  async #sweep(): Promise<void> {
    if (this.#sweeping || this.#closing.signal.aborted) return;
    this.#sweeping = true;
    try {
      for (const id of this.#store.expired(Date.now())) {
        const deleted = this.#store.delete(id);
        this.#runner.forget(id);
        await deleted;
      }
    } catch (error) {
      this.#options.log.error({ err: error }, "expired jobs could not be removed");
    } finally {
      this.#sweeping = false;
    }
  }

  async #webhookBody(id: string): Promise<Buffer[]> {
    const view = this.view(id);
    const body = (await parseLargeJson(await this.#store.body(id))) as Record<string, unknown>;
    return webhookBody(view.record, await writeLargeJson(handlerJob(id, body)["input"]), await this.output(view));
  }
}

function noSuchJob(): AppError {
  return new AppError("not_found", "There is no such job, or it has expired.");
}

/** Resolves when `signal` is aborted; `over` lets go of the wait. */
function aborted(signal: AbortSignal, over: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true, signal: over });
  });
}
