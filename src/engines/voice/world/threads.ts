import { availableParallelism } from "node:os";
import { TaskPool } from "../../task-pool.ts";
import type { VoiceResult, VoiceTask } from "./protocol.ts";

/** More threads than this only take memory from other jobs. */
const MOST_THREADS = 4;

/** The threads that find pitches, measure voices and render them. */
export class VoiceThreads implements AsyncDisposable {
  readonly #pool: TaskPool;

  constructor(size = Math.max(1, Math.min(MOST_THREADS, availableParallelism()))) {
    // Beside this file in development, in the bundle's folder in production.
    const here = import.meta.url;
    this.#pool = new TaskPool(new URL(here.endsWith(".ts") ? "thread.ts" : "voice-thread.js", here), size);
  }

  /** Tasks that run at once. */
  get size(): number {
    return this.#pool.size;
  }

  /** Threads that have a task. */
  get working(): number {
    return this.#pool.working;
  }

  /** Threads that are up. */
  get running(): number {
    return this.#pool.threads;
  }

  /** @throws AppError `cancelled`, `engine_failed` */
  run<Task extends VoiceTask>(task: Task, signal: AbortSignal): Promise<VoiceResult<Task>> {
    return this.#pool.run<VoiceResult<Task>>(task, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool[Symbol.asyncDispose]();
  }
}
