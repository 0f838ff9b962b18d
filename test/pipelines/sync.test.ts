/** Whether the mouth in the finished MP4 moves with the speech: measured in the decoded picture. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { createEspeakEngine, type EspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import type { SpeechEngine, SpeechPart, TimedPhoneme } from "../../src/engines/speech/speech-engine.ts";
import { silentLog } from "../../src/log.ts";
import { decodeFrames } from "../media/decode-frames.ts";
import { measureAperture, mouthBox, pictureOf } from "../rig/aperture.ts";
import { correlation, opennessTrack, rotated } from "../rig/openness.ts";
import { SENTENCES } from "../speech/sentences.ts";

const [WIDTH, HEIGHT, FPS] = [1280, 720, 25];

const root = join(import.meta.dirname, "../..");
const modelsDir = join(root, "models");
const scratch = await mkdtemp(join(tmpdir(), "talkbox-sync-"));
const heard: SpeechPart[] = [];
const espeak = createEspeakEngine({ modelsDir });
const config = readConfig({ ...process.env, TALKBOX_DATA: scratch }, root);
const services = createServices(config, silentLog(), {
  engines: [
    { id: "espeak", kind: "speech", load: () => Promise.resolve(listening(espeak)) },
    { id: "rig", kind: "lipsync", load: () => Promise.resolve(createRigEngine({ modelsDir })) },
  ],
});
after(async () => {
  await espeak.close();
  await services[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

/** The engine, and a record of the timings it gave. */
function listening(engine: EspeakEngine): SpeechEngine {
  return {
    info: engine.info,
    defaultVoice: engine.defaultVoice,
    availability: () => engine.availability(),
    voices: () => engine.voices(),
    async *synthesize(request, signal) {
      heard.length = 0;
      for await (const part of engine.synthesize(request, signal)) {
        heard.push(part);
        yield part;
      }
    },
  };
}

/** The phonemes of all parts on one clock, and the length of it all. */
function timeline(): { phonemes: TimedPhoneme[]; duration: number } {
  const phonemes: TimedPhoneme[] = [];
  let duration = 0;
  for (const { audio, phonemes: own } of heard) {
    for (const { ipa, start, end } of own ?? []) phonemes.push({ ipa, start: start + duration, end: end + duration });
    duration += audio.samples.length / audio.sampleRate;
  }
  return { phonemes, duration };
}

type Sheet = { mouth: { cx: number; cy: number; half_width: number } };

/** Height of the mouth's opening in each frame of the finished video, in pixels. */
async function aperturesOf(text: string, person: string): Promise<number[]> {
  const params = { text, avatar: `${person}_long`, resolution: "720p" };
  const result = await run({ operation: "lipsync", params, output: { delivery: "url" } }, { services });
  const video = result.artifacts.find(({ kind }) => kind === "video");
  const { mouth } = JSON.parse(await readFile(join(modelsDir, "avatars", person, "avatar.json"), "utf8")) as Sheet;
  const box = mouthBox(mouth, WIDTH, HEIGHT);
  const options = {
    binaries: await services.binaries(),
    width: WIDTH,
    height: HEIGHT,
    signal: new AbortController().signal,
  };
  const heights: number[] = [];
  for await (const { data } of decodeFrames(fileURLToPath(video?.url ?? ""), options)) {
    heights.push(measureAperture(pictureOf(data, WIDTH, HEIGHT), box).height);
  }
  return heights;
}

/** How far the mouth leads the phonemes, in seconds: where the correlation of the two is highest. */
function leadOf(heights: readonly number[], phonemes: readonly TimedPhoneme[], duration: number): number {
  const fine = 200;
  const openness = opennessTrack(phonemes, duration, fine);
  let best = { lead: 0, value: -1 };
  for (let lead = -0.2; lead <= 0.2; lead += 1 / fine) {
    const shifted = heights.map((_, i) => openness[Math.round((i / FPS + lead) * fine)] ?? 0);
    const value = correlation(heights, shifted);
    if (value > best.value) best = { lead, value };
  }
  return best.lead;
}

/** What the dark line between closed lips measures at most, in pixels at 720p. */
const LIP_LINE = 5;

for (const person of ["new_talk", "talk"]) {
  for (const language of ["ko", "ru", "kk", "en"] as const) {
    test(`${person} speaks ${language}: the picture follows the sound`, async (context) => {
      const text = SENTENCES.filter((sentence) => sentence.language === language)
        .map((sentence) => sentence.text)
        .join(" ");
      const heights = await aperturesOf(text, person);
      const { phonemes, duration } = timeline();
      assert.equal(heights.length, Math.ceil(duration * FPS - 1e-6), "one frame for every 40 ms");

      const openness = opennessTrack(phonemes, duration, FPS);
      const matched = correlation(heights, openness);
      const shifted = [0.8, 1.3, 1.9, 2.6, 3.1, 3.7].map((by) =>
        correlation(heights, rotated(openness, Math.round(by * FPS))),
      );
      const lead = leadOf(heights, phonemes, duration);
      context.diagnostic(
        `r ${matched.toFixed(3)}, shifted ${Math.min(...shifted).toFixed(2)} … ${Math.max(...shifted).toFixed(2)}, lead ${(lead * 1000).toFixed(0)} ms`,
      );
      assert.ok(matched >= 0.8, `correlation ${matched.toFixed(3)}`);
      for (const value of shifted)
        assert.ok(value < matched / 2, `shifted ${value.toFixed(3)} of ${matched.toFixed(3)}`);
      assert.ok(lead >= 0 && lead <= 0.08, `the mouth leads by ${(lead * 1000).toFixed(0)} ms`);

      assert.ok(Math.max(...heights) > 3 * LIP_LINE, "the mouth opens wide enough for a line to be a line");
      const silences = phonemes.filter(({ ipa, start, end }) => ipa === "" && end - start > 0.25);
      assert.ok(silences.length > 0);
      for (const { start, end } of silences) {
        // Until the lips part again for what follows, up to 140 ms ahead of its sound.
        const inside = heights.filter((_, i) => i / FPS >= start + 0.12 && i / FPS <= end - 0.14);
        for (const height of inside)
          assert.ok(
            height <= LIP_LINE,
            `open by ${height.toFixed(1)} px in the silence from ${start.toFixed(2)} to ${end.toFixed(2)} s`,
          );
      }
    });
  }
}
