import { startWorker, type Worker, type WorkerOptions } from "../../src/worker/index.ts";
import type { Simulator } from "../../src/worker/simulator/index.ts";

/** A line that the worker logged. */
export type Line = { readonly level: string; readonly message: string; readonly jobId: string | undefined };

/** Pauses that suit a test. */
const QUICK = {
  postBackoffMs: 20,
  pollBackoffMs: 20,
  throttledMs: 50,
  drainMs: 2000,
  farewellMs: 600,
  stopGraceMs: 300,
  concurrencyCheckMs: 30,
};

/** A worker in this process, which it does not own. Its log is kept. */
export function startHere(
  simulator: Simulator,
  options: WorkerOptions,
  env: Readonly<Record<string, string>> = {},
): { worker: Worker; lines: Line[] } {
  const lines: Line[] = [];
  const worker = startWorker({
    ...options,
    env: { ...simulator.environment("worker-1"), ...env },
    ownsProcess: false,
    log: (level, message, jobId) => lines.push({ level, message, jobId }),
    limits: { ...QUICK, ...options.limits },
  });
  return { worker, lines };
}

/** The failure that a client would read. */
export function failureOf(job: { readonly error?: unknown }): { error_type: string; error_message: string } {
  return JSON.parse(String(job.error)) as { error_type: string; error_message: string };
}
