/** Our worker as a process for scenarios: its handler does what the job's input says. The peer's twin is in Python. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Handler, type Job, type JobContext, startWorker } from "../../../src/worker/index.ts";

type Order = Readonly<Record<string, unknown>> & { readonly op?: string };

const { env } = process;
let firstJobAt = Number.POSITIVE_INFINITY;

const OPS: Record<string, (order: Order, job: Job, context: JobContext) => unknown> = {
  echo: ({ value }) => value,
  throw: ({ message }) => {
    throw new TypeError(String(message));
  },
  sleep: async ({ ms }, _job, { signal }) => {
    await sleep(Number(ms), undefined, { signal });
    return { slept: ms };
  },
  block: ({ ms }) => {
    const until = performance.now() + Number(ms);
    while (performance.now() < until);
    return { blocked: ms };
  },
  progress: async ({ updates, everyMs }, _job, { progress }) => {
    for (let index = 1; index <= Number(updates); index += 1) {
      progress({ step: index });
      await sleep(Number(everyMs));
    }
    return { steps: updates };
  },
  big: ({ bytes }) => ({ data: "x".repeat(Number(bytes)) }),
  crash: ({ message }) => {
    setTimeout(() => {
      throw new RangeError(String(message));
    });
    return sleep(60_000);
  },
  nan: () => ({ value: Number.NaN }),
};

const plain: Handler = (job, context) => {
  firstJobAt = Math.min(firstJobAt, performance.now());
  const order = job.input as Order;
  return (OPS[order?.op ?? "echo"] ?? OPS["echo"])?.(order ?? {}, job, context);
};

async function* stream(job: Job): AsyncGenerator<unknown, unknown, void> {
  const { parts = [], failAfter, bytes } = job.input as { parts?: unknown[]; failAfter?: number; bytes?: number };
  if (bytes !== undefined) yield "é".repeat(bytes / 2);
  for (const [index, part] of parts.entries()) {
    if (index === failAfter) throw new TypeError("the stream broke");
    yield part;
    await sleep(1);
  }
  return undefined;
}

const [places = "1", afterMs, then] = (env["SCENARIO_CONCURRENCY"] ?? "1").split(",");
startWorker({
  handler: env["SCENARIO_HANDLER"] === "stream" ? stream : plain,
  concurrency:
    afterMs === undefined
      ? Number(places)
      : () => (performance.now() > firstJobAt + Number(afterMs) ? Number(then) : Number(places)),
  refreshWorker: env["SCENARIO_REFRESH"] === "1",
  aggregateStream: env["SCENARIO_AGGREGATE"] === "1",
  fitnessChecks: [
    {
      name: "ready_for_work",
      check: () => {
        if (env["SCENARIO_UNFIT"] === "1") throw new RangeError("the model is missing");
      },
    },
  ],
  limits: JSON.parse(env["SCENARIO_LIMITS"] ?? "{}") as Record<string, number>,
});
