/**
 * What the server's event loop feels: 10 MB of base64 in and out, by runsync with its status and by the bare form;
 * requests a second of the health route and of small jobs. The server runs in a process of its own, started as the
 * launcher starts it, which watches its event loop. Jobs decode what they got into a file and answer that file as base64
 * with its digest, so the figures are those of the doors and not of an engine.
 *
 * For each round three things are taken of the turns of the event loop: the longest gap between two; the longest stall,
 * which is a gap without the time that the thread was ready and waited for a processor (Linux counts it: the second number
 * of `schedstat`), so that it holds all that the server did or waited for, and nothing that others on the machine did; and
 * the most processor time in one (in steps of 4 ms).
 *
 *   npx node bench/server.ts [--rounds 20]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { readConfig } from "../src/config.ts";
import type { RunJob } from "../src/jobs/job-runner.ts";
import { silentLog } from "../src/log.ts";
import { decodeBase64 } from "../src/net/base64.ts";
import { collectLessOften } from "../src/server/heap-growth.ts";
import { openServer } from "../src/server/open-server.ts";
import { encodeInline } from "../src/storage/inline.ts";
import { median } from "./process-tree.ts";

/** Characters of base64 in each direction. */
const PAYLOAD = 10e6;

/**
 * Between `begin` and `end`, in milliseconds: the longest gap between two turns of the event loop, the longest stall, the
 * most processor time that its thread took in one, and the processor time of the whole process.
 */
type Watched = { readonly longest: number; readonly stall: number; readonly busiest: number; readonly cpu: number };

if (process.argv.includes("--child")) await serveChild();
else await measure();

async function serveChild(): Promise<void> {
  collectLessOften();
  const path = join(process.env["TALKBOX_DATA"] ?? tmpdir(), "sound");
  const echo: RunJob = async function* (job) {
    const { input } = job as { input: { params: { audio?: string } } };
    yield { type: "status", stage: "echo", message: "" };
    const { audio } = input.params;
    if (audio === undefined) return { success: true };
    await writeFile(path, await decodeBase64(audio, { maxBytes: PAYLOAD, code: "invalid_audio" }));
    const { base64, sha256 } = await encodeInline(path);
    return { success: true, output_audio: base64, sha256 };
  };
  const server = await openServer({
    config: readConfig(process.env, join(import.meta.dirname, "..")),
    log: silentLog(),
    port: 0,
    host: "127.0.0.1",
    version: "bench",
    warmsUp: false,
    run: echo,
  });
  let usage = process.cpuUsage();
  let turn = { at: 0, cpu: 0, kept: 0 };
  let longest = 0;
  let stall = 0;
  let busiest = 0;
  const look = (): void => {
    const { user, system } = process.threadCpuUsage();
    const now = { at: performance.now(), cpu: (user + system) / 1000, kept: keptWaiting() };
    longest = Math.max(longest, now.at - turn.at);
    stall = Math.max(stall, now.at - turn.at - (now.kept - turn.kept));
    busiest = Math.max(busiest, now.cpu - turn.cpu);
    turn = now;
  };
  let watch: NodeJS.Timeout | undefined;
  process.on("message", (message) => {
    look();
    if (message === "begin") {
      longest = stall = busiest = 0;
      usage = process.cpuUsage();
      watch = setInterval(look, 1);
      process.send?.("begun");
      return;
    }
    const { user, system } = process.cpuUsage(usage);
    clearInterval(watch);
    process.send?.({ longest, stall, busiest, cpu: (user + system) / 1000 } satisfies Watched);
  });
  process.send?.(server.url);
}

/** Milliseconds that this thread was ready to run and had no processor, since it began. */
function keptWaiting(): number {
  return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[1]) / 1e6;
}

async function measure(): Promise<void> {
  const { rounds } = parseArgs({ options: { rounds: { type: "string", default: "20" } } }).values;
  const folder = await mkdtemp(join(tmpdir(), "talkbox-bench-"));
  const child = fork(import.meta.filename, ["--child"], {
    env: { ...process.env, MALLOC_ARENA_MAX: "2", TALKBOX_DATA: folder },
    execArgv: ["--max-semi-space-size=1", "--v8-pool-size=1"],
  });
  const ask = async (what: "begin" | "end"): Promise<Watched> => {
    child.send(what);
    return ((await once(child, "message")) as [Watched])[0];
  };
  /** Does `work`, which makes `requests`, some times, and prints what the server felt. */
  const watch = async (name: string, times: number, requests: number, work: () => Promise<unknown>): Promise<void> => {
    const seen: (Watched & { readonly ms: number })[] = [];
    for (let round = 0; round < times; round++) {
      await ask("begin");
      const began = performance.now();
      await work();
      const ms = performance.now() - began;
      seen.push({ ...(await ask("end")), ms });
    }
    const spread = (of: readonly number[]): string =>
      [Math.min(...of), median(of), Math.max(...of)].map((ms) => ms.toFixed(1)).join(" / ");
    const figures = [
      `${(requests / (median(seen.map(({ ms }) => ms)) / 1000)).toFixed(1).padStart(7)} requests/s`,
      `longest gap ${spread(seen.map(({ longest }) => longest))} ms`,
      `longest stall ${spread(seen.map(({ stall }) => stall))} ms`,
      `busiest turn ${spread(seen.map(({ busiest }) => busiest))} ms`,
      `${(median(seen.map(({ cpu }) => cpu)) / requests).toFixed(2)} ms of processor time a request`,
    ];
    console.log(`${name.padEnd(34)} ${figures.join(", ")}`);
  };
  try {
    const [url] = (await once(child, "message")) as [string];
    const audio = Buffer.alloc((PAYLOAD * 3) / 4, "a piece of sound ").toString("base64");
    const large = { operation: "tts", params: { audio } };
    const exchange = async (route: string, body: string): Promise<void> => {
      if (!(await post(url + route, body)).includes(audio)) throw new Error("what came out is not what went in");
    };
    console.log(
      "longest gap between two turns of the event loop, longest stall, most processor time: least / middle / most of the rounds",
    );
    await watch("nothing, 1 s", 5, 1, () => new Promise((resolve) => setTimeout(resolve, 1000)));
    const wrapped = JSON.stringify({ input: large });
    const bare = JSON.stringify(large);
    for (let warm = 0; warm < 2; warm++) await exchange("/", bare);
    await watch("10 MB in and out, runsync", Number(rounds), 1, () => exchange("/v2/bench/runsync", wrapped));
    await watch("10 MB in and out, bare", Number(rounds), 1, () => exchange("/", bare));
    await watch("GET health, 8 at once", 5, 1000, () => inLanes(8, 1000, () => get(`${url}/v2/bench/health`)));
    const small = JSON.stringify({ input: { operation: "list_voices", params: {} } });
    await watch("runsync of a small job, 8 at once", 5, 300, () =>
      inLanes(8, 300, () => post(`${url}/runsync`, small)),
    );
    await watch("run of a small job, 8 at once", 5, 300, () => inLanes(8, 300, () => post(`${url}/run`, small)));
  } finally {
    child.kill();
    await once(child, "exit");
    await rm(folder, { recursive: true, force: true });
  }
}

async function inLanes(lanes: number, requests: number, call: () => Promise<unknown>): Promise<void> {
  let left = requests;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function get(url: string): Promise<string> {
  return (await fetch(url)).text();
}

async function post(url: string, body: string): Promise<string> {
  const response = await fetch(url, { method: "POST", body, headers: { "content-type": "application/json" } });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return response.text();
}
