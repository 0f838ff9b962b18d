/**
 * The queue worker beside the platform's own, `runpod` from PyPI, on the same simulated platform, in turns: jobs a second
 * of a handler that does nothing, time from the take to the result, start of the process to its first take, and memory
 * of the process tree. Ours runs as it does in production: bundled.
 *
 * PSS shares the pages of a program's file among all processes that run it, and this benchmark runs Node as well: "alone"
 * counts each file's pages once, in full, as a container with nothing else in it would.
 * Usage: node bench/worker.ts [python with runpod] [rounds] [seconds of a throughput run]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { type SimulatedJob, Simulator } from "../src/worker/simulator/index.ts";
import { median, treeMemory, treeParts } from "./process-tree.ts";

type Launch = { readonly command: string; readonly args: readonly string[]; readonly env: Record<string, string> };

/** Memory of a process tree in bytes: as it is charged here, its private part, and as it would be charged alone. */
type Memory = { readonly pss: number; readonly anonymous: number; readonly alone: number };

/** Figures of one worker, a value per round, except for the overhead: a value per job. */
class Figures {
  readonly startMs: number[] = [];
  readonly perSecond: Record<1 | 16, number[]> = { 1: [], 16: [] };
  readonly overheadMs: number[] = [];
  readonly cpuMsPerJob: number[] = [];
  /** Under the same light load for both, and at the full rate of each. */
  readonly bytes: Memory[] = [];
  readonly fullBytes: Memory[] = [];
}

const [python, rounds = "3", seconds = "10"] = process.argv.slice(2);
const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "talkbox-bench-"));
const TICK_MS = 10;
/** The load under which memory is compared: what the peer can do as well. */
const LIGHT_JOBS = 50;
const LIGHT_MS = 100;

await build({
  absWorkingDir: root,
  entryPoints: {
    worker: "test/worker/simulator/worker-process.ts",
    "heartbeat-thread": "src/worker/heartbeat-thread.ts",
  },
  outdir: folder,
  bundle: true,
  format: "esm",
  outExtension: { ".js": ".mjs" },
  platform: "node",
  target: "node24",
  minifySyntax: true,
  minifyWhitespace: true,
});

const OURS: Launch = {
  command: process.execPath,
  args: ["--max-semi-space-size=1", join(folder, "worker.mjs")],
  env: { MALLOC_ARENA_MAX: "2" },
};
const PEER: Launch | undefined =
  python === undefined
    ? undefined
    : {
        command: python,
        args: [join(root, "tools/worker-peer/handler.py")],
        // Its own checks of the machine and the internet would only add to its start.
        env: { HOME: folder, RUNPOD_SKIP_AUTO_SYSTEM_CHECKS: "true", RUNPOD_SKIP_GPU_CHECK: "true" },
      };

function launch(worker: Launch, simulator: Simulator, places: number): ChildProcess {
  const env = {
    ...worker.env,
    ...simulator.environment("bench"),
    RUNPOD_PING_INTERVAL: "10000",
    RUNPOD_LOG_LEVEL: "ERROR",
    SCENARIO_CONCURRENCY: String(places),
  };
  return spawn(worker.command, worker.args, { env, stdio: ["ignore", "ignore", "inherit"], detached: true });
}

/** The peer beats from a process of its own, which would outlive it. */
async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  await gone;
}

async function measureStart(worker: Launch, figures: Figures): Promise<void> {
  await using simulator = await Simulator.start();
  const began = performance.now();
  const child = launch(worker, simulator, 16);
  await simulator.until("the first take", () => simulator.seen("take").length > 0, 60_000);
  figures.startMs.push(performance.now() - began);
  for (let job = 0; job < LIGHT_JOBS; job += 1) {
    simulator.submit({ op: "echo", value: 1 });
    await sleep(LIGHT_MS);
  }
  figures.bytes.push(memory(child));
  await end(child);
}

function memory({ pid = 0 }: ChildProcess): Memory {
  const { anonymous, files } = treeParts(pid);
  return { pss: treeMemory(pid), anonymous, alone: anonymous + files };
}

/** Keeps the queue filled for a while, after a second of warming up. */
async function measureJobs(worker: Launch, places: 1 | 16, figures: Figures): Promise<void> {
  let done: SimulatedJob[] = [];
  const next = (): SimulatedJob => simulator.submit({ op: "echo", value: 1 });
  await using simulator = await Simulator.start({
    record: false,
    onEnd: (job) => {
      simulator.ledger.jobs.delete(job.id);
      done.push(job);
      next();
    },
  });
  for (let index = 0; index < 4 * places; index += 1) next();
  const child = launch(worker, simulator, places);
  await simulator.until("the first result", () => done.length > 0, 60_000);
  await sleep(1000);
  done = [];
  const [began, cpu] = [performance.now(), cpuMs(child)];
  await sleep(Number(seconds) * 1000);
  const measured = done;
  figures.perSecond[places].push(measured.length / ((performance.now() - began) / 1000));
  if (places === 1) {
    figures.cpuMsPerJob.push((cpuMs(child) - cpu) / measured.length);
    for (const { takenAt, finals } of measured) figures.overheadMs.push((finals[0]?.at ?? Number.NaN) - takenAt);
  } else figures.fullBytes.push(memory(child));
  await end(child);
}

/** CPU time of a process, its threads included. */
function cpuMs({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13);
  return (Number(user) + Number(system)) * TICK_MS;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

type Row = readonly [what: string, value: (figures: Figures) => number, goal: number, higherIsBetter?: true];
const MIB = 1024 * 1024;
const ROWS: readonly Row[] = [
  ["jobs/s, 1 place", ({ perSecond }) => median(perSecond[1]), 10, true],
  ["jobs/s, 16 places", ({ perSecond }) => median(perSecond[16]), 0, true],
  ["take to result, p50 ms", ({ overheadMs }) => quantile(overheadMs, 0.5), 10],
  ["take to result, p99 ms", ({ overheadMs }) => quantile(overheadMs, 0.99), 10],
  ["start to first take, ms", ({ startMs }) => median(startMs), 10],
  ["memory (PSS), MiB", ({ bytes }) => median(bytes.map(({ pss }) => pss)) / MIB, 2],
  ["  of it anonymous", ({ bytes }) => median(bytes.map(({ anonymous }) => anonymous)) / MIB, 0],
  ["  alone on a machine", ({ bytes }) => median(bytes.map(({ alone }) => alone)) / MIB, 0],
  ["memory at full rate (PSS)", ({ fullBytes }) => median(fullBytes.map(({ pss }) => pss)) / MIB, 0],
  ["CPU a job, ms", ({ cpuMsPerJob }) => median(cpuMsPerJob), 0],
];

const ours = new Figures();
const peer = PEER && new Figures();
try {
  for (let round = 0; round < Number(rounds); round += 1) {
    for (const [worker, figures] of [
      [OURS, ours],
      [PEER, peer],
    ] as const) {
      if (!worker || !figures) continue;
      await measureStart(worker, figures);
      await measureJobs(worker, 1, figures);
      await measureJobs(worker, 16, figures);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

console.log(`queue worker, ${rounds} round(s), ${seconds} s each${peer ? ", in turns with the peer" : ""}`);
console.log(`  ${"".padEnd(26)} ${"ours".padStart(9)}${peer ? `${"runpod".padStart(10)}    ratio` : ""}`);
for (const [what, value, goal, higherIsBetter] of ROWS) {
  const mine = value(ours);
  let line = `  ${what.padEnd(26)} ${mine.toFixed(2).padStart(9)}`;
  if (peer) {
    const theirs = value(peer);
    const ratio = higherIsBetter ? mine / theirs : theirs / mine;
    const verdict = goal === 0 ? "" : ratio >= goal ? `  PASS (goal ${goal})` : `  MISS (goal ${goal})`;
    line += `${theirs.toFixed(2).padStart(10)} ${`${ratio.toFixed(1)}×`.padStart(8)}${verdict}`;
  }
  console.log(line);
}
if (!peer) {
  console.log(
    "To add the peer: python3 -m venv /tmp/peer && /tmp/peer/bin/pip install runpod==1.12.0 && node bench/worker.ts /tmp/peer/bin/python",
  );
}
