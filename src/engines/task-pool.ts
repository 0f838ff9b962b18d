import { Worker, type Transferable } from "node:worker_threads";
import { AppError } from "../errors.ts";
import { IDLE_THREAD_MS } from "../limits/speech.ts";

/** What a thread gets, and what it answers: the same number, and a result or the reason why there is none. */
export type PoolRequest<Task> = { readonly id: number; readonly task: Task };
export type PoolReply<Result> =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly failure: string };

type Job = {
  readonly id: number;
  readonly task: unknown;
  readonly transfer: readonly Transferable[];
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  /** Takes the listener off the signal. */
  readonly release: () => void;
};

type Lane = { readonly worker: Worker; job: Job | undefined };

/**
 * A few worker threads that run one task each at a time, first come first served. They start when there is work, hold
 * the process only while they work, and end when there has been none for a while. One whose task is cancelled ends at
 * once; the next task gets a fresh one.
 */
export class TaskPool implements AsyncDisposable {
  readonly size: number;
  readonly #entry: URL;
  readonly #lanes = new Set<Lane>();
  readonly #waiting: Job[] = [];
  readonly #ending = new Set<Promise<unknown>>();
  #count = 0;
  readonly #idleMs: number;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param entry the threads' module; `size` how many at most; `idleMs` after which threads without work end */
  constructor(entry: URL, size: number, idleMs = IDLE_THREAD_MS) {
    this.#entry = entry;
    this.size = size;
    this.#idleMs = idleMs;
  }

  /** Threads that are up. */
  get threads(): number {
    return this.#lanes.size;
  }

  /** Threads that have a task. */
  get working(): number {
    return [...this.#lanes].filter((lane) => lane.job !== undefined).length;
  }

  /**
   * What a thread makes of `task`, a value that can be cloned; the buffers in `transfer` go over without a copy.
   * @throws AppError `cancelled`, `engine_failed`
   */
  run<Result>(task: unknown, signal: AbortSignal, transfer: readonly Transferable[] = []): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (signal.aborted || this.#closed) {
        reject(cancelled(signal.reason));
        return;
      }
      const abort = (): void => this.#cancel(job, signal.reason);
      const release = (): void => signal.removeEventListener("abort", abort);
      const job: Job = { id: ++this.#count, task, transfer, resolve, reject, release };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(job);
      this.#dispatch();
    });
  }

  /** Ends the threads; what they were at fails as cancelled. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    for (const job of this.#waiting.splice(0)) settle(job, cancelled("closed"));
    for (const lane of this.#lanes) this.#end(lane, cancelled("closed"));
    await Promise.allSettled(this.#ending);
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const lane = [...this.#lanes].find((one) => one.job === undefined) ?? this.#grow();
      if (!lane) return;
      const job = this.#waiting.shift() as Job;
      lane.job = job;
      lane.worker.ref();
      try {
        lane.worker.postMessage({ id: job.id, task: job.task } satisfies PoolRequest<unknown>, [...job.transfer]);
      } catch (cause) {
        lane.job = undefined;
        lane.worker.unref();
        settle(job, new AppError("engine_failed", "A task could not be handed to its thread.", { cause }));
      }
    }
  }

  #grow(): Lane | undefined {
    if (this.#lanes.size >= this.size) return undefined;
    const lane: Lane = { worker: new Worker(this.#entry, { execArgv: [] }), job: undefined };
    this.#lanes.add(lane);
    lane.worker.on("message", (reply: PoolReply<unknown>) => this.#answer(lane, reply));
    lane.worker.on("error", (cause) => this.#lose(lane, cause));
    lane.worker.on("exit", () => this.#lose(lane, undefined));
    return lane;
  }

  #answer(lane: Lane, reply: PoolReply<unknown>): void {
    const job = lane.job;
    if (!job || job.id !== reply.id) return;
    lane.job = undefined;
    lane.worker.unref();
    if ("result" in reply) settle(job, undefined, reply.result);
    else settle(job, failed(new Error(reply.failure)));
    this.#dispatch();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#thin(), this.#idleMs).unref();
  }

  #thin(): void {
    for (const lane of this.#lanes) if (lane.job === undefined) this.#end(lane, cancelled("idle"));
  }

  /** A thread went down by itself. */
  #lose(lane: Lane, cause: unknown): void {
    if (!this.#lanes.delete(lane)) return;
    if (lane.job) settle(lane.job, failed(cause));
    this.#dispatch();
  }

  #cancel(job: Job, reason: unknown): void {
    const place = this.#waiting.indexOf(job);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      settle(job, cancelled(reason));
      return;
    }
    for (const lane of this.#lanes) if (lane.job === job) this.#end(lane, cancelled(reason));
    this.#dispatch();
  }

  #end(lane: Lane, error: Error): void {
    this.#lanes.delete(lane);
    const ended = lane.worker.terminate();
    this.#ending.add(ended);
    void ended.finally(() => this.#ending.delete(ended));
    if (lane.job) settle(lane.job, error);
    lane.job = undefined;
  }
}

function settle(job: Job, error: Error | undefined, result?: unknown): void {
  job.release();
  if (error) job.reject(error);
  else job.resolve(result as never);
}

function cancelled(cause: unknown): AppError {
  return new AppError("cancelled", "The job was cancelled.", { cause });
}

function failed(cause: unknown): AppError {
  return new AppError("engine_failed", "The thread that worked on the sound failed. Try again.", { cause });
}
