/** A scenario: what happens, as data, and what must have come of it. Any worker process can play it. */
import { type ChildProcess, spawn } from "node:child_process";
import { type Fault, isFinal, Simulator } from "../../../src/worker/simulator/index.ts";

/** What the worker under test is to be. Both workers, ours and the peer's, read it from their environment. */
export type WorkerShape = {
  readonly handler?: "plain" | "stream";
  /** Places; `"1,500,4"` is 1, and 4 from 500 ms after the start of the first job. */
  readonly concurrency?: string;
  readonly refresh?: boolean;
  readonly aggregate?: boolean;
  readonly unfit?: boolean;
  /** What the take, done and stream URLs end in. */
  readonly query?: string;
};

export type Payload = Readonly<Record<string, unknown>>;

export type Step =
  | { readonly submit: readonly Payload[] }
  | { readonly until: "taken" | "final"; readonly jobs: readonly string[]; readonly ms?: number }
  | { readonly untilSeen: "take" | "ping" | "done" | "progress"; readonly times: number; readonly ms?: number }
  | { readonly waitMs: number }
  | { readonly stop: string }
  | { readonly redeliver: string }
  | { readonly fault: Fault }
  /** The process stands still, and its connections do not survive it. */
  | { readonly freezeMs: number }
  | { readonly signal: NodeJS.Signals }
  | { readonly exitWithinMs: number };

export type Scenario = {
  readonly name: string;
  readonly worker?: WorkerShape;
  readonly faults?: readonly Fault[];
  readonly holdMs?: number;
  readonly jobs?: readonly Payload[];
  readonly steps: readonly Step[];
  readonly check: (run: Run) => void;
  /** Why the platform's own worker does not pass; absent where it does. */
  readonly peerFails?: string;
};

/** What a check looks at. */
export type Run = {
  readonly simulator: Simulator;
  /** Undefined while the process lives. */
  readonly exitCode: number | null | undefined;
  readonly log: string;
};

/** How a worker process is started. */
export type Launch = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
};

const PATIENCE_MS = 15_000;

/** How long freezes take instead of what the scenario says: `SCENARIO_FREEZE_MS=30000` for one like the platform's. */
const FREEZE_MS =
  process.env["SCENARIO_FREEZE_MS"] === undefined ? undefined : Number(process.env["SCENARIO_FREEZE_MS"]);

/** Plays a scenario against a fresh simulator and a fresh worker process. @throws when the check fails, or a wait */
export async function play(scenario: Scenario, launch: Launch): Promise<void> {
  const hold = scenario.holdMs === undefined ? {} : { holdMs: scenario.holdMs };
  await using simulator = await Simulator.start(hold);
  for (const fault of scenario.faults ?? []) simulator.faults.add(fault);
  for (const job of scenario.jobs ?? []) simulator.submitPayload(job);
  const { worker = {} } = scenario;
  const env = {
    ...launch.env,
    ...simulator.environment("worker-1", worker.query),
    SCENARIO_HANDLER: worker.handler ?? "plain",
    SCENARIO_CONCURRENCY: worker.concurrency ?? "1",
    SCENARIO_REFRESH: worker.refresh ? "1" : "",
    SCENARIO_AGGREGATE: worker.aggregate ? "1" : "",
    SCENARIO_UNFIT: worker.unfit ? "1" : "",
  };
  const child = spawn(launch.command, launch.args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (log += text.toString()));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    for (const step of scenario.steps) await take(step, simulator, child, exited);
    scenario.check({
      simulator,
      exitCode: child.exitCode === null && !child.signalCode ? undefined : child.exitCode,
      log,
    });
  } catch (error) {
    if (error instanceof Error) error.message += `\nThe worker's log:\n${log.slice(-3000)}`;
    throw error;
  } finally {
    signalGroup(child, "SIGKILL");
    await exited;
  }
}

/** Signals the process and those that it started: the peer beats from a process of its own. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function take(step: Step, simulator: Simulator, child: ChildProcess, exited: Promise<void>): Promise<void> {
  if ("submit" in step) for (const job of step.submit) simulator.submitPayload(job);
  else if ("until" in step) {
    const reached = (id: string): boolean => {
      const job = simulator.job(id);
      return step.until === "final" ? isFinal(job) : job.deliveries > 0;
    };
    const what = `${step.jobs.join(", ")} ${step.until}`;
    await simulator.until(what, () => step.jobs.every(reached), step.ms ?? PATIENCE_MS);
  } else if ("untilSeen" in step) {
    const { untilSeen: kind, times, ms } = step;
    await simulator.until(`${times} × ${kind}`, () => simulator.seen(kind).length >= times, ms ?? PATIENCE_MS);
  } else if ("waitMs" in step) await sleep(step.waitMs);
  else if ("stop" in step) simulator.stop(step.stop);
  else if ("redeliver" in step) simulator.redeliver(step.redeliver);
  else if ("fault" in step) simulator.faults.add(step.fault);
  else if ("freezeMs" in step) {
    signalGroup(child, "SIGSTOP");
    simulator.loseConnections();
    await sleep(FREEZE_MS ?? step.freezeMs);
    signalGroup(child, "SIGCONT");
  } else if ("signal" in step) child.kill(step.signal);
  else {
    const late = AbortSignal.timeout(step.exitWithinMs);
    await Promise.race([
      exited,
      new Promise((_, reject) => {
        late.addEventListener("abort", () =>
          reject(new Error(`The worker did not exit within ${step.exitWithinMs} ms.`)),
        );
      }),
    ]);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
