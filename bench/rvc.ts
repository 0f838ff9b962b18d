/**
 * Conversion with an RVC voice beside its PyTorch reference on this machine, at full width (ContentVec, RMVPE, a voice of
 * v2 at 48 kHz with an index of 10,000 vectors), with weights that come from a formula: from the start of a process to the
 * first conversion, again in the same process, per stage, and the memory of all processes. Both sides take turns.
 * Without a reference (python: "") our side is measured alone; TALKBOX_PROVIDERS=cuda does so on a GPU.
 * Usage: node bench/rvc.ts [python with torch, transformers, safetensors, scipy and faiss] [AICoverGen] [rounds] [seconds]
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { uniform } from "../test/graphs/seeded.ts";
import { invertedFile } from "../test/rvc/index-vectors.ts";
import { median, watchTree } from "./process-tree.ts";
import { operations, peakGflops } from "./rvc-operations.ts";
import { writeFullWidth } from "./rvc-weights.ts";

const [python, repository, roundsText = "3", seconds = "10"] = process.argv.slice(2);
const [VECTORS, LISTS, WIDTH] = [10_000, 256, 768];
const TIMES = "2";

type Run = {
  readonly ms: number;
  readonly cpu_ms: number;
  readonly first_ms?: number;
  readonly load_ms?: number;
  readonly stages: Readonly<Record<string, number>>;
};
type Side = {
  readonly firstMs: number;
  readonly againMs: number;
  /** Again as its program does it: AICoverGen loads its networks for every song. */
  readonly nextMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
  readonly stages: Run["stages"];
};

/** Runs one side in a process of its own. */
async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Side> {
  const began = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"], env });
  const watching = watchTree(child.pid ?? 0, 500);
  let output = "";
  for await (const chunk of child.stdout) output += String(chunk);
  const memory = watching.stop();
  const runs = JSON.parse(output.trim().split("\n").at(-1) ?? "") as readonly Run[];
  const [first, again] = [runs[0], runs.at(-1)];
  if (!first || !again) throw new Error(`${command} printed no runs`);
  // Its clock begins when its first line runs: what the process needed before is the same for all its runs.
  const inside = runs.reduce((sum, each) => sum + each.ms + (each.load_ms ?? 0), 0);
  return {
    firstMs: Math.max(first.first_ms ?? 0, performance.now() - began - inside + first.ms),
    againMs: again.ms,
    nextMs: again.ms + (again.load_ms ?? 0),
    cpuMs: again.cpu_ms,
    peakMb: Math.max(...memory.map(([, bytes]) => bytes)) / 1e6,
    stages: again.stages,
  };
}

const work = await mkdtemp(join(tmpdir(), "talkbox-bench-"));
try {
  const [models, cache] = [join(work, "models"), join(work, "cache")];
  await writeFullWidth(models);
  const vectors = Float32Array.from(uniform("vectors", VECTORS * WIDTH), (x) => (x - 0.5) * 3);
  const centroids = Float32Array.from(uniform("centroids", LISTS * WIDTH), (x) => (x - 0.5) * 3);
  const lists = Array.from({ length: VECTORS }, (_, i) => i % LISTS);
  await writeFile(join(models, "rvc/voice/added.index"), invertedFile(vectors, centroids, lists, { width: WIDTH }));
  const side = join(import.meta.dirname, "rvc-side.ts");
  // As `npm start` and the launcher start it.
  const flags = ["--max-semi-space-size=1", "--v8-pool-size=1"];
  const settings = { ...process.env, MALLOC_ARENA_MAX: "2", NODE_COMPILE_CACHE: join(work, "compiled") };
  const ours = (times: string) =>
    run(process.execPath, [...flags, side, models, cache, seconds, times, "rmvpe"], settings);
  const began = performance.now();
  await ours("1");
  const firstEver = performance.now() - began;
  const peer = join(import.meta.dirname, "rvc-peer.py");
  const rounds: { readonly ours: Side; readonly theirs: Side | undefined }[] = [];
  for (let round = 0; round < Number(roundsText); round++) {
    const own = await ours(TIMES);
    const theirs = python && repository ? await run(python, [peer, repository, models, seconds, TIMES]) : undefined;
    rounds.push({ ours: own, theirs });
    console.log(JSON.stringify(rounds.at(-1)));
  }
  const of = (value: (side: Side) => number) => {
    const own = median(rounds.map((round) => value(round.ours)));
    const others = rounds.flatMap(({ theirs }) => (theirs ? [value(theirs)] : []));
    return { own, theirs: others.length > 0 ? median(others) : Number.NaN };
  };
  const line = (what: string, value: (side: Side) => number, unit: string): void => {
    const { own, theirs } = of(value);
    const beside = Number.isNaN(theirs)
      ? ""
      : ` here, ${theirs.toFixed(0)} the reference: ${(theirs / own).toFixed(2)}`;
    console.log(`${what}: ${own.toFixed(0)} ${unit}${beside}`);
  };
  console.log(`${seconds} s of sound, ${availableParallelism()} cores, ${rounds.length} rounds, medians`);
  console.log(`the very first conversion, graphs made: ${firstEver.toFixed(0)} ms`);
  line("from the start of a process to the first conversion", ({ firstMs }) => firstMs, "ms");
  line("again in the same process", ({ againMs }) => againMs, "ms");
  line("the same voice again, networks loaded as each program does", ({ nextMs }) => nextMs, "ms");
  line("processor time without that", ({ cpuMs }) => cpuMs, "ms");
  line("memory of all processes (PSS), peak", ({ peakMb }) => peakMb, "MB");
  const stage = (names: readonly string[], { stages }: Side): number =>
    Object.entries(stages).reduce((sum, [name, ms]) => (names.some((each) => name.includes(each)) ? sum + ms : sum), 0);
  line("what is said, and the index", (each) => stage(["hubert", "nearest", "features"], each), "ms");
  line("the pitch", (each) => stage(["rmvpe", "pitch"], each), "ms");
  line("the voice", (each) => stage(["latent", "sound", "voice"], each), "ms");
  const peak = await peakGflops(availableParallelism());
  const { content, pitch, latent, sound } = operations(Number(seconds));
  console.log(`GFLOP/s here, of ${peak.toFixed(0)} that a product of matrices reaches:`);
  for (const [name, what, count] of [
    ["hubert", "what is said", content],
    ["rmvpe", "the pitch", pitch],
    ["latent", "the voice's first network", latent],
    ["sound", "its second", sound],
  ] as const) {
    const rate = count / of((each) => stage([name], each)).own / 1e6;
    console.log(`  ${what}: ${rate.toFixed(0)} (${(count / 1e9).toFixed(0)} GFLOP)`);
  }
  console.log(`times real time: ${((Number(seconds) * 1000) / of(({ againMs }) => againMs).own).toFixed(2)}`);
} finally {
  await rm(work, { recursive: true, force: true });
}
