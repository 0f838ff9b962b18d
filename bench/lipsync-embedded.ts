/**
 * The whole way from text to MP4 on embedded engines, beside the physical limit: the same x264 encode of the same
 * frames, already rendered, alone. Once in a worker that has done a job before, once from the start of a process. Then
 * memory of the process tree for a video of a minute.
 * Run `npm run build` first. Usage: node bench/lipsync-embedded.ts [rounds]
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeVideo } from "../src/media/encode-video.ts";
import { decodeFrames } from "../src/media/decode-frames.ts";
import { decodeMono } from "../src/media/decode-audio.ts";
import { resolveBinaries } from "../src/media/binaries.ts";
import { writeFile } from "node:fs/promises";
import { median, watchTree } from "./process-tree.ts";

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
  artifacts: { kind: string; url: string; duration: number }[];
  receipt: { stages: { stage: string; ms: number }[]; total_ms: number };
  frames: number;
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
    ["--max-semi-space-size=1", bundle, "run", "--quiet", "--out", work, "--input", job],
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

function fileOf({ artifacts }: Result, kind: string): string {
  const artifact = artifacts.find((candidate) => candidate.kind === kind);
  if (!artifact) throw new Error(`no ${kind} came back`);
  return decodeURIComponent(new URL(artifact.url).pathname);
}

const FRAME_BYTES = (1280 * 720 * 3) / 2;

/** Frames from a raw file. */
async function* framesFrom(path: string): AsyncGenerator<{ data: Uint8Array; release(): void }> {
  const file = openSync(path, "r");
  for (;;) {
    const data = new Uint8Array(FRAME_BYTES);
    if (readSync(file, data, 0, FRAME_BYTES, null) < FRAME_BYTES) return;
    yield { data, release() {} };
  }
}

try {
  const first = await talkbox(TEN_SECONDS);
  const raw = join(work, "frames.i420");
  const pieces: Uint8Array[] = [];
  for await (const frame of decodeFrames(fileOf(first.result, "video"), {
    binaries,
    width: 1280,
    height: 720,
    signal,
  })) {
    pieces.push(frame.data);
  }
  await writeFile(raw, Buffer.concat(pieces));
  pieces.length = 0;
  const audio = await decodeMono(fileOf(first.result, "audio"), { binaries, sampleRate: 24_000, signal });
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
  for (let round = 0; round < rounds; round += 1) {
    whole.push((await talkbox(TEN_SECONDS)).ms);
    const begin = performance.now();
    await worker.run(job);
    warm.push(performance.now() - begin);
    const start = performance.now();
    await encodeVideo({
      binaries,
      frames: framesFrom(raw),
      audio: (async function* () {
        yield audio.samples;
      })(),
      sampleRate: audio.sampleRate,
      channels: 1,
      width: 1280,
      height: 720,
      fps: 25,
      format: "mp4",
      path: join(work, "encode-only.mp4"),
      signal,
    });
    encode.push(performance.now() - start);
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
