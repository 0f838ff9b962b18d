import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import {
  type Fault,
  isFinal,
  randomFaults,
  type RequestKind,
  seededRandom,
  Simulator,
} from "../../../src/worker/simulator/index.ts";

/** What came of a run; `assertNothingLost` has looked at every job by then. */
export type ChaosReport = {
  readonly jobs: number;
  readonly kills: number;
  readonly faults: number;
  /** Jobs that were handed out more than once, because a worker died or an answer was lost. */
  readonly redelivered: number;
  /** Results that were posted more than once, because the reply was lost. */
  readonly repeated: number;
  readonly seconds: number;
};

/** How long a worker may go unheard before its jobs go to another. Heartbeats come every 250 ms. */
const LEASE_MS = 4000;
const FAULT_RATE = 0.05;

/**
 * Runs jobs through a worker while the platform fails at random and the worker is killed with SIGKILL at random moments,
 * each time replaced by another.
 */
export async function runChaos(jobs: number, kills: number, seed: number, patienceMs: number): Promise<ChaosReport> {
  const started = performance.now();
  const random = seededRandom(seed);
  const draw = randomFaults(seed, FAULT_RATE);
  let faults = 0;
  const counted = (kind: RequestKind): Fault | undefined => {
    const fault = draw(kind);
    if (fault) faults += 1;
    return fault;
  };
  await using simulator = await Simulator.start({ leaseMs: LEASE_MS, faults: counted, record: false, holdMs: 2000 });
  const submitted = Array.from({ length: jobs }, (_, number) => simulator.submit({ number }));
  const ended = (): number => submitted.reduce((count, job) => count + (isFinal(job) ? 1 : 0), 0);
  const deaths = Array.from({ length: kills }, () => Math.floor(random() * jobs * 0.95)).toSorted((a, b) => a - b);

  let generation = 0;
  let child: ChildProcess | undefined;
  try {
    for (const death of [...deaths, jobs]) {
      generation += 1;
      const { child: born, failure } = start(simulator, generation);
      child = born;
      // At least one job between two deaths, or nothing is interrupted.
      const goal = Math.min(jobs, Math.max(death, ended() + 1));
      await Promise.race([simulator.until(`${goal} jobs ended`, () => ended() >= goal, patienceMs), failure]);
      await kill(child);
    }
  } finally {
    if (child) await kill(child);
  }
  assertNothingLost(simulator);
  return {
    jobs,
    kills,
    faults,
    redelivered: submitted.filter(({ deliveries }) => deliveries > 1).length,
    repeated: submitted.filter(({ finals }) => finals.length > 1).length,
    seconds: (performance.now() - started) / 1000,
  };
}

function start(simulator: Simulator, generation: number): { child: ChildProcess; failure: Promise<never> } {
  const env = {
    ...simulator.environment(`worker-${generation}`),
    RUNPOD_PING_INTERVAL: "250",
    RUNPOD_LOG_LEVEL: "error",
  };
  const child = spawn(process.execPath, [join(import.meta.dirname, "chaos-worker.ts")], {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const failure = new Promise<never>((_, reject) => {
    child.once("exit", (code, signal) => {
      if (signal !== "SIGKILL") reject(new Error(`The worker ended by itself with ${code ?? signal}.`));
    });
  });
  failure.catch(() => {});
  return { child, failure };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

/** Every job ended once, with its own result; nobody posted after an acknowledged final; repeats had the same bytes. */
export function assertNothingLost(simulator: Simulator): void {
  for (const job of simulator.ledger.jobs.values()) {
    const { number } = job.payload["input"] as { number: number };
    assert.deepEqual([job.state, job.output], ["COMPLETED", { echo: number }], `job ${number}`);
    assert.equal(job.lateProgress, 0, `job ${number}: progress after the result`);
    for (const [index, later] of job.finals.entries()) {
      for (const earlier of job.finals.slice(0, index)) {
        const known = earlier.acknowledgedAt !== undefined && earlier.acknowledgedAt < later.at;
        assert.equal(known, false, `job ${number} was posted again after an acknowledged final`);
        assert.equal(later.sha256, earlier.sha256, `job ${number} was repeated with other bytes`);
      }
    }
  }
}
