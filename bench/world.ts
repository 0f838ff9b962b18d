/**
 * The WORLD vocoder beside pyworld on the same speech, round by round in turns: each stage on one thread, then the
 * whole way on one thread and on two (the frames of the analysis in halves).
 * Usage: node bench/world.ts [python with pyworld and soundfile] [rounds]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { cheapTrick, d4c, dio, harvest, stoneMask, synthesise } from "../src/signal/world/index.ts";
import { median } from "./process-tree.ts";

const STAGES = ["dio", "stoneMask", "harvest", "cheapTrick", "d4c", "synthesise"] as const;
/** Stages of the whole way, by the pitch tracker that it begins with. */
const WAYS = {
  dio: ["dio", "stoneMask", "cheapTrick", "d4c", "synthesise"],
  harvest: ["harvest", "cheapTrick", "d4c", "synthesise"],
} as const;
/** Copies of the clip of 1.9 s in a row. */
const COPIES = 5;
const SPEECH = join(import.meta.dirname, "../test/signal/world/goldens/speech.wav");
const WAV_HEADER = 44;
const SAMPLE_RATE = 24000;

type Stage = (typeof STAGES)[number];
type Milliseconds = Record<Stage, number>;
type Frames = { samples: Float32Array; f0: Float64Array; times: Float64Array };
type Rows = { envelope: Float32Array; aperiodicity: Float32Array; fftSize: number };

function speech(): Float32Array {
  const pcm = new Int16Array(new Uint8Array(readFileSync(SPEECH)).slice(WAV_HEADER).buffer);
  const samples = new Float32Array(new SharedArrayBuffer(4 * COPIES * pcm.length));
  for (let n = 0; n < samples.length; n++) samples[n] = (pcm[n % pcm.length] as number) / 32768;
  return samples;
}

function rowsOf({ samples, f0, times }: Frames): Rows {
  const { aperiodicity } = d4c(samples, SAMPLE_RATE, f0, times);
  return { ...cheapTrick(samples, SAMPLE_RATE, f0, times), aperiodicity };
}

function ourRound(samples: Float32Array): Milliseconds {
  const ms = {} as Milliseconds;
  const timed = <T>(stage: Stage, work: () => T): T => {
    const start = performance.now();
    const result = work();
    ms[stage] = performance.now() - start;
    return result;
  };
  const coarse = timed("dio", () => dio(samples, SAMPLE_RATE));
  timed("stoneMask", () => stoneMask(samples, SAMPLE_RATE, coarse.f0, coarse.times));
  const { f0, times } = timed("harvest", () => harvest(samples, SAMPLE_RATE));
  const { envelope, fftSize } = timed("cheapTrick", () => cheapTrick(samples, SAMPLE_RATE, f0, times));
  const { aperiodicity } = timed("d4c", () => d4c(samples, SAMPLE_RATE, f0, times));
  timed("synthesise", () => synthesise(f0, envelope, aperiodicity, { sampleRate: SAMPLE_RATE, fftSize }));
  return ms;
}

/** The whole way with a second thread for the later half of the frames; milliseconds. */
async function onTwoThreads(samples: Float32Array, way: keyof typeof WAYS, helper: Worker): Promise<number> {
  const start = performance.now();
  const { f0, times } = way === "dio" ? dio(samples, SAMPLE_RATE) : harvest(samples, SAMPLE_RATE);
  const curve = way === "dio" ? stoneMask(samples, SAMPLE_RATE, f0, times) : f0;
  const half = curve.length >> 1;
  const answer = once(helper, "message");
  helper.postMessage({ samples, f0: curve.slice(half), times: times.slice(half) } satisfies Frames, []);
  const early = rowsOf({ samples, f0: curve.subarray(0, half), times: times.subarray(0, half) });
  const [late] = (await answer) as [Rows];
  const joined = (part: "envelope" | "aperiodicity"): Float32Array => {
    const rows = new Float32Array(early[part].length + late[part].length);
    rows.set(early[part]);
    rows.set(late[part], early[part].length);
    return rows;
  };
  synthesise(curve, joined("envelope"), joined("aperiodicity"), { sampleRate: SAMPLE_RATE, fftSize: early.fftSize });
  return performance.now() - start;
}

async function main(python: string, rounds: number): Promise<void> {
  const samples = speech();
  const script = join(import.meta.dirname, "world-peer.py");
  const peer = spawn(python, ["-W", "ignore", script, SPEECH, String(COPIES)], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
  const helper = new Worker(new URL(import.meta.url));
  const ours: Milliseconds[] = [];
  const theirs: Milliseconds[] = [];
  const two = { dio: [] as number[], harvest: [] as number[] };
  // The first round is for warming up.
  for (let round = 0; round <= rounds; round++) {
    peer.stdin.write("\n");
    const line = await lines.next();
    if (line.done) throw new Error(`${python} gave up`);
    theirs[round] = JSON.parse(line.value) as Milliseconds;
    ours[round] = ourRound(samples);
    two.dio[round] = await onTwoThreads(samples, "dio", helper);
    two.harvest[round] = await onTwoThreads(samples, "harvest", helper);
  }
  peer.stdin.end();
  await helper.terminate();
  report(
    "stage",
    STAGES.map((stage) => [stage, middle(theirs, [stage]), middle(ours, [stage])] as const),
  );
  const ways = Object.entries(WAYS) as [keyof typeof WAYS, readonly Stage[]][];
  report(
    "whole way, one thread",
    ways.map(([way, stages]) => [way, middle(theirs, stages), middle(ours, stages)] as const),
  );
  report(
    "whole way, two threads",
    ways.map(([way, stages]) => [way, middle(theirs, stages), median(two[way].slice(1))] as const),
  );
  console.log(
    `${(samples.length / SAMPLE_RATE).toFixed(1)} s of speech at ${SAMPLE_RATE} Hz, medians of ${rounds} rounds`,
  );
}

function middle(rounds: readonly Milliseconds[], stages: readonly Stage[]): number {
  return median(rounds.slice(1).map((ms) => stages.reduce((sum, stage) => sum + ms[stage], 0)));
}

function report(title: string, rows: readonly (readonly [string, number, number])[]): void {
  console.log(`${title.padEnd(24)}${"pyworld".padStart(10)}${"ours".padStart(10)}${"speed".padStart(9)}`);
  for (const [name, theirs, ours] of rows) {
    const times = `${(theirs / ours).toFixed(2)}x`;
    console.log(
      `  ${name.padEnd(22)}${theirs.toFixed(0).padStart(7)} ms${ours.toFixed(0).padStart(7)} ms${times.padStart(9)}`,
    );
  }
}

if (isMainThread) {
  await main(process.argv[2] ?? "python3", Number(process.argv[3] ?? 5));
} else {
  parentPort?.on("message", (frames: Frames) => {
    const rows = rowsOf(frames);
    parentPort?.postMessage(rows, [rows.envelope.buffer as ArrayBuffer, rows.aperiodicity.buffer as ArrayBuffer]);
  });
}
