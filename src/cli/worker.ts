import { handler } from "../../handler/index.ts";
import { createServices, type Services } from "../../handler/services.ts";
import type { Config } from "../config.ts";
import { AppError, toAppError } from "../errors.ts";
import type { JobEvent } from "../events.ts";
import { createLog } from "../log.ts";
import { type Handler, startWorker, systemChecks, WorkerError, type WorkerOptions } from "../worker/index.ts";
import { checkDisk, checkMedia } from "./doctor.ts";
import type { Finding } from "./finding.ts";
import { readJob } from "./run.ts";
import { stopSignals } from "./stop-signals.ts";

/** Options of `talkbox worker`. */
export type WorkerCommandOptions = { readonly simulate?: string | true };

/** How long a job may take on the simulated platform, in milliseconds: the platform's own execution timeout. */
const SIMULATED_PATIENCE_MS = 600_000;

/** Takes jobs from RunPod's queue until it is told to stop; or one job from a queue that it simulates itself. */
export async function workerCommand({ simulate }: WorkerCommandOptions, config: Config): Promise<void> {
  if (simulate !== undefined) return simulateCommand(simulate === true ? "test_input.json" : simulate, config);
  const worker = startTalkboxWorker(config, {
    fitnessChecks: [...systemChecks(), ...talkboxChecks(config)],
  });
  await worker.finished;
}

/** Talkbox as a queue worker: every operation, with its events as progress and stream parts. */
function startTalkboxWorker(config: Config, options: Partial<WorkerOptions>): ReturnType<typeof startWorker> {
  const log = createLog(config);
  const services = createServices(config, log);
  try {
    return startWorker({
      handler: talkboxHandler(services),
      concurrency: config.concurrency,
      // Engines stand up while the first job is on its way, which does not wait for those that it does not need. What is
      // wrong with one is said by the job that needs it.
      prepare: () => {
        const preloaded = services.preloads.load(config.preload, new AbortController().signal);
        void Promise.allSettled([services.binaries(), services.engines.status(), preloaded]);
      },
      describeError: (error) => {
        const { code, message } = toAppError(error);
        return { type: code, message };
      },
      cleanUp: () => services[Symbol.asyncDispose](),
      log: (level, message, jobId) => log[level](jobId === undefined ? {} : { job_id: jobId }, message),
      ...options,
    });
  } catch (error) {
    void services[Symbol.asyncDispose]();
    if (!(error instanceof WorkerError)) throw error;
    const hint = 'To try the worker anywhere: "talkbox worker --simulate".';
    throw new AppError("invalid_input", `${error.message} ${hint}`, { cause: error });
  }
}

/** One view of where a job is, each event laid over those before: of updates that come fast only the newest is sent. */
function talkboxHandler(services: Services): Handler {
  return async (job, { signal, progress, stream }) => {
    const events = handler(job, { services, signal });
    let view: Readonly<Record<string, unknown>> = {};
    for (;;) {
      const step = await events.next();
      if (step.done) return step.value;
      if (isPart(step.value)) await stream(step.value);
      else {
        const { type: _type, ...fields } = step.value;
        view = { ...view, ...fields };
        progress(view);
      }
    }
  };
}

/** Pieces of the output are sent, each once; where a job is, is shown. */
function isPart({ type }: JobEvent): boolean {
  return type === "token" || type === "chunk";
}

/** What `doctor` looks at that no job can do without, and that is looked at quickly. All looks begin at once. */
function talkboxChecks(config: Config): WorkerOptions["fitnessChecks"] & object {
  const check = (name: string, findings: Promise<readonly Finding[]>) => {
    // A look that fails before its turn is no unhandled rejection: its turn comes.
    findings.catch(() => {});
    return {
      name,
      check: async () => {
        const fault = (await findings).find(({ ok, required }) => required && !ok);
        if (fault) throw new AppError("internal", `${fault.name}: ${fault.detail}. ${fault.remedy ?? ""}`.trim());
      },
    };
  };
  return [check("media", checkMedia(config)), check("outputs", checkDisk(config))];
}

/** Hands one job through the whole protocol, on a simulated platform, and prints what the platform then knows of it. */
async function simulateCommand(input: string, config: Config): Promise<void> {
  const payload = await readJob(input);
  const wrapped = typeof payload === "object" && payload !== null && "input" in payload ? payload : { input: payload };
  // Loaded here: a worker needs no platform of its own, and Node's server costs a start 60 ms and 8 MB.
  const { isFinal, Simulator } = await import("../worker/simulator/index.ts");
  await using simulator = await Simulator.start();
  await using _worker = startTalkboxWorker(config, {
    env: simulator.environment(),
    ownsProcess: false,
    fitnessChecks: talkboxChecks(config),
  });
  const job = simulator.submitPayload({ id: "simulated-u1", ...wrapped });
  using _signals = stopSignals(() => simulator.stop(job.id));
  await simulator.until("the job's end", () => isFinal(job), SIMULATED_PATIENCE_MS);
  const { id, state, output, error, progress, parts, finals } = job;
  const seen = {
    id,
    status: state,
    ...(output === undefined ? {} : { output }),
    ...(error === undefined ? {} : { error }),
    protocol: { progress_updates: progress.length, stream_parts: parts.length, result_bytes: finals[0]?.bytes ?? 0 },
  };
  process.stdout.write(`${JSON.stringify(seen, null, 2)}\n`);
  if (state !== "COMPLETED") process.exitCode = state === "CANCELLED" ? 130 : 1;
}
