import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { readConfig } from "../src/config.ts";
import { AppError, toAppError } from "../src/errors.ts";
import type { JobEvent } from "../src/events.ts";
import { detectDevice } from "../src/inference/devices.ts";
import { createLog } from "../src/log.ts";
import { OPERATIONS } from "../src/operations/index.ts";
import type { OperationContext } from "../src/operations/operation.ts";
import type { Artifact } from "../src/storage/artifact.ts";
import { type EngineUse, type Receipt, round1, StageClock } from "../src/telemetry.ts";
import { createJobContext } from "./job-context.ts";
import { type ParsedJob, parseJob } from "./job.ts";
import { createServices, type Services } from "./services.ts";

/** What a job ends with: the operation's documented fields, the files it made, and where its time went. */
export type JobResult = Readonly<Record<string, unknown>> & {
  readonly artifacts: readonly Artifact[];
  readonly warnings?: readonly string[];
  readonly receipt: Receipt;
};

/** What a door knows of a job beyond its payload. */
export type JobContext = { readonly services?: Services; readonly signal?: AbortSignal };

let shared: Services | undefined;

/** The services of this process, made from its environment at first use. */
function sharedServices(): Services {
  if (!shared) {
    const config = readConfig(process.env, fileURLToPath(new URL("..", import.meta.url)));
    shared = createServices(config, createLog(config));
  }
  return shared;
}

/**
 * The entrypoint that every door calls. Yields the job's events and returns its result; leaving the iteration early
 * cancels the job.
 * @param job `{ input: { operation, params, output? } }`, or the inner object alone
 * @throws AppError whatever went wrong, with a code from the error table
 */
export async function* handler(job: unknown, context: JobContext = {}): AsyncGenerator<JobEvent, JobResult, void> {
  const services = context.services ?? sharedServices();
  const left = new AbortController();
  const signal = context.signal ? AbortSignal.any([context.signal, left.signal]) : left.signal;
  const events: JobEvent[] = [];
  let wake = (): void => {};
  let running = true;
  const emit = (event: JobEvent): void => {
    events.push(event);
    wake();
  };
  const result = runJob(job, services, signal, emit).finally(() => {
    running = false;
    wake();
  });
  // The generator may be left before it awaits the result: that is no unhandled rejection.
  result.catch(() => {});
  try {
    for (;;) {
      for (let event = events.shift(); event; event = events.shift()) yield event;
      if (!running) return await result;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (events.length > 0 || !running) resolve();
      });
    }
  } finally {
    left.abort();
    await result.catch(() => {});
  }
}

/** Runs a job to its end without looking at its events. */
export async function run(job: unknown, context: JobContext = {}): Promise<JobResult> {
  const events = handler(job, context);
  for (;;) {
    const step = await events.next();
    if (step.done) return step.value;
  }
}

async function runJob(
  job: unknown,
  services: Services,
  signal: AbortSignal,
  emit: (event: JobEvent) => void,
): Promise<JobResult> {
  const started = performance.now();
  const clock = new StageClock();
  const parsed = parseJob(job, OPERATIONS, randomUUID);
  const log = services.log.child({ job_id: parsed.id, operation: parsed.operation.name });
  const used: EngineUse[] = [];
  const warnings: string[] = [];
  const measures: Record<string, number> = {};
  await using scope = createJobContext({ parsed, services, signal, emit, clock, log, used, warnings, measures });
  try {
    log.info("started");
    const fields = await inPlace(parsed, services, signal, clock, scope.context);
    scope.finishProgress();
    const stages = clock.stages();
    const times = makeReceipt(parsed, stages, performance.now() - started, coldStart(started), used, fields);
    const receipt = Object.keys(measures).length > 0 ? { ...times, measures } : times;
    log.info({ duration_ms: receipt.total_ms, stages: receipt.stages }, "finished");
    return { ...fields, artifacts: scope.artifacts, ...(warnings.length > 0 ? { warnings } : {}), receipt };
  } catch (error) {
    const failure = signal.aborted
      ? new AppError("cancelled", "The job was cancelled.", { cause: error })
      : toAppError(error);
    const line = { code: failure.code, duration_ms: round1(performance.now() - started), err: failure.cause };
    if (failure.code === "internal") log.error(line, "failed");
    else log.warn(line, "failed");
    throw failure;
  }
}

/** Runs the operation, a heavy one when it has a place. The place is free again when the promise settles. */
async function inPlace(
  { operation, params }: ParsedJob,
  { places }: Services,
  signal: AbortSignal,
  clock: StageClock,
  context: OperationContext,
): Promise<Record<string, unknown>> {
  const work = async (): Promise<Record<string, unknown>> => {
    signal.throwIfAborted();
    return operation.result.parse(await operation.run(params, context)) as Record<string, unknown>;
  };
  if (!operation.heavy) return work();
  const leaveQueue = clock.enter("queue");
  // The queue lets go of a running task as soon as its signal is aborted; the work holds its place until it has stopped.
  const waiting = new AbortController();
  const onAbort = (): void => waiting.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await places.add(
      () => {
        signal.removeEventListener("abort", onAbort);
        leaveQueue();
        return work();
      },
      { signal: waiting.signal },
    );
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

let firstJob = true;

/** Milliseconds from the start of the process to the start of its first job; 0 for every later one. */
function coldStart(started: number): number {
  if (!firstJob) return 0;
  firstJob = false;
  return started;
}

function makeReceipt(
  parsed: ParsedJob,
  stages: { stage: string; ms: number }[],
  totalMs: number,
  coldStartMs: number,
  engines: readonly EngineUse[],
  fields: Record<string, unknown>,
): Receipt {
  return {
    job_id: parsed.id,
    operation: parsed.operation.name,
    queue_ms: stages.find(({ stage }) => stage === "queue")?.ms ?? 0,
    cold_start_ms: round1(coldStartMs),
    total_ms: round1(totalMs),
    stages: stages.filter(({ stage }) => stage !== "queue"),
    engines,
    device: detectDevice().device,
    seed: typeof fields["seed"] === "number" ? fields["seed"] : null,
  };
}
