/**
 * Wav2Lip beside its PyTorch reference on this machine, at full width, with weights that come from a seed: the network
 * alone at several batches, as a whole and as jobs run it (the lower face, its features kept); then the whole way from a
 * photo and ten seconds of sound to an MP4, from the start of a process. Both sides take turns. With TALKBOX_PROVIDERS=cuda
 * our side runs there, in float16 as jobs do, without a reference.
 * Usage: node bench/wav2lip.ts [python with torch, safetensors, librosa and opencv] [the reference's repository] [rounds]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildWav2Lip } from "../src/graphs/wav2lip.ts";
import { readProviders } from "../src/inference/providers.ts";
import { InferenceThread } from "../src/inference/session.ts";
import { stackTensors } from "../src/inference/tensor-batch.ts";
import type { Tensor, Tensors } from "../src/inference/tensor.ts";
import { writeModel } from "../src/graphs/onnx/write-model.ts";
import { encodeWav } from "../src/media/wav.ts";
import { readReference } from "../test/graphs/reference.ts";
import { seededCheckpoint } from "../test/graphs/seeded.ts";
import { median, watchTree } from "./process-tree.ts";
import { operations, writeWeights } from "./wav2lip-weights.ts";

const [provider = "cpu"] = readProviders(process.env["TALKBOX_PROVIDERS"] ?? "cpu").providers;
const onCpu = provider === "cpu";
const precision = provider === "cuda" || provider === "tensorrt" ? "float16" : "float32";
const BATCHES = onCpu ? [1, 8, 32] : [1, 8, 32, 64];
const SECONDS = 10;
const PHOTO = join(import.meta.dirname, "../test/fixtures/faces/astronaut.jpg");
const [python, repository, roundsText] = process.argv.slice(2).map((text) => (text === "" ? undefined : text));
const rounds = Number(roundsText ?? 3);
const cores = availableParallelism();
const work = await mkdtemp(join(tmpdir(), "talkbox-bench-"));

type Film = { readonly ms: number; readonly firstMs: number; readonly frames: number; readonly peakMb: number };

/** Runs one side, and answers what it prints last. */
async function run(command: string, args: readonly string[], started: (pid: number) => void = () => {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
  started(child.pid ?? 0);
  let output = "";
  for await (const chunk of child.stdout) output += String(chunk);
  return JSON.parse(output.trim().split("\n").at(-1) ?? "") as Readonly<Record<string, number>>;
}

/** Runs one side from the start of a process: photo and sound to a video. */
async function film(command: string, args: readonly string[]): Promise<Film> {
  const began = performance.now();
  let watching: ReturnType<typeof watchTree> | undefined;
  const { first_ms: firstMs = Number.NaN, frames = 0 } = await run(command, args, (pid) => {
    watching = watchTree(pid, 100);
  });
  const ms = performance.now() - began;
  const memory = watching?.stop() ?? [];
  return { ms, firstMs, frames, peakMb: Math.max(...memory.map(([, bytes]) => bytes)) / 1e6 };
}

/** Asks the reference for the time of batches, one after the other. */
function peer(): { ask(batch: number): Promise<number>; close(): void } | undefined {
  if (python === undefined || repository === undefined) return undefined;
  const script = join(import.meta.dirname, "wav2lip-peer.py");
  const child = spawn(python, [script, repository, "infer", work], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(batch) {
      child.stdin.write(`${batch}\n`);
      const { value } = await lines.next();
      return (JSON.parse(value as string) as { ms: number }).ms;
    },
    close: () => child.stdin.end(),
  };
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return performance.now() - began;
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
const ratio = (theirs: number | undefined, ours: number): string =>
  theirs === undefined ? "" : `, ${(theirs / ours).toFixed(2)} times the reference`;

try {
  const { keys } = readReference("wav2lip-96");
  const folder = join(work, "wav2lip");
  await mkdir(folder);
  await writeWeights(join(folder, "wav2lip.safetensors"), keys);
  await writeWeights(join(folder, "s3fd.safetensors"), readReference("s3fd").keys);
  if (python !== undefined && repository !== undefined) {
    const convert = spawn(python, [join(import.meta.dirname, "wav2lip-peer.py"), repository, "convert", work]);
    const [status] = (await once(convert, "exit")) as [number];
    if (status !== 0) throw new Error("the reference's weights could not be written");
  }
  const checkpoint = seededCheckpoint("wav2lip.pth", keys);
  // Equal work: all rows of the picture. Jobs leave the upper ones out.
  const { whole: all } = buildWav2Lip(checkpoint, 96, { precision, from: 0 });
  const graphs = { ...buildWav2Lip(checkpoint, 96, { precision }), whole: all };
  const gflop = { whole: operations(graphs.whole) / 1e9, mouth: operations(graphs.mouth) / 1e9 };
  await using thread = new InferenceThread();
  const open = async (part: "whole" | "face" | "mouth") =>
    thread.open(await writeModel(graphs[part], work, part), { threads: cores, providers: [provider] });
  const [whole, face, mouth] = [await open("whole"), await open("face"), await open("mouth")];
  const pixels: Tensor = { type: "uint8", dims: [1, 96, 96, 3], data: new Uint8Array(96 * 96 * 3).fill(90) };
  const mel: Tensor = { type: "float32", dims: [1, 1, 80, 16], data: new Float32Array(1280).fill(-1) };
  const features = await face.run({ face: stackTensors([pixels]) });
  const copies = (tensors: Tensors): Tensors =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, stackTensors([tensor])]));
  console.log(
    `wav2lip: ${onCpu ? "" : `${provider}, ${precision}, `}${cores} cores, ${rounds} rounds, medians; ${new Date().toISOString()}, node ${process.version}`,
  );
  const reference = peer();
  for (const batch of BATCHES) {
    const times = { whole: [] as number[], mouth: [] as number[], theirs: [] as number[] };
    for (let round = -1; round < rounds; round++) {
      const mels = stackTensors(Array.from({ length: batch }, () => mel));
      const faces = stackTensors(Array.from({ length: batch }, () => pixels));
      const ours = await timed(() => whole.run({ mel: mels, face: faces }));
      const again = stackTensors(Array.from({ length: batch }, () => mel));
      const which: Tensor = { type: "int64", dims: [batch], data: new BigInt64Array(batch) };
      const kept = await timed(() => mouth.run({ mel: again, which, ...copies(features) }));
      const theirs = await reference?.ask(batch);
      // The first round warms both sides up.
      if (round < 0) continue;
      times.whole.push(ours);
      times.mouth.push(kept);
      if (theirs !== undefined) times.theirs.push(theirs);
    }
    const theirs = times.theirs.length > 0 ? median(times.theirs) : undefined;
    const line = (name: string, ms: number, work: number, goal: string): void =>
      console.log(
        `  batch ${String(batch).padStart(2)}, ${name}: ${ms.toFixed(0)} ms, ${((1000 * batch) / ms).toFixed(1)} frames/s, ${((1000 * batch * work) / ms).toFixed(0)} GFLOP/s${ratio(theirs, ms)} ${goal}`,
      );
    const goals = onCpu ? ["(goal 0.95)", "(goal 1.5)"] : ["", batch === 64 ? "(goal 1,000 frames/s)" : ""];
    line("all of the network", median(times.whole), gflop.whole, goals[0] ?? "");
    line("the lower face, its features kept", median(times.mouth), gflop.mouth, goals[1] ?? "");
    if (theirs !== undefined) line("the reference", theirs, gflop.whole, "");
  }
  reference?.close();

  const samples = Float32Array.from(
    { length: SECONDS * 16_000 },
    (_, i) => 0.3 * Math.sin(i * 0.07) * Math.sin(i / 1900),
  );
  const sound = join(work, "sound.wav");
  await writeFile(sound, encodeWav({ sampleRate: 16_000, channels: [samples] }));
  const ours: Film[] = [];
  const theirs: Film[] = [];
  const flags = ["--max-semi-space-size=1", "--v8-pool-size=1"];
  for (let round = -1; round < rounds; round++) {
    const script = join(import.meta.dirname, "wav2lip-film.ts");
    const made = await film(process.execPath, [...flags, script, work, PHOTO, sound]);
    // The first one writes the graphs, which is done once.
    if (round < 0) continue;
    ours.push(made);
    if (python === undefined || repository === undefined) continue;
    const peerScript = join(import.meta.dirname, "wav2lip-peer.py");
    theirs.push(await film(python, [peerScript, repository, "film", work, PHOTO, sound, join(work, "theirs.mp4")]));
  }
  const of = (films: readonly Film[], field: keyof Film): number => median(films.map((each) => each[field]));
  const line = (what: string, field: keyof Film, unit: string, goal: string): void => {
    const their = theirs.length > 0 ? ` against ${of(theirs, field).toFixed(0)} ${unit}` : "";
    const share = theirs.length > 0 ? `, ${(of(theirs, field) / of(ours, field)).toFixed(2)} times better` : "";
    console.log(`  ${what}: ${of(ours, field).toFixed(0)} ${unit}${their}${share} ${goal}`);
  };
  line(`photo and ${SECONDS} s of sound to a video, from the start of a process`, "ms", "ms", "(goal 3)");
  line("to the first frame", "firstMs", "ms", "(goal 4)");
  line("memory of all processes at its peak", "peakMb", "MB", "(goal 2)");
  line("frames", "frames", "", "");
  const script = join(import.meta.dirname, "wav2lip-film.ts");
  const two = await run(process.execPath, [...flags, script, work, PHOTO, sound, "2", String(rounds)]);
  const { in_turn_ms: turn = 0, at_once_ms: atOnce = 0, in_turn_idle: idle = 0, in_run: inRun = 0 } = two;
  console.log(
    `  two jobs at once: ${atOnce.toFixed(0)} ms, one after the other ${turn.toFixed(0)} ms, ${(turn / atOnce).toFixed(2)} times`,
  );
  console.log(
    `  one after the other leaves ${percent(idle)} of the cores idle, which is all that company can use: ${(1 / (1 - idle)).toFixed(2)} times; ${percent(inRun)} of a job's time is inside run()${onCpu ? "" : " (goal 70 %)"}`,
  );
} finally {
  await rm(work, { recursive: true, force: true });
}
