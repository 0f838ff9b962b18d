/**
 * A RunPod serverless worker for Node. It stands alone: it imports nothing but Node's own modules.
 * @module
 */
import { describeError } from "./errors.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { createLog } from "./log.ts";
import { readPlatform } from "./platform.ts";
import { QueueWorker } from "./queue-worker.ts";
import type { Finish, Worker, WorkerOptions } from "./types.ts";

export { type ErrorDescription, WorkerError, type WorkerErrorCode } from "./errors.ts";
export { LIMITS, type Limits } from "./limits.ts";
export type { JobLog, Level, Log } from "./log.ts";
export { isQueueWorker } from "./platform.ts";
export { systemChecks } from "./system-checks.ts";
export type {
  FitnessCheck,
  Finish,
  Handler,
  Job,
  JobContext,
  OversizeResult,
  Worker,
  WorkerOptions,
} from "./types.ts";
export { VERSION } from "./version.ts";

/**
 * Starts taking jobs from the platform's queue.
 * @example
 * startWorker({ handler: async ({ input }, { signal, progress }) => ({ echo: input }) });
 * @throws WorkerError `bad_environment` where there is no queue
 */
export function startWorker<Input = unknown>(options: WorkerOptions<Input>): Worker {
  const env = options.env ?? process.env;
  const limits = { ...LIMITS, ...options.limits };
  const log = options.log ?? createLog(env);
  const platform = readPlatform(env, limits);
  // The platform guarantees nothing about an input: its type is the caller's claim.
  const worker = new QueueWorker({ options: options as WorkerOptions, platform, limits, log });
  const release =
    options.ownsProcess === false ? (): void => {} : ownProcess(worker, limits, (message) => log("error", message));
  const finished = worker.finished.then((finish) => {
    release();
    return finish;
  });
  void worker.live();
  const stop = (): Promise<Finish> => {
    worker.end({ reason: "stopped", exitCode: 0 });
    return finished;
  };
  return {
    id: worker.id,
    finished,
    get jobs() {
      return worker.jobs;
    },
    setConcurrency: (places) => worker.setConcurrency(places),
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/** Ties the process's life to the worker's. */
function ownProcess(worker: QueueWorker, limits: Limits, complain: (message: string) => void): () => void {
  let first: number | undefined;
  const onSignal = (): void => {
    const now = performance.now();
    // A supervisor that signals a whole group, and a launcher in it that hands the signal on, say one thing twice.
    if (first !== undefined && now - first > limits.sameStopMs) process.exit(130);
    first ??= now;
    worker.end({ reason: "stopped", exitCode: 0 });
  };
  const onUncaught = (error: unknown): void => {
    complain(`Uncaught: ${describeError(error).traceback ?? describeError(error).message}`);
    worker.crash(error);
  };
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal).on("uncaughtException", onUncaught);
  return () => {
    process.off("SIGTERM", onSignal).off("SIGINT", onSignal).off("uncaughtException", onUncaught);
    // Whatever a handler left open must not keep a finished worker's process alive. What is written must get out first.
    void worker.finished.then(({ exitCode }) => {
      process.exitCode = exitCode;
      process.stdout.write("", () => process.exit(exitCode));
    });
  };
}
