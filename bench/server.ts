/**
 * What the server's event loop feels: 10 MB of base64 in and out, by runsync with its status and by the bare form;
 * requests a second of the health route and of small jobs. The server runs in a process of its own, which watches its
 * event loop; jobs echo what they got, so the figures are those of the door and not of an engine. The longest gap between
 * two turns of the event loop is taken for each round by itself: on a machine that has other things to do, the least and
 * the middle of them tell of the server, the most tells of the machine.
 *
 *   npx node bench/server.ts [--rounds 20]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { readConfig } from "../src/config.ts";
import type { RunJob } from "../src/jobs/job-runner.ts";
import { silentLog } from "../src/log.ts";
import { openServer } from "../src/server/open-server.ts";
import { median } from "./process-tree.ts";

/** Characters of base64 in each direction. */
const PAYLOAD = 10e6;

/** Between `begin` and `end`: the longest gap between two turns of the event loop, and processor time; milliseconds. */
type Watched = { readonly longest: number; readonly cpu: number };

if (process.argv.includes("--child")) await serveChild();
else await measure();

async function serveChild(): Promise<void> {
  const echo: RunJob = async function* (job) {
    const { input } = job as { input: { params: { audio?: string } } };
    yield { type: "status", stage: "echo", message: "" };
    return { success: true, output_audio: input.params.audio };
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
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let usage = process.cpuUsage();
  process.on("message", (message) => {
    if (message === "begin") {
      delay.reset();
      delay.enable();
      usage = process.cpuUsage();
      process.send?.("begun");
      return;
    }
    const { user, system } = process.cpuUsage(usage);
    delay.disable();
    process.send?.({ longest: delay.max / 1e6, cpu: (user + system) / 1000 } satisfies Watched);
  });
  process.send?.(server.url);
}

async function measure(): Promise<void> {
  const { rounds } = parseArgs({ options: { rounds: { type: "string", default: "20" } } }).values;
  const folder = await mkdtemp(join(tmpdir(), "talkbox-bench-"));
  const child = fork(import.meta.filename, ["--child"], { env: { ...process.env, TALKBOX_DATA: folder } });
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
    const longest = seen.map((round) => round.longest);
    const figures = [
      `${(requests / (median(seen.map(({ ms }) => ms)) / 1000)).toFixed(1).padStart(7)} requests/s`,
      `longest gap ${Math.min(...longest).toFixed(1)} / ${median(longest).toFixed(1)} / ${Math.max(...longest).toFixed(1)} ms`,
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
    console.log("longest gap between two turns of the event loop: least / middle / most of the rounds");
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
