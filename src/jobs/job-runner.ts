import { setTimeout as pause } from "node:timers/promises";
import PQueue from "p-queue";
import { AppError, toAppError } from "../errors.ts";
import type { JobEvent } from "../events.ts";
import { FINISHED_LOGS, JOB_STOP_MS, LIGHT_JOBS, RESULT_KEPT_MS } from "../limits/jobs.ts";
import type { Log } from "../log.ts";
import { type ErrorOrigin, jobErrorText } from "./job-error.ts";
import type { JobMetrics } from "./job-metrics.ts";
import { handlerJob } from "./job-request.ts";
import { artifactKeys, withQueueTime } from "./job-result.ts";
import type { JobStore } from "./job-store.ts";
import type { JobOutput, JobRecord, JobState } from "./job.ts";
import { parseLargeJson, writeLargeJson } from "./large-json.ts";
import { type JobLogs, LiveJob } from "./live-job.ts";

/** Runs a job: yields its events, returns its result. Settles soon after an abort, with nothing left behind. */
export type RunJob = (job: unknown, signal: AbortSignal) => AsyncGenerator<JobEvent, Record<string, unknown>, void>;

export type JobRunnerOptions = {
  readonly store: JobStore;
  readonly run: RunJob;
  /** Whether an operation is heavy; undefined for one that does not exist. */
  readonly heavy: (operation: string) => boolean | undefined;
  /** Heavy jobs at once. */
  readonly concurrency: number;
  /** Deletes a stored file; answers whether there was one. */
  readonly deleteFile: (key: string) => Promise<boolean>;
  readonly log: Log;
  readonly origin: ErrorOrigin;
};

/** Low priority is below every other. */
const LOW = -1000;

/** Lets jobs wait in their lanes and runs them: heavy ones as many at once as there are places, light ones at once. */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #metrics: JobMetrics;
  readonly #onEnd: (record: JobRecord) => void;
  readonly #lanes: { readonly heavy: PQueue; readonly light: PQueue };
  /** Jobs that wait or are under way. */
  readonly #live = new Map<string, LiveJob>();
  /** Runs that have not settled, also of jobs that have ended for their callers. */
  readonly #runs = new Map<LiveJob, Promise<void>>();
  readonly #finishedLogs = new Map<string, JobLogs>();
  #waiting = 0;
  #meanRunMs = 1000;
  #draining = false;
  /** Milliseconds that jobs of an operation took lately. */
  readonly #runMs = new Map<string, number>();

  constructor(options: JobRunnerOptions, metrics: JobMetrics, onEnd: (record: JobRecord) => void) {
    this.#options = options;
    this.#metrics = metrics;
    this.#onEnd = onEnd;
    const { concurrency } = options;
    this.#lanes = { heavy: new PQueue({ concurrency }), light: new PQueue({ concurrency: LIGHT_JOBS }) };
  }

  get(id: string): LiveJob | undefined {
    return this.#live.get(id);
  }

  get waiting(): number {
    return this.#waiting;
  }

  waitingJobs(): LiveJob[] {
    return [...this.#live.values()].filter(({ record }) => record.state === "IN_QUEUE");
  }

  get underWay(): number {
    let count = 0;
    for (const live of this.#runs.keys()) if (live.record.state === "IN_PROGRESS") count++;
    return count;
  }

  /** Runs whose work has not settled, those of cancelled jobs included: each holds a place. */
  get unsettled(): number {
    return this.#runs.size;
  }

  /** Heavy jobs that hold a place. */
  get placesTaken(): number {
    return this.#lanes.heavy.pending;
  }

  /** Milliseconds that jobs took lately. */
  get meanRunMs(): number {
    return this.#meanRunMs;
  }

  /** Milliseconds that jobs of an operation took lately; undefined while none has ended well. */
  runMs(operation: string): number | undefined {
    return this.#runMs.get(operation);
  }

  /** Jobs whose callers wait for what is being done. */
  underWayJobs(): LiveJob[] {
    return [...this.#runs.keys()].filter(({ record }) => record.state === "IN_PROGRESS");
  }

  /** What a job told that has ended lately. */
  finishedLogs(id: string): JobLogs | undefined {
    return this.#finishedLogs.get(id);
  }

  /**
   * Puts a job that is written down as IN_QUEUE into its lane.
   * @param body its body's value, if that is at hand: it is kept only for a job that is begun at once
   */
  enqueue(record: JobRecord, body?: unknown): void {
    const live = new LiveJob(record);
    this.#live.set(live.id, live);
    this.#finishedLogs.delete(live.id);
    this.#waiting++;
    const lane = this.#options.heavy(record.operation) === true ? this.#lanes.heavy : this.#lanes.light;
    if (lane.size === 0 && lane.pending < lane.concurrency) live.body = body;
    const { lowPriority, priority } = record.policy;
    const work = (): Promise<void> => {
      const run = this.#run(live).finally(() => this.#runs.delete(live));
      this.#runs.set(live, run);
      return run;
    };
    lane
      .add(work, { priority: priority + (lowPriority ? LOW : 0), signal: live.waiting.signal })
      // Aborted while it waited: whoever did that has said how it ended.
      .catch((error: unknown) => {
        if (!live.waiting.signal.aborted) this.#options.log.error({ job_id: live.id, err: error }, "job broke off");
      });
  }

  /** Writes down how a job ended, and lets those know who wait for it. */
  finish(
    live: LiveJob,
    state: JobState,
    error?: AppError,
    output?: JobOutput & { readonly small: Buffer | null },
  ): void {
    const { record } = live;
    const finishedAt = Date.now();
    const end = {
      state,
      finishedAt,
      expiresAt: Math.min(record.createdAt + record.policy.ttl, finishedAt + RESULT_KEPT_MS),
      error: error ? jobErrorText(error, this.#options.origin) : null,
      artifacts: output ? artifactKeys(output.value) : [],
    };
    try {
      this.#options.store.finish(live.id, end, output);
      this.#takeOut(live, { ...record, ...end });
    } catch (thrown) {
      if (output) throw thrown;
      // The disk may be full. Callers are told what became of the job; the next start will not know and run it again.
      this.#options.log.error({ job_id: live.id, err: thrown }, "the end of a job could not be written down");
      if (record.state === "IN_QUEUE") this.#waiting--;
      live.record = { ...record, ...end };
    }
    if (record.startedAt !== null) {
      const ms = finishedAt - record.startedAt;
      this.#meanRunMs += 0.2 * (ms - this.#meanRunMs);
      const before = this.#runMs.get(record.operation) ?? ms;
      // Only operations that exist complete, so the map stays small.
      if (state === "COMPLETED") this.#runMs.set(record.operation, before + 0.2 * (ms - before));
    }
    if (error) live.logs.failure = error;
    live.output = output;
    this.#metrics.ended(live.record, output?.value["receipt"]);
    this.#keepLogs(live);
    live.leave();
    this.#onEnd(live.record);
  }

  /** Stops the work of a job that has ended for its callers. */
  stop(live: LiveJob): void {
    live.work.abort();
    // Of a job under way the lane would let go at once, before the work has stopped.
    if (live.record.startedAt === null) live.waiting.abort();
  }

  /** Stops a job that nobody is to hear of again. */
  forget(id: string): void {
    this.#finishedLogs.delete(id);
    const live = this.#live.get(id);
    if (!live) return;
    this.#takeOut(live, { ...live.record, state: "CANCELLED" });
    this.stop(live);
    live.leave();
  }

  /** Begins nothing more, waits for what is under way, and puts back into the store what has not ended by then. */
  async drain(drainMs: number): Promise<void> {
    this.#draining = true;
    for (const lane of Object.values(this.#lanes)) lane.pause();
    const settled = (): Promise<unknown> => Promise.all(this.#runs.values());
    await Promise.race([settled(), pause(drainMs, undefined, { ref: false })]);
    for (const live of this.#runs.keys()) {
      if (live.record.state !== "IN_PROGRESS") continue;
      await this.#putBack(live);
      live.work.abort();
    }
    // Work stops within the grace that children have after an abort; what hangs is left to the end of the process.
    await Promise.race([settled(), pause(JOB_STOP_MS, undefined, { ref: false })]);
    for (const live of this.#live.values()) live.leave();
  }

  /** The next start begins the job anew. */
  async #putBack(live: LiveJob): Promise<void> {
    live.record = { ...live.record, state: "IN_QUEUE" };
    await this.#options.store.requeue(live.id, live.record.attempts - 1);
  }

  /** The job is out of the queue and known by its record alone. */
  #takeOut(live: LiveJob, record: JobRecord): void {
    if (live.record.state === "IN_QUEUE" && this.#live.get(live.id) === live) this.#waiting--;
    live.record = record;
    if (this.#live.get(live.id) === live) this.#live.delete(live.id);
  }

  async #run(live: LiveJob): Promise<void> {
    if (live.record.state !== "IN_QUEUE") return;
    const { store } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    try {
      this.#waiting--;
      const startedAt = Date.now();
      live.record = { ...live.record, state: "IN_PROGRESS", startedAt, attempts: live.record.attempts + 1 };
      store.start(live.id, startedAt);
      this.#metrics.began(live.record);
      timer = setTimeout(() => this.#timeOut(live), live.record.policy.executionTimeout);
      const value = await this.#work(live);
      const json = await writeLargeJson(value);
      const small = isUnderWay(live) ? await store.prepareOutput(live.id, json) : null;
      if (isUnderWay(live)) this.finish(live, "COMPLETED", undefined, { value, json, small });
      // Nobody will ask for the files of a job that was ended in the meantime.
      else for (const key of artifactKeys(value)) await this.#options.deleteFile(key);
    } catch (error) {
      const known = toAppError(error);
      if (!isUnderWay(live)) return;
      // Who stops this process may have stopped what it had started, too.
      if (this.#draining && known.retryable) await this.#putBack(live);
      else this.finish(live, "FAILED", known);
    } finally {
      clearTimeout(timer);
    }
  }

  async #work(live: LiveJob): Promise<Record<string, unknown>> {
    const body = live.body ?? (await parseLargeJson(await this.#options.store.body(live.id)));
    live.body = undefined;
    const { signal } = live.work;
    signal.throwIfAborted();
    const events = this.#options.run(handlerJob(live.id, body), signal);
    for (;;) {
      const step = await events.next();
      if (step.done) return withQueueTime(step.value, live.record);
      live.tell(step.value);
    }
  }

  #timeOut(live: LiveJob): void {
    if (!isUnderWay(live)) return;
    const { executionTimeout } = live.record.policy;
    const message = `The job took longer than the ${executionTimeout} ms of its policy.executionTimeout.`;
    this.finish(live, "TIMED_OUT", new AppError("timeout", message));
    this.stop(live);
  }

  #keepLogs(live: LiveJob): void {
    this.#finishedLogs.set(live.id, live.logs);
    let bytes = 0;
    for (const { events, parts } of this.#finishedLogs.values()) bytes += events.bytes + parts.bytes;
    for (const [oldest, { events, parts }] of this.#finishedLogs) {
      if (this.#finishedLogs.size <= FINISHED_LOGS.jobs && bytes <= FINISHED_LOGS.bytes) return;
      bytes -= events.bytes + parts.bytes;
      this.#finishedLogs.delete(oldest);
    }
  }
}

function isUnderWay(live: LiveJob): boolean {
  return live.record.state === "IN_PROGRESS";
}
