/**
 * A song cover on embedded engines, from the start of a process to the finished MP3: against real time for three
 * minutes, and memory of the process tree for one, three and six. The song is the demo's, over and over, its stems
 * fetched by URL.
 * Run `npm run build` first. Usage: node bench/cover-embedded.ts [voice] [minutes …]
 */
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { playBand } from "../src/cli/demo/band.ts";
import { sing } from "../src/cli/demo/singer.ts";
import { createEspeakEngine } from "../src/engines/speech/espeak/espeak-engine.ts";
import { writeWav } from "../src/media/wav.ts";
import { interleaved } from "../src/pipelines/cover/stereo.ts";
import { median } from "./process-tree.ts";
import { type JobRun, needBundle, runJob } from "./run-job.ts";

const root = join(import.meta.dirname, "..");
needBundle();
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

function cover(base: string, minutes: number): Promise<JobRun> {
  const params = {
    voice_audio_url: `${base}/vocal-${minutes}.wav`,
    instrument_audio_url: `${base}/band-${minutes}.wav`,
    voice_model: voice,
  };
  return runJob({ operation: "generate_cover_from_separate_audio", params }, work);
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
    const { ms, cpu, memory, receipt } = await cover(base, minutes);
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
    console.log(
      `    ${receipt.stages.map(({ stage, ms: time }) => `${stage} ${(time / 1000).toFixed(1)}`).join(", ")} s`,
    );
  }
} finally {
  await engine[Symbol.asyncDispose]?.();
  server.closeAllConnections();
  server.close();
  rmSync(work, { recursive: true, force: true });
}
