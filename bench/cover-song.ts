/**
 * A cover of a whole song on embedded engines, from the start of a process to the finished MP3: against real time,
 * memory of the process tree by length, what is saved when stems or all but the mix are there already, and how good the
 * estimates were. The song is the demo's, whose verse of five bars runs over a band of four, fetched by URL.
 * With the voice `rvc` it is sung by one of formula weights at full width, as in bench/rvc.ts.
 * Run `npm run build` first. Usage: node bench/cover-song.ts [voice] [minutes …]
 */
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { cp } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { playBand } from "../src/cli/demo/band.ts";
import { sing } from "../src/cli/demo/singer.ts";
import { BEAT } from "../src/cli/demo/tune.ts";
import { createEspeakEngine } from "../src/engines/speech/espeak/espeak-engine.ts";
import { writeWav } from "../src/media/wav.ts";
import { median } from "./process-tree.ts";
import { type JobRun, needBundle, runJob } from "./run-job.ts";
import { writeFullWidth } from "./rvc-weights.ts";

needBundle();
const [asked = "alto-warm", ...given] = process.argv.slice(2);
const lengths = given.length > 0 ? given.map(Number) : [1, 3, 6];
const work = mkdtempSync(join(tmpdir(), "talkbox-bench-"));
const RATE = 44_100;
const rvc = asked === "rvc";
/** The voice of formula weights is called so by its folder; the other one is the same, under another name. */
const voice = rvc ? "voice" : asked;
const OTHER_VOICE = rvc ? "other" : voice === "tenor-bright" ? "alto-warm" : "tenor-bright";
const models: Record<string, string> = rvc ? { TALKBOX_MODELS: join(work, "models") } : {};

async function writeSong(name: string, minutes: number): Promise<void> {
  await using engine = createEspeakEngine({ modelsDir: join(import.meta.dirname, "../models") });
  const verse = (await sing(engine, RATE, new AbortController().signal)).samples;
  const band = playBand(RATE).channels;
  const round = Math.round(16 * BEAT * RATE);
  const length = Math.round(minutes * 60 * RATE);
  async function* chunks(): AsyncGenerator<Float32Array> {
    for (let from = 0; from < length; from += RATE) {
      const chunk = new Float32Array(2 * Math.min(RATE, length - from));
      for (let n = 0; 2 * n < chunk.length; n++) {
        const voiced = 1.2 * (verse[(from + n) % verse.length] as number);
        for (const [side, plane] of band.entries()) {
          chunk[2 * n + side] = 0.6 * (voiced + (plane[(from + n) % round] as number));
        }
      }
      yield chunk;
    }
  }
  await writeWav(join(work, name), { sampleRate: RATE, channels: 2, chunks: chunks() });
}

const errors: number[] = [];

function tell(what: string, minutes: number, { ms, cpu, memory, receipt }: JobRun): void {
  const end = memory.at(-1)?.[0] ?? 0;
  const at = (share: number): string => {
    const near = memory.filter(([time]) => Math.abs(time - end * share) < end * 0.05).map(([, bytes]) => bytes);
    return near.length > 0 ? (median(near) / 1e6).toFixed(0) : "-";
  };
  const peak = Math.max(0, ...memory.map(([, bytes]) => bytes));
  const { expected_s: expected, worked_s: worked } = receipt.measures ?? {};
  let estimate = "nothing known before";
  if (expected !== undefined && worked !== undefined) {
    errors.push(Math.abs(expected - worked) / worked);
    estimate = `expected ${expected} s, took ${worked} s`;
  }
  console.log(
    `  ${minutes} min, ${what}: ${(ms / 1000).toFixed(1)} s, ${((minutes * 60_000) / ms).toFixed(1)}x real time, processor ${(cpu / 1000).toFixed(1)} s; ${estimate}`,
  );
  console.log(
    `    memory of the tree: peak ${(peak / 1e6).toFixed(0)} MB; at 30 % ${at(0.3)}, at 60 % ${at(0.6)}, at 90 % ${at(0.9)} MB`,
  );
  console.log(
    `    ${receipt.stages.map(({ stage, ms: time }) => `${stage} ${(time / 1000).toFixed(1)}`).join(", ")} s`,
  );
}

const server = createServer((request, response) => {
  createReadStream(join(work, basename(request.url ?? ""))).pipe(response);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
try {
  if (rvc) {
    await writeFullWidth(join(work, "models"));
    await cp(join(work, "models/rvc/voice"), join(work, "models/rvc/other"), { recursive: true });
  }
  console.log(`cover-song: voice ${asked}, ${RATE} Hz stereo, from process start to MP3`);
  for (const minutes of lengths) {
    await writeSong(`song-${minutes}.wav`, minutes);
    const cover = (params: object): Promise<JobRun> => {
      const song = { audio: `${base}/song-${minutes}.wav`, voice_model: voice };
      const job = { operation: "generate_cover", params: { ...song, ...params } };
      return runJob(job, work, { TALKBOX_DATA: join(work, "data"), ...models });
    };
    const first = await cover({});
    tell("new song", minutes, first);
    const other = await cover({ voice_model: OTHER_VOICE });
    tell("another voice", minutes, other);
    const gains = await cover({ main_gain: 3, inst_gain: -2, reverb_wet: 0.4 });
    tell("other gains and reverb", minutes, gains);
    console.log(
      `    against the new song: another voice ${(first.ms / other.ms).toFixed(1)}x as fast, another mix ${(first.ms / gains.ms).toFixed(1)}x (processor ${(first.cpu / gains.cpu).toFixed(1)}x)`,
    );
  }
  if (errors.length > 0) {
    console.log(
      `  estimates: median error ${(100 * median(errors)).toFixed(0)} % of ${errors.length} (goal < 30 %), largest ${(100 * Math.max(...errors)).toFixed(0)} %`,
    );
  }
} finally {
  server.closeAllConnections();
  server.close();
  rmSync(work, { recursive: true, force: true });
}
