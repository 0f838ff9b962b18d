import { Worker } from "node:worker_threads";
import { AppError, type ErrorCode, ERROR_CODES } from "../../errors.ts";
import type { Precision } from "../../graphs/graph-builder.ts";
import type { ModelFacts } from "./model-entry.ts";

/** Looks at files, in order. */
export type InspectTask = { readonly kind: "inspect"; readonly paths: readonly string[] };
/** Writes one graph of a model as `NAME.onnx` and `NAME.bin` into a folder. */
export type WriteTask = {
  readonly kind: "write";
  readonly path: string;
  readonly family: string;
  readonly variant: string;
  readonly part: string;
  readonly precision: Precision;
  readonly folder: string;
  readonly name: string;
};
/** Writes a file that is a graph in the same way. */
export type WriteReadyTask = {
  readonly kind: "write-ready";
  readonly path: string;
  readonly folder: string;
  readonly name: string;
};
export type ModelTask = InspectTask | WriteTask | WriteReadyTask;

export type ModelTaskResult<Task extends ModelTask> = Task extends InspectTask
  ? { readonly [path: string]: ModelFacts | null }
  : void;

/** What the thread says. */
export type ModelMessage =
  | { readonly type: "progress"; readonly done: number; readonly all: number }
  | { readonly type: "done"; readonly result: unknown }
  | { readonly type: "failed"; readonly code: string; readonly message: string };

/**
 * Works on a model in a thread of its own, which ends with the task: reading headers and converting weights takes
 * processor time that jobs and their heartbeat need.
 * @throws AppError `cancelled` on abort, at once; whatever is wrong with the model
 */
export async function inModelThread<Task extends ModelTask>(
  task: Task,
  { signal, onProgress }: { signal?: AbortSignal | undefined; onProgress?: (done: number, all: number) => void } = {},
): Promise<ModelTaskResult<Task>> {
  if (signal?.aborted) throw cancelled(signal);
  // Beside this file in development, in the bundle's folder in production.
  const here = import.meta.url;
  const entry = new URL(here.endsWith(".ts") ? "model-thread-entry.ts" : "model-thread.js", here);
  // It needs nothing from the environment, is to know no keys, and takes no flags after the main thread.
  const worker = new Worker(entry, { name: "models", env: {}, execArgv: [], workerData: task });
  const { promise, resolve, reject } = Promise.withResolvers<ModelTaskResult<Task>>();
  const onAbort = (): void => reject(cancelled(signal));
  signal?.addEventListener("abort", onAbort, { once: true });
  worker.on("message", (message: ModelMessage) => {
    if (message.type === "progress") onProgress?.(message.done, message.all);
    else if (message.type === "done") resolve(message.result as ModelTaskResult<Task>);
    else reject(new AppError(isCode(message.code) ? message.code : "internal", message.message));
  });
  const ended = (cause?: unknown): AppError =>
    new AppError("engine_failed", "The thread that reads models ended. Try again.", { cause });
  worker.on("error", (error) => reject(ended(error)));
  worker.on("exit", () => reject(ended()));
  try {
    return await promise;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    await worker.terminate();
  }
}

function isCode(code: string): code is ErrorCode {
  return (ERROR_CODES as readonly string[]).includes(code);
}

function cancelled(signal: AbortSignal | undefined): AppError {
  return new AppError("cancelled", "The job was cancelled.", { cause: signal?.reason });
}
