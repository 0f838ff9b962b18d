/**
 * The whole way from text to MP4 on embedded engines, beside the physical limit: the same x264 encode of the same
 * frames, already rendered, alone. Once in a worker that has done a job before, once from the start of a process. Then
 * memory of the process tree for a video of a minute. Processor time of all processes is counted as well: where others
 * work on the machine, it tells more than the clock.
 * Run `npm run build` first. Usage: node bench/lipsync-embedded.ts [rounds]
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRigEngine } from "../src/engines/lipsync/rig/rig-engine.ts";
import { createEspeakEngine } from "../src/engines/speech/espeak/espeak-engine.ts";
import type { SpeechPart } from "../src/engines/speech/speech-engine.ts";
import { resolveBinaries } from "../src/media/binaries.ts";
import { encodeVideo } from "../src/media/encode-video.ts";
import { median, treeCpuMs, watchTree } from "./process-tree.ts";

const root = join(import.meta.dirname, "..");
const bundle = join(root, "dist/talkbox.js");
if (!existsSync(bundle)) throw new Error('The bundle is missing: run "npm run build".');
const rounds = Number(process.argv[2] ?? 5);
const work = mkdtempSync(join(tmpdir(), "talkbox-bench-"));
const binaries = await resolveBinaries({ searchPath: (process.env["PATH"] ?? "").split(":") });
const signal = new AbortController().signal;

/** About ten seconds of Korean. */
const TEN_SECONDS =
  "안녕하세요, 면접에 오신 것을 환영합니다. 먼저 간단히 자기소개를 해 주시겠어요? 그리고 우리 회사에 지원한 동기도 함께 말씀해 주세요.";

type Result = {
  receipt: { stages: { stage: string; ms: number }[]; total_ms: number };
  frames: number;
  avatar: string;
};

/** Runs `talkbox run` in a process of its own. */
async function talkbox(
  text: string,
  watch = false,
): Promise<{ ms: number; result: Result; memory: readonly (readonly [number, number])[] }> {
  const job = JSON.stringify({ operation: "lipsync", params: { text, quality: "high" } });
  const start = performance.now();
  // As `npm start` and the launcher do.
  const child = spawn(
    process.execPath,
    ["--max-semi-space-size=1", "--v8-pool-size=1", bundle, "run", "--quiet", "--out", work, "--input", job],
    {
      env: { ...process.env, MALLOC_ARENA_MAX: "2", TALKBOX_LOG_LEVEL: "silent" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const watching = watch && child.pid ? watchTree(child.pid, 100) : undefined;
  let output = "";
  for await (const chunk of child.stdout) output += String(chunk);
  const ms = performance.now() - start;
  return { ms, result: JSON.parse(output) as Result, memory: watching?.stop() ?? [] };
}

const FRAME_BYTES = (1280 * 720 * 3) / 2;
const SAMPLE_RATE = 24_000;

/** Renders the frames of the job into a raw file, and answers its sound. */
async function renderTo(path: string, avatar: string): Promise<Float32Array[]> {
  const modelsDir = join(root, "models");
  await using speech = createEspeakEngine({ modelsDir });
  await using rig = createRigEngine({ modelsDir, dataDir: work });
  const parts: SpeechPart[] = [];
  const said = { text: TEN_SECONDS, voice: speech.defaultVoice, rate: 1, pitch: 0, sampleRate: SAMPLE_RATE };
  for await (const part of speech.synthesize(said, signal)) parts.push(part);
  const file = openSync(path, "w");
  const options = { avatar, resolution: "720p", fps: 25, frameSkip: 1 } as const;
  for await (const frame of rig.render(list(parts), options, signal)) {
    writeSync(file, frame.data);
    frame.release();
  }
  closeSync(file);
  return parts.map(({ audio }) => audio.samples);
}

async function* list<T>(values: readonly T[]): AsyncGenerator<T, void> {
  yield* values;
}

/** Frames from a raw file, in buffers that go round. */
async function* framesFrom(path: string): AsyncGenerator<{ data: Uint8Array; release(): void }> {
  const file = openSync(path, "r");
  const free: Uint8Array[] = [];
  try {
    for (;;) {
      const data = free.pop() ?? new Uint8Array(FRAME_BYTES);
      if (readSync(file, data, 0, FRAME_BYTES, null) < FRAME_BYTES) return;
      yield { data, release: () => void free.push(data) };
    }
  } finally {
    closeSync(file);
  }
}

try {
  const first = await talkbox(TEN_SECONDS);
  const raw = join(work, "frames.i420");
  const sound = await renderTo(raw, first.result.avatar);
  const seconds = first.result.frames / 25;

  // The worker: the bundle's handler in this process, its engines warm after a job that is not counted.
  process.env["TALKBOX_DATA"] = join(work, "data");
  process.env["TALKBOX_LOG_LEVEL"] = "silent";
  const worker = (await import(join(root, "dist/handler.js"))) as { run: (job: object) => Promise<unknown> };
  const job = { operation: "lipsync", params: { text: TEN_SECONDS, quality: "high" }, output: { delivery: "url" } };
  await worker.run(job);

  const warm: number[] = [];
  const whole: number[] = [];
  const encode: number[] = [];
  const cpu = { warm: [] as number[], encode: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    whole.push((await talkbox(TEN_SECONDS)).ms);
    let spent = treeCpuMs(process.pid);
    const begin = performance.now();
    await worker.run(job);
    warm.push(performance.now() - begin);
    cpu.warm.push(treeCpuMs(process.pid) - spent);
    spent = treeCpuMs(process.pid);
    const start = performance.now();
    await encodeVideo({
      binaries,
      frames: framesFrom(raw),
      audio: list(sound),
      sampleRate: SAMPLE_RATE,
      channels: 1,
      width: 1280,
      height: 720,
      fps: 25,
      format: "mp4",
      path: join(work, "encode-only.mp4"),
      signal,
    });
    encode.push(performance.now() - start);
    cpu.encode.push(treeCpuMs(process.pid) - spent);
  }
  const [total, cold, alone] = [median(warm), median(whole), median(encode)];
  console.log(
    `lipsync-embedded: ${seconds.toFixed(2)} s of 720p25, ${rounds} rounds, ffmpeg ${binaries.ffmpeg.source}, median`,
  );
  const line = (what: string, ms: number, goal = ""): void => {
    console.log(
      `  ${what.padEnd(34)} ${ms.toFixed(0).padStart(5)} ms  ${((seconds * 1000) / ms).toFixed(1)}x real time ${goal}`,
    );
  };
  line("a job of a warm worker", total, "(goal >= 4x)");
  line("process start to finished MP4", cold, "(goal >= 4x)");
  line("the encode alone", alone);
  const ratios = warm.map((ms, round) => ms / (encode[round] ?? Number.NaN));
  console.log(
    `  job of a warm worker / encode alone: ${median(ratios).toFixed(2)}, rounds ${ratios.map((r) => r.toFixed(2)).join(" ")} (goal <= 1.5)`,
  );
  const shares = cpu.warm.map((ms, round) => ms / (cpu.encode[round] ?? Number.NaN));
  console.log(
    `  the same of processor time, ${median(cpu.warm).toFixed(0)} ms to ${median(cpu.encode).toFixed(0)} ms: ${median(shares).toFixed(2)}, rounds ${shares.map((r) => r.toFixed(2)).join(" ")}`,
  );
  console.log(
    `  stages from process start: ${first.result.receipt.stages.map(({ stage, ms }) => `${stage} ${ms.toFixed(0)}`).join(", ")} ms`,
  );

  const minute = await talkbox(`${TEN_SECONDS} `.repeat(6), true);
  const peak = Math.max(...minute.memory.map(([, bytes]) => bytes)) / 1e6;
  const at = (share: number): number => {
    const end = minute.memory.at(-1)?.[0] ?? 0;
    const near = minute.memory.filter(([ms]) => Math.abs(ms - end * share) < end * 0.08).map(([, bytes]) => bytes);
    return median(near) / 1e6;
  };
  console.log(
    `  ${(minute.result.frames / 25).toFixed(0)} s video: ${(minute.ms / 1000).toFixed(1)} s, process tree peak ${peak.toFixed(0)} MB (goal < 400),`,
  );
  console.log(
    `    at 30 % ${at(0.3).toFixed(0)} MB, at 60 % ${at(0.6).toFixed(0)} MB, at 90 % ${at(0.9).toFixed(0)} MB (goal: flat)`,
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
