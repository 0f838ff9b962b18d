import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { playBand } from "../../src/cli/demo/band.ts";
import { sing } from "../../src/cli/demo/singer.ts";
import { BEAT, frequencyOf, MELODY, SONG_SECONDS } from "../../src/cli/demo/tune.ts";
import { createEspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import { integratedLoudness } from "../../src/signal/loudness.ts";
import { harvest } from "../../src/signal/world/index.ts";

const root = join(import.meta.dirname, "../..");
const folder = await mkdtemp(join(tmpdir(), "talkbox-demo-"));
after(() => rm(folder, { recursive: true, force: true }));

test("the demo's singer follows the melody", async () => {
  await using engine = createEspeakEngine({ modelsDir: join(root, "models") });
  const rate = 16_000;
  const { samples } = await sing(engine, rate, new AbortController().signal);
  assert.equal(Math.round(samples.length / rate / 0.01), Math.round(SONG_SECONDS / 0.01));
  const { f0, times } = harvest(samples, rate);
  let beat = 0;
  for (const { text, note, beats } of MELODY) {
    const from = beat * BEAT + 0.06;
    beat += beats;
    const to = beat * BEAT - 0.12;
    const sung = [...f0].filter((hz, frame) => hz > 0 && times[frame]! > from && times[frame]! < to);
    assert.ok(sung.length * 0.005 > 0.5 * (to - from), `"${text}" is sung for most of its note`);
    const middle = sung.toSorted((a, b) => a - b)[Math.floor(sung.length / 2)]!;
    const off = 1200 * Math.log2(middle / frequencyOf(note));
    assert.ok(Math.abs(off) < 30, `"${text}" is off by ${off.toFixed(0)} cents`);
  }
});

test("the demo's band plays in its bounds and stops", () => {
  const { channels, sampleRate } = playBand(44_100);
  assert.equal(channels.length, 2);
  for (const plane of channels) {
    assert.ok(plane.every((x) => Math.abs(x) <= 0.6001));
    assert.ok(Math.abs(plane.at(-1)!) < 1e-3);
  }
  const loudness = integratedLoudness(channels, sampleRate);
  assert.ok(loudness > -22 && loudness < -14, `${loudness.toFixed(1)} LUFS`);
});

test("the demo makes a cover and a cloned sentence besides its job, and ends well", async () => {
  const job = '{"operation":"tts","params":{"text":"안녕하세요, 반갑습니다. 오늘은 노래를 하나 들려 드릴게요."}}';
  const child = spawn(process.execPath, [join(root, "src/cli/talkbox.mjs"), "demo", "--out", folder, "--input", job], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let shown = "";
  child.stdout.on("data", (chunk) => (shown += String(chunk)));
  child.stderr.on("data", () => {});
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  assert.equal(code, 0, shown);
  const files = (await readdir(folder)).filter((name) => !/\.(srt|vtt)$/.test(name));
  assert.equal(files.length, 4, files.join(", "));
  assert.equal(files.filter((name) => /^cover_.*\.mp3$/.test(name)).length, 1);
  assert.match(shown, /A song cover[\s\S]*voice +world[\s\S]*A sentence in that voice[\s\S]*espeak/);
});
