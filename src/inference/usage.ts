import type { Pool } from "./model-memory.ts";

/** What inference holds in memory at the moment, and what it has done since the process began. */
export type InferenceUsage = {
  /** Networks that are open. */
  sessions: number;
  /** Bytes of their files; what a runtime needs besides is not in it. */
  modelBytes: number;
  runs: number;
  /** Runs of those that were stopped before their end. */
  stopped: number;
  /** Milliseconds that runs took, waits in line not counted. */
  runMs: number;
  /** Bytes that the networks of the model cache take of each memory, as measured. */
  readonly cacheBytes: Record<Pool, number>;
  /** Networks that the cache loaded, and milliseconds that it took. */
  loads: number;
  loadMs: number;
  /** Times that the cache was asked for a network which was open, or being opened. */
  hits: number;
  /** Networks that were closed to make room, and those that nobody had used for long. */
  evictions: number;
  unloads: number;
  /** Networks that were opened again after their thread had ended. */
  reopened: number;
};

/** Of all threads of this process. Only this folder writes it. */
export const inferenceUsage: InferenceUsage = {
  sessions: 0,
  modelBytes: 0,
  runs: 0,
  stopped: 0,
  runMs: 0,
  cacheBytes: { gpu: 0, host: 0 },
  loads: 0,
  loadMs: 0,
  hits: 0,
  evictions: 0,
  unloads: 0,
  reopened: 0,
};
