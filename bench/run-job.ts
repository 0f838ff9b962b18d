/** One job in a process of its own, from its start to its end, and what it took. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { watchTree } from "./process-tree.ts";

const bundle = join(import.meta.dirname, "../dist/talkbox.js");

export type JobRun = {
  readonly ms: number;
  /** Milliseconds of processor time, of the process and its children. */
  readonly cpu: number;
  /** Bytes of the process tree by milliseconds since the start. */
  readonly memory: readonly (readonly [number, number])[];
  readonly receipt: {
    readonly stages: readonly { readonly stage: string; readonly ms: number }[];
    readonly measures?: Readonly<Record<string, number>>;
  };
};

/** Says what to do where there is no bundle. */
export function needBundle(): void {
  if (!existsSync(bundle)) throw new Error('The bundle is missing: run "npm run build".');
}

/** Runs a job as `npm start` and the launcher do. @param out folder for what it makes */
export async function runJob(job: object, out: string, environment: Record<string, string> = {}): Promise<JobRun> {
  const start = performance.now();
  const args = [
    "--max-semi-space-size=1",
    "--v8-pool-size=1",
    bundle,
    "run",
    "--quiet",
    "--out",
    out,
    "--input",
    JSON.stringify(job),
  ];
  const settings = { MALLOC_ARENA_MAX: "2", TALKBOX_LOG_LEVEL: "silent", TALKBOX_ALLOW_PRIVATE_URLS: "1" };
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...settings, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = child.pid ?? 0;
  let cpu = 0;
  const clock = setInterval(() => {
    if (existsSync(`/proc/${pid}/stat`)) cpu = Math.max(cpu, processorTime(pid));
  }, 50);
  const watching = watchTree(pid, 200);
  let output = "";
  for await (const chunk of child.stdout) output += String(chunk);
  clearInterval(clock);
  const ms = performance.now() - start;
  const { receipt, error } = JSON.parse(output) as { receipt?: JobRun["receipt"]; error?: unknown };
  if (!receipt) throw new Error(JSON.stringify(error));
  return { ms, cpu, memory: watching.stop(), receipt };
}

/** Milliseconds of processor time that a process and the children that it waited for have used. */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // User and system time, its own and its children's, in hundredths of a second.
  return 10 * [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
}
