import { describeError, WorkerError } from "./errors.ts";
import { isFit } from "./fitness.ts";
import { Heartbeat } from "./heartbeat.ts";
import { HttpClient } from "./http.ts";
import type { Limits } from "./limits.ts";
import type { Log } from "./log.ts";
import type { Taken } from "./parse-jobs.ts";
import { pause, within } from "./pauses.ts";
import type { Platform } from "./platform.ts";
import { TakePoll, watchStops } from "./polls.ts";
import { Poster } from "./poster.ts";
import { type Desk, RunningJob } from "./running-job.ts";
import type { Finish, WorkerOptions } from "./types.ts";

type Parts = {
  readonly options: WorkerOptions;
  readonly platform: Platform;
  readonly limits: Limits;
  readonly log: Log;
};

/** The worker: takes jobs as places are free, runs them, and brings each to its end. */
export class QueueWorker {
  readonly #parts: Parts;
  readonly #client: HttpClient;
  readonly #heartbeat: Heartbeat;
  readonly #desk: Desk;
  readonly #prepared = Promise.withResolvers<void>();
  /** Ends the polls and the fitness checks. */
  readonly #intake = new AbortController();
  readonly #finished = Promise.withResolvers<Finish>();
  /** Every job from take to acknowledged result. */
  readonly #jobs = new Map<string, RunningJob>();
  readonly #waiting: RunningJob[] = [];
  /** Handlers that run: places taken. */
  #running = 0;
  #places = 1;
  #change = Promise.withResolvers<void>();
  #finish: Finish | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { options, platform, limits, log } = parts;
    this.#client = new HttpClient(limits.idleSocketMs);
    this.#heartbeat = new Heartbeat({ platform, limits, log, onThaw: () => this.#client.thaw(limits.thawGraceMs) });
    const poster = new Poster(this.#client, platform, limits, log);
    this.#desk = { options, platform, limits, log, poster, prepared: this.#prepared.promise };
    // Nobody waits for it while no job is at hand.
    this.#prepared.promise.catch(() => {});
    if (typeof options.concurrency === "number") this.#places = wholePlaces(options.concurrency, 1);
  }

  get id(): string {
    return this.#parts.platform.workerId;
  }

  get finished(): Promise<Finish> {
    return this.#finished.promise;
  }

  get jobs(): string[] {
    return [...this.#jobs.keys()];
  }

  /** Lives until it is told to stop. Never rejects. */
  async live(): Promise<void> {
    const { options, limits, platform, log } = this.#parts;
    const { signal } = this.#intake;
    const parts = { client: this.#client, platform, limits, log, signal };
    try {
      if (!(await isFit(options.fitnessChecks ?? [], parts, signal))) {
        return this.end({ reason: signal.aborted ? "stopped" : "unfit", exitCode: signal.aborted ? 0 : 1 });
      }
      this.#prepare();
      await Promise.all([
        this.#take(new TakePoll(parts)),
        watchStops(parts, (id) => this.#stopJob(id)),
        // Starting a thread takes longer than sending a request: the first take goes out before.
        pause(limits.heartbeatDelayMs, signal).then(() => this.#heartbeat.start()),
      ]);
    } catch (error) {
      log("error", `The worker failed: ${describeError(error).message}`);
      this.end({ reason: "crashed", exitCode: 1 });
    } finally {
      await this.#drain();
    }
  }

  setConcurrency(places: number): void {
    this.#places = wholePlaces(places, this.#places);
    this.#startWaiting();
    this.#changed();
  }

  /** Takes no more jobs; the first reason counts. */
  end(finish: Finish): void {
    if (this.#finish) return;
    this.#finish = finish;
    this.#parts.log("info", `No more jobs are taken (${finish.reason}); ${this.#jobs.size} at hand.`);
    this.#intake.abort();
    this.#changed();
  }

  /** Fails every job at hand with a reason, and ends. */
  crash(error: unknown): void {
    const { message } = describeError(error);
    this.end({ reason: "crashed", exitCode: 1 });
    this.#abandon(new WorkerError("worker_crashed", `The worker broke down: ${message}`, { cause: error }));
  }

  #prepare(): void {
    const { options, log } = this.#parts;
    if (!options.prepare) return this.#prepared.resolve();
    const prepare = options.prepare;
    (async () => await prepare(this.#intake.signal))().then(
      () => this.#prepared.resolve(),
      (error: unknown) => {
        const { message } = describeError(error);
        log("error", `The worker could not get ready: ${message}`);
        const reason = `The worker could not get ready: ${message}`;
        this.#prepared.reject(new WorkerError("prepare_failed", reason, { cause: error }));
        // A worker that is told to stop while it gets ready has not failed.
        if (!this.#finish) this.end({ reason: "prepare_failed", exitCode: 1 });
      },
    );
  }

  async #take(poll: TakePoll): Promise<void> {
    const { signal } = this.#intake;
    while (!signal.aborted) {
      this.#askConcurrency();
      const free = this.#free();
      if (free <= 0) {
        const { options, limits } = this.#parts;
        const change = this.#change.promise;
        await (typeof options.concurrency === "function" ? within(change, limits.concurrencyCheckMs) : change);
        continue;
      }
      const taken = await poll.take(free, this.#jobs.size > 0);
      if (taken) this.#accept(taken);
    }
  }

  /** Places without a job. Results that wait for the platform hold up the next job only when they pile up. */
  #free(): number {
    const posting = this.#jobs.size - this.#running - this.#waiting.length;
    if (posting > Math.max(2, this.#places)) return 0;
    return this.#places - this.#running - this.#waiting.length;
  }

  #accept({ jobs, refused }: Taken): void {
    const { log } = this.#parts;
    // Before a handler may block this thread.
    this.#heartbeat.start();
    for (const job of jobs) {
      if (this.#jobs.has(job.id)) log("warn", "The job came again while it was at hand; this copy is ignored.", job.id);
      else this.#admit(new RunningJob(job, this.#desk));
    }
    for (const { id, error } of refused) {
      log("error", `A job cannot be run: ${error.message}`, id);
      if (id === undefined || this.#jobs.has(id)) continue;
      const stillborn = new RunningJob({ id, input: null }, this.#desk);
      this.#jobs.set(id, stillborn);
      void stillborn.report({ kind: "failed", error }).finally(() => this.#forget(stillborn));
    }
    this.#heartbeat.hold(this.#jobs.keys());
  }

  #admit(job: RunningJob): void {
    this.#jobs.set(job.id, job);
    this.#waiting.push(job);
    this.#startWaiting();
  }

  /** More jobs than places come only when there are fewer places than when they were asked for. */
  #startWaiting(): void {
    while (this.#running < this.#places) {
      const job = this.#waiting.shift();
      if (!job) return;
      this.#running += 1;
      void this.#bringToEnd(job);
    }
  }

  async #bringToEnd(job: RunningJob): Promise<void> {
    const { log } = this.#parts;
    log("info", "Started.", job.id);
    const { settled, outcome } = await job.run();
    this.#running -= 1;
    this.#startWaiting();
    if (!settled && !this.#finish) {
      log("error", "The handler does not end although its signal was aborted: the worker will be replaced.", job.id);
      this.end({ reason: "stuck", exitCode: 1 });
    }
    this.#changed();
    await job.report(outcome);
    log("info", "Finished.", job.id);
    this.#forget(job);
    if (job.refresh) this.end({ reason: "refresh", exitCode: 0 });
  }

  #forget(job: RunningJob): void {
    this.#jobs.delete(job.id);
    this.#heartbeat.hold(this.#jobs.keys());
    this.#changed();
  }

  #stopJob(id: string): void {
    const job = this.#jobs.get(id);
    if (!job) return;
    this.#parts.log("info", "Stopped by the platform.", id);
    job.stop();
    const index = this.#waiting.indexOf(job);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    this.#forget(job);
  }

  #askConcurrency(): void {
    const { concurrency } = this.#parts.options;
    if (typeof concurrency !== "function") return;
    try {
      this.#places = wholePlaces(concurrency(this.#places), this.#places);
    } catch (error) {
      this.#parts.log("error", `The concurrency function failed: ${describeError(error).message}`);
    }
    this.#startWaiting();
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  #abandon(reason: WorkerError): void {
    for (const job of this.#jobs.values()) job.abandon(reason);
  }

  /** Jobs at hand get their time, then are reported as failed, then are given up. */
  async #drain(): Promise<void> {
    const { limits, log, options } = this.#parts;
    const finish = this.#finish ?? { reason: "stopped", exitCode: 0 };
    this.#finish = finish;
    await this.#emptyWithin(limits.drainMs);
    if (this.#jobs.size > 0) {
      log("warn", `${this.#jobs.size} job(s) did not end within ${limits.drainMs} ms.`);
      this.#abandon(new WorkerError("worker_stopping", "The worker was shut down before the job ended. Run it again."));
      // Those that still wait for a place only have to be reported.
      this.#places = Number.MAX_SAFE_INTEGER;
      this.#startWaiting();
      await this.#emptyWithin(limits.farewellMs);
    }
    for (const job of this.#jobs.values()) job.giveUp();
    await this.#heartbeat.stop();
    this.#client.close();
    try {
      await within(Promise.resolve(options.cleanUp?.()), limits.farewellMs);
    } catch (error) {
      log("error", `The clean-up failed: ${describeError(error).message}`);
    }
    this.#finished.resolve(finish);
  }

  async #emptyWithin(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (this.#jobs.size > 0 && performance.now() < until)
      await within(this.#change.promise, until - performance.now());
  }
}

/** A number of places as asked for; what is no number changes nothing. */
function wholePlaces(asked: number, current: number): number {
  return typeof asked === "number" && Number.isFinite(asked) ? Math.max(1, Math.round(asked)) : current;
}
