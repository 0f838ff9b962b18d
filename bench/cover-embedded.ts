/**
 * A song cover on embedded engines, from the start of a process to the finished MP3: against real time for three
 * minutes, and memory of the process tree for one, three and six. The song is the demo's, over and over, its stems
 * fetched by URL.
 * Run `npm run build` first. Usage: node bench/cover-embedded.ts [voice] [minutes …]
 */
import { spawn } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { playBand } from "../src/cli/demo/band.ts";
import { sing } from "../src/cli/demo/singer.ts";
import { createEspeakEngine } from "../src/engines/speech/espeak/espeak-engine.ts";
import { writeWav } from "../src/media/wav.ts";
import { interleaved } from "../src/pipelines/cover/stereo.ts";
import { median, watchTree } from "./process-tree.ts";

const root = join(import.meta.dirname, "..");
const bundle = join(root, "dist/talkbox.js");
if (!existsSync(bundle)) throw new Error('The bundle is missing: run "npm run build".');
const [voice = "alto-warm", ...given] = process.argv.slice(2);
const lengths = given.length > 0 ? given.map(Number) : [1, 3, 6];
const work = mkdtempSync(join(tmpdir(), "talkbox-bench-"));
const RATE = 44_100;

/** A file of a verse, over and over until it is `minutes` long. */
async function writeStem(name: string, channels: number, verse: Float32Array, minutes: number): Promise<void> {
  let left = Math.round(minutes * 60 * RATE) * channels;
  async function* chunks(): AsyncGenerator<Float32Array> {
    for (; left > 0; left -= verse.length) yield verse.subarray(0, left);
  }
  await writeWav(join(work, name), { sampleRate: RATE, channels, chunks: chunks() });
}

/** Milliseconds of processor time that a process and the children that it waited for have used. */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // User and system time, its own and its children's, in hundredths of a second.
  return 10 * [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
}

type Run = {
  readonly ms: number;
  readonly cpu: number;
  readonly memory: readonly (readonly [number, number])[];
  readonly stages: readonly { stage: string; ms: number }[];
};

async function cover(base: string, minutes: number): Promise<Run> {
  const job = JSON.stringify({
    operation: "generate_cover_from_separate_audio",
    params: {
      voice_audio_url: `${base}/vocal-${minutes}.wav`,
      instrument_audio_url: `${base}/band-${minutes}.wav`,
      voice_model: voice,
    },
  });
  const start = performance.now();
  // As `npm start` and the launcher do.
  const args = ["--max-semi-space-size=1", bundle, "run", "--quiet", "--out", work, "--input", job];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, MALLOC_ARENA_MAX: "2", TALKBOX_LOG_LEVEL: "silent", TALKBOX_ALLOW_PRIVATE_URLS: "1" },
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
  const { receipt, error } = JSON.parse(output) as { receipt?: { stages: Run["stages"] }; error?: unknown };
  if (!receipt) throw new Error(JSON.stringify(error));
  return { ms, cpu, memory: watching.stop(), stages: receipt.stages };
}

const server = createServer((request, response) => {
  createReadStream(join(work, basename(request.url ?? ""))).pipe(response);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const engine = createEspeakEngine({ modelsDir: join(root, "models") });
try {
  const vocal = (await sing(engine, RATE, new AbortController().signal)).samples;
  const [left, right] = playBand(RATE).channels as [Float32Array, Float32Array];
  // The verse ends where the next one begins, not where its last chord has died away.
  const band = interleaved([left.subarray(0, vocal.length), right.subarray(0, vocal.length)]);
  console.log(`cover-embedded: voice ${voice}, stems of ${RATE} Hz, from process start to MP3`);
  for (const minutes of lengths) {
    await writeStem(`vocal-${minutes}.wav`, 1, vocal, minutes);
    await writeStem(`band-${minutes}.wav`, 2, band, minutes);
    const { ms, cpu, memory, stages } = await cover(base, minutes);
    const seconds = minutes * 60;
    const peak = Math.max(...memory.map(([, bytes]) => bytes));
    const end = memory.at(-1)?.[0] ?? 0;
    const at = (share: number): string => {
      const near = memory.filter(([time]) => Math.abs(time - end * share) < end * 0.05).map(([, bytes]) => bytes);
      return (median(near) / 1e6).toFixed(0);
    };
    console.log(
      `  ${minutes} min: ${(ms / 1000).toFixed(1)} s, ${((seconds * 1000) / ms).toFixed(1)}x real time (goal >= 5x), processor ${(cpu / 1000).toFixed(1)} s`,
    );
    console.log(
      `    memory of the tree: peak ${(peak / 1e6).toFixed(0)} MB; at 30 % ${at(0.3)} MB, at 60 % ${at(0.6)} MB, at 90 % ${at(0.9)} MB (goal: flat)`,
    );
    console.log(`    ${stages.map(({ stage, ms: time }) => `${stage} ${(time / 1000).toFixed(1)}`).join(", ")} s`);
  }
} finally {
  await engine[Symbol.asyncDispose]?.();
  server.closeAllConnections();
  server.close();
  rmSync(work, { recursive: true, force: true });
}
