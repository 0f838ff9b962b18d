/** Whether the mouth in the finished MP4 moves with a recording of which nothing is known but the sound. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import { createEspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import type { TimedPhoneme } from "../../src/engines/speech/speech-engine.ts";
import { silentLog } from "../../src/log.ts";
import { decodeFrames } from "../media/decode-frames.ts";
import { encodeWav } from "../../src/media/wav.ts";
import { measureAperture, mouthBox, pictureOf } from "../rig/aperture.ts";
import { correlation, opennessTrack, rotated } from "../rig/openness.ts";
import { SENTENCES } from "../speech/sentences.ts";

const [WIDTH, HEIGHT, FPS] = [1280, 720, 25];
const SAMPLE_RATE = 24_000;
const PERSON = "new_talk";
/** What the dark line between closed lips measures at most, in pixels at 720p. */
const LIP_LINE = 5;

const root = join(import.meta.dirname, "../..");
const modelsDir = join(root, "models");
const scratch = await mkdtemp(join(tmpdir(), "talkbox-heard-"));
const espeak = createEspeakEngine({ modelsDir });
const services = createServices(readConfig({ ...process.env, TALKBOX_DATA: scratch }, root), silentLog());
after(async () => {
  await espeak.close();
  await services[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

/** Speech as one recording, with the phonemes that the recording does not tell. */
async function recording(language: string): Promise<{ samples: Float32Array; phonemes: readonly TimedPhoneme[] }> {
  const text = SENTENCES.filter((sentence) => sentence.language === language)
    .map((sentence) => sentence.text)
    .join(" ");
  const request = { text, voice: espeak.defaultVoice, rate: 1, pitch: 0, sampleRate: SAMPLE_RATE, words: false };
  const phonemes: TimedPhoneme[] = [];
  const sounds: number[] = [];
  for await (const part of espeak.synthesize(request, new AbortController().signal)) {
    const at = sounds.length / SAMPLE_RATE;
    for (const { ipa, start, end } of part.phonemes ?? []) phonemes.push({ ipa, start: start + at, end: end + at });
    for (const sample of part.audio.samples) sounds.push(sample);
  }
  return { samples: Float32Array.from(sounds), phonemes };
}

/** Height of the mouth's opening in each frame of the finished video, in pixels. */
async function aperturesOf(samples: Float32Array): Promise<number[]> {
  const wav = encodeWav({ sampleRate: SAMPLE_RATE, channels: [samples] });
  const params = { audio: Buffer.from(wav).toString("base64"), avatar: `${PERSON}_long`, resolution: "720p" };
  const result = await run({ operation: "lipsync", params, output: { delivery: "url" } }, { services });
  const video = result.artifacts.find(({ kind }) => kind === "video");
  const sheet = await readFile(join(modelsDir, "avatars", PERSON, "avatar.json"), "utf8");
  const { mouth } = JSON.parse(sheet) as { mouth: { cx: number; cy: number; half_width: number } };
  const box = mouthBox(mouth, WIDTH, HEIGHT);
  const signal = new AbortController().signal;
  const options = { binaries: await services.binaries(), width: WIDTH, height: HEIGHT, signal };
  const heights: number[] = [];
  for await (const { data } of decodeFrames(fileURLToPath(video?.url ?? ""), options)) {
    heights.push(measureAperture(pictureOf(data, WIDTH, HEIGHT), box).height);
  }
  return heights;
}

for (const language of ["ko", "ru", "kk", "en"] as const) {
  test(`a recording in ${language}: the picture follows the sound`, async (context) => {
    const { samples, phonemes } = await recording(language);
    const duration = samples.length / SAMPLE_RATE;
    const heights = await aperturesOf(samples);
    const openness = opennessTrack(phonemes, duration, FPS);
    const matched = correlation(heights, openness);
    const shifted = [0.8, 1.3, 1.9, 2.6, 3.1, 3.7].map((by) =>
      correlation(heights, rotated(openness, Math.round(by * FPS))),
    );
    const lips = phonemes.filter(({ ipa }) => /[pbm]/u.test(ipa));
    const met = lips.filter(({ start, end }) => {
      const near = heights.filter((_, i) => i / FPS > start - 0.08 && i / FPS < end + 0.02);
      return Math.min(...near) <= LIP_LINE;
    });
    const silences = phonemes.filter(({ ipa, start, end }) => ipa === "" && end - start > 0.25);
    const inside = silences.flatMap(({ start, end }) =>
      heights.filter((_, i) => i / FPS >= start + 0.12 && i / FPS <= end - 0.14),
    );
    const closed = inside.filter((height) => height <= LIP_LINE);
    context.diagnostic(
      `r ${matched.toFixed(3)}, shifted ${Math.min(...shifted).toFixed(2)} … ${Math.max(...shifted).toFixed(2)}, ` +
        `closures ${met.length} of ${lips.length}, silence closed ${closed.length} of ${inside.length}`,
    );
    assert.ok(matched >= 0.75, `correlation ${matched.toFixed(3)}`);
    for (const value of shifted) assert.ok(value < matched / 2, `shifted ${value.toFixed(3)}`);
    assert.ok(met.length >= 0.75 * lips.length, `${met.length} of ${lips.length} closures`);
    assert.ok(closed.length >= 0.97 * inside.length, `${closed.length} of ${inside.length} silent frames closed`);
  });
}
