/** A worker process that is killed while it works: each job shows progress, takes a moment, and gives back its input. */
import { setTimeout as sleep } from "node:timers/promises";
import { startWorker } from "../../../src/worker/index.ts";

startWorker({
  concurrency: 8,
  handler: async ({ input }, { progress, signal }) => {
    const { number } = input as { number: number };
    progress({ half: number });
    await sleep(number % 17, undefined, { signal });
    return { echo: number };
  },
  limits: { pingLeastMs: 250 },
});
