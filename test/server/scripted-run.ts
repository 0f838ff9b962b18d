import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../src/errors.ts";
import type { RunJob } from "../../src/jobs/job-runner.ts";

/** What a scripted job does, read from its params. */
type Script = {
  /** Milliseconds of work. */
  readonly ms?: number;
  /** Chunk events that it yields on the way. */
  readonly chunks?: number;
  readonly fail?: string;
  readonly echo?: unknown;
  /** Pays no heed to a cancel for so long, milliseconds. */
  readonly stubbornMs?: number;
};

/** Jobs whose course their params tell, for tests of what happens around jobs. Answers the order they began in. */
export function scriptedRun(): { readonly run: RunJob; readonly began: string[]; readonly running: () => number } {
  const began: string[] = [];
  let running = 0;
  const run: RunJob = async function* (job, signal) {
    const { id, input } = job as { id: string; input: { params?: Script } };
    const { ms = 0, chunks = 0, fail, echo, stubbornMs = 0 } = input.params ?? {};
    began.push(id);
    running++;
    try {
      for (let index = 0; index < chunks; index++) {
        await sleep(ms / chunks, undefined, { signal });
        yield { type: "chunk", index };
      }
      if (chunks === 0) await sleep(ms, undefined, { signal });
      if (fail !== undefined) throw new AppError("engine_failed", fail);
      return { success: true, echo };
    } finally {
      await sleep(stubbornMs);
      running--;
    }
  };
  return { run, began, running: () => running };
}

/** The body of such a job; `tts` puts it into the lane of heavy jobs. */
export function scripted(params: Script, operation = "tts"): { input: { operation: string; params: Script } } {
  return { input: { operation, params } };
}
