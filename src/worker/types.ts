import type { ErrorDescription } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { JobLog, Log } from "./log.ts";

/** A job as the platform hands it over. Keys beyond these pass through. */
export type Job<Input = unknown> = {
  readonly id: string;
  readonly input: Input;
  readonly webhook?: string;
  readonly batchId?: string;
  readonly [extra: string]: unknown;
};

/** What a handler gets beside its job. */
export type JobContext = {
  readonly id: string;
  readonly workerId: string;
  /** Aborted when the platform stops the job or the worker shuts down; its reason is a `WorkerError`. */
  readonly signal: AbortSignal;
  /**
   * Shows clients any JSON as the job's output so far. Never waits, never throws: the newest update wins when they come
   * faster than they can be sent, and none is sent after the result.
   */
  readonly progress: (update: unknown) => void;
  /**
   * Sends a stream part, as a generator does by yielding it; settles when there is room for the next one. The first makes
   * the job a stream.
   */
  readonly stream: (part: unknown) => Promise<void>;
  readonly log: JobLog;
};

/**
 * Does one job. What it returns (or resolves to) is the job's output; what it throws is the job's error. An object's
 * `error` and `refresh_worker` are taken out: the one fails the job, the other asks for a fresh worker.
 *
 * A generator streams: each value it yields is sent as a part, and the value it returns, if any, is the output.
 */
export type Handler<Input = unknown> = (
  job: Job<Input>,
  context: JobContext,
) => unknown | Promise<unknown> | AsyncGenerator<unknown, unknown, void> | Generator<unknown, unknown, void>;

/** Something that must be in order before the first job; it throws to say what is not. */
export type FitnessCheck = {
  readonly name: string;
  readonly check: (signal: AbortSignal) => unknown | Promise<unknown>;
};

/** A result that the platform would refuse for its size. */
export type OversizeResult = {
  readonly job: Job;
  /** What the handler returned. */
  readonly result: unknown;
  /** Its size as it would be sent, and the most that may be. */
  readonly bytes: number;
  readonly limitBytes: number;
  readonly signal: AbortSignal;
};

export type WorkerOptions<Input = unknown> = {
  readonly handler: Handler<Input>;
  /**
   * Jobs that run at once: a number, or a function of the current number that is asked before every take, whenever a job
   * ends and several times a second while every place is taken. Rounded, at least 1. Default 1.
   */
  readonly concurrency?: number | ((current: number) => number);
  /** Run one after the other before anything else; the first that throws ends the process with code 1. */
  readonly fitnessChecks?: readonly FitnessCheck[];
  /**
   * Warms up (loads a model, say) while the first job is already being taken. Handlers wait for it. When it throws, the
   * jobs at hand fail with its reason and the process ends with code 1, instead of starting over in silence.
   */
  readonly prepare?: (signal: AbortSignal) => unknown | Promise<unknown>;
  /** Called once when the worker has finished, before the process exits; it gets `limits.farewellMs`. */
  readonly cleanUp?: () => unknown | Promise<unknown>;
  /** Ends the worker after each job, and asks the platform for a fresh one. */
  readonly refreshWorker?: boolean;
  /** Puts all parts of a stream into the output as well, unless the generator returns a value. */
  readonly aggregateStream?: boolean;
  /** Joins parts that are text and wait to be sent into one: fewer requests for streams of tokens. */
  readonly joinText?: boolean;
  /** Called with a result that is too large; returns what to send instead, such as a URL. */
  readonly onOversize?: (oversize: OversizeResult) => unknown | Promise<unknown>;
  /** How errors are described to clients. Default: name, message and stack. */
  readonly describeError?: (error: unknown) => ErrorDescription;
  /** Called with a result that the platform would not take within `limits.resultRetryMs`. */
  readonly onUndelivered?: (jobId: string, body: Buffer) => void;
  /** Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the platform's format on the standard output. */
  readonly log?: Log;
  readonly limits?: Partial<Limits>;
  /**
   * Whether the worker owns the process: SIGTERM and SIGINT drain it (a second after the first: exit at once), an uncaught error fails the
   * jobs at hand, and the process exits when the worker has finished. Default true.
   */
  readonly ownsProcess?: boolean;
};

/** Why a worker finished. */
export type Finish = {
  readonly reason: "stopped" | "refresh" | "unfit" | "prepare_failed" | "stuck" | "crashed";
  readonly exitCode: 0 | 1;
};

/** A running worker. */
export type Worker = AsyncDisposable & {
  readonly id: string;
  /** Settles when nothing of the worker is left. Never rejects. */
  readonly finished: Promise<Finish>;
  /** Ids of the jobs that it holds. */
  readonly jobs: readonly string[];
  /** Takes effect at once. */
  setConcurrency(places: number): void;
  /** Takes no more jobs, finishes those at hand within `limits.drainMs`, and reports what it could not finish. */
  stop(): Promise<Finish>;
};
