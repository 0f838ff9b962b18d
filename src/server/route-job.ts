import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { JobResult } from "../../handler/index.ts";
import { type outputSchema, parseJob } from "../../handler/job.ts";
import type { z } from "zod";
import { AppError, ERROR_CODES, type ErrorCode } from "../errors.ts";
import type { JobEvent } from "../events.ts";
import { readJobError } from "../jobs/job-error.ts";
import { readJobRequest } from "../jobs/job-request.ts";
import { isFinal, type JobPolicy, type JobRecord } from "../jobs/job.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { parseLargeJson, writeLargeJson } from "../jobs/large-json.ts";
import { SERVER_PATIENCE } from "../limits/server.ts";
import { OPERATIONS } from "../operations/index.ts";

/** A job as a documented route wants it. */
export type RouteJobRequest = {
  readonly operation: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly output?: z.input<typeof outputSchema>;
  readonly policy?: Partial<JobPolicy>;
  /** Milliseconds from the request to the job's end; infinity where the document says that there is no limit. */
  readonly deadlineMs?: number;
};

/** Who started a job: the name that the caller goes by (`sid`), and the address the request came from. */
export type Owner = { readonly sid: string; readonly address: string };

/** How a caller stays with a job. */
export type Following = {
  /** Aborted when the caller has gone: the job is cancelled unless somebody else follows it. */
  readonly signal: AbortSignal;
  /** Milliseconds in which a caller who has gone may come back before the job is cancelled. Default none. */
  readonly graceMs?: number;
};

export type RouteJob = {
  readonly id: string;
  /** What the job tells, from its begin or after the event that the caller knows, until it has ended. */
  readonly events: AsyncIterable<{ readonly id: number; readonly event: JobEvent }>;
  /** What the job ends with. @throws AppError what it failed with; `cancelled`; `shutting_down` */
  result(): Promise<JobResult>;
};

/** What is remembered of a route's job besides the job itself, while it waits or is under way. */
type Entry = { readonly owner: Owner | undefined; followers: number };

/** The jobs that documented routes started: who owns them, and who is still there to hear of them. */
export class RouteJobs {
  readonly #jobs: Jobs;
  readonly #deadlineMs: number;
  readonly #entries = new Map<string, Entry>();

  /** @param deadlineMs milliseconds from a request to its job's end, where the route sets no other */
  constructor(jobs: Jobs, deadlineMs: number = SERVER_PATIENCE.jobMs) {
    this.#jobs = jobs;
    this.#deadlineMs = deadlineMs;
  }

  /** Who started a job that waits or is under way. */
  owner(id: string): Owner | undefined {
    return this.#entries.get(id)?.owner;
  }

  /** Ids of the jobs of a `sid` that wait or are under way. */
  ofSid(sid: string): string[] {
    return [...this.#entries].filter(([, { owner }]) => owner?.sid === sid).map(([id]) => id);
  }

  /**
   * Submits a job and follows it.
   * @throws AppError `invalid_input` with violations for bad params; as `Jobs.submit`
   */
  async start(request: RouteJobRequest, { owner, ...following }: Following & { owner?: Owner }): Promise<RouteJob> {
    const { operation, params, output, policy, deadlineMs = this.#deadlineMs } = request;
    const body = { input: { operation, params, ...(output ? { output } : {}) }, policy: { retry: "fail", ...policy } };
    // The job reads them again; what is wrong with them is the caller's to hear before anything is begun.
    parseJob(body, OPERATIONS, randomUUID);
    following.signal.throwIfAborted();
    const { id } = await this.#jobs.submit(readJobRequest(body, await writeLargeJson(body), null));
    const entry: Entry = { owner, followers: 0 };
    this.#entries.set(id, entry);
    const deadline = this.#setDeadline(id, deadlineMs);
    void this.#ended(id).finally(() => {
      clearTimeout(deadline);
      this.#entries.delete(id);
    });
    return this.follow(id, 0, following);
  }

  /** Goes on with the stream of an operation's job that broke off after an event. @throws AppError `not_found` */
  resume(
    { job, after }: { readonly job: string; readonly after: number },
    operation: string,
    following: Following,
  ): RouteJob {
    if (this.#jobs.view(job).record.operation === operation) return this.follow(job, after, following);
    throw new AppError("not_found", "There is no such job, or it has expired.");
  }

  /** Follows a job that was started before. @throws AppError `not_found` */
  follow(id: string, after: number, { signal, graceMs = 0 }: Following): RouteJob {
    this.#jobs.view(id);
    this.#stayWith(id, signal, graceMs);
    return { id, events: this.#events(id, after, signal), result: () => this.#result(id, signal) };
  }

  #setDeadline(id: string, ms: number): NodeJS.Timeout | undefined {
    if (ms === Number.POSITIVE_INFINITY) return undefined;
    const message = `The request took longer than the ${Math.round(ms / 1000)} s that it may. Send less at once, or try again when the server has less to do.`;
    return setTimeout(() => this.#jobs.timeOut(id, message), ms).unref();
  }

  #stayWith(id: string, signal: AbortSignal, graceMs: number): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.followers++;
    const left = async (): Promise<void> => {
      if (graceMs > 0) await pause(graceMs, undefined, { ref: false });
      if (--entry.followers === 0 && this.#entries.get(id) === entry) this.#jobs.cancel(id);
    };
    if (signal.aborted) void left();
    else signal.addEventListener("abort", () => void left(), { once: true });
  }

  async *#events(id: string, from: number, signal: AbortSignal): AsyncGenerator<{ id: number; event: JobEvent }, void> {
    const { events } = this.#jobs.logs(id);
    let after = from;
    while (!signal.aborted) {
      await events.waitAfter(after, signal);
      const page = events.after(after);
      for (const { id: place, event } of page.events) {
        if (signal.aborted) return;
        after = place;
        yield { id: place, event: event as JobEvent };
      }
      if (page.ended) return;
    }
  }

  async #result(id: string, signal: AbortSignal): Promise<JobResult> {
    const { policy } = this.#jobs.view(id).record;
    const view = await this.#jobs.wait(id, policy.ttl, signal);
    const { record } = view;
    if (view.output) return view.output.value as JobResult;
    const kept = await this.#jobs.output(view);
    if (kept) return (await parseLargeJson(Buffer.concat(kept))) as JobResult;
    if (!isFinal(record.state) && !signal.aborted) this.#jobs.cancel(id);
    throw failureOf(record, this.#jobs.logs(id).failure);
  }

  async #ended(id: string): Promise<void> {
    const { policy } = this.#jobs.view(id).record;
    await this.#jobs.wait(id, policy.ttl);
  }
}

/** Starts a job for a route: `signal` says when its caller has gone, which cancels it. */
export function startRouteJob(
  { routeJobs }: { readonly routeJobs: RouteJobs },
  request: RouteJobRequest,
  following: Following & { readonly owner?: Owner },
): Promise<RouteJob> {
  return routeJobs.start(request, following);
}

/** Why a job has no result. @param failure the error itself, where this process still knows it */
function failureOf(record: JobRecord, failure: AppError | undefined): AppError {
  if (failure) return failure;
  if (record.error !== null) {
    const { code, message } = readJobError(record.error);
    const known = ERROR_CODES.find((candidate): candidate is ErrorCode => candidate === code);
    return new AppError(known ?? "internal", message);
  }
  if (record.state === "CANCELLED") return new AppError("cancelled", "The job was cancelled.");
  if (record.state === "COMPLETED") return new AppError("not_found", "The job's result is not kept any longer.");
  return new AppError("shutting_down", "The server is shutting down. Try again shortly.");
}
