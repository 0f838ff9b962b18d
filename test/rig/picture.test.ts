import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { readAvatarSheet } from "../../src/engines/lipsync/rig/avatar-sheet.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { visemesOf } from "../../src/engines/lipsync/rig/visemes.ts";
import { createEspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import type { SpeechPart, TimedPhoneme } from "../../src/engines/speech/speech-engine.ts";
import { SENTENCES } from "../speech/sentences.ts";
import { measureAperture, mouthBox, pictureOf } from "./aperture.ts";
import { correlation, opennessTrack, rotated } from "./openness.ts";
import { spoken, withoutPhonemes } from "./speech.ts";

const MODELS = join(import.meta.dirname, "../../models");
const FPS = 25;
const [WIDTH, HEIGHT] = [854, 480];
const LANGUAGES = ["ko", "ru", "kk", "en"] as const;
/** Seconds by which the control's sound is shifted. */
const SHIFTS = [0.8, 1.3, 2.1, 2.9, 3.7];
const LARGEST_LEAD = 0.2;

const espeak = createEspeakEngine({ modelsDir: MODELS });
const rig = createRigEngine({ modelsDir: MODELS });
const signal = new AbortController().signal;

type Take = {
  readonly heights: readonly number[];
  readonly phonemes: readonly TimedPhoneme[];
  readonly duration: number;
};

async function speechOf(language: string): Promise<readonly SpeechPart[]> {
  const voice = (await espeak.voices())[0]?.name ?? "";
  const parts: SpeechPart[] = [];
  for (const { text } of SENTENCES.filter((sentence) => sentence.language === language)) {
    const request = { text, language, voice, rate: 1, pitch: 0, sampleRate: 24_000 };
    for await (const part of espeak.synthesize(request, signal)) parts.push(part);
  }
  return parts;
}

/** Renders a language's sentences and measures the mouth in every frame; `heard` leaves it only the sound. */
async function take(language: string, person: string, heard = false): Promise<Take> {
  const parts = await speechOf(language);
  const { mouth } = await readAvatarSheet(join(MODELS, "avatars", person));
  const box = mouthBox(mouth, WIDTH, HEIGHT);
  const heights: number[] = [];
  const options = { avatar: `${person}_short`, resolution: "480p", fps: FPS, frameSkip: 1 } as const;
  const shown = heard ? parts.map(withoutPhonemes) : parts;
  for await (const frame of rig.render(spoken(...shown), options, signal)) {
    heights.push(measureAperture(pictureOf(frame.data, WIDTH, HEIGHT), box).height);
    frame.release();
  }
  const phonemes: TimedPhoneme[] = [];
  let duration = 0;
  for (const { audio, phonemes: own = [] } of parts) {
    const from = duration;
    phonemes.push(...own.map(({ ipa, start, end }) => ({ ipa, start: start + from, end: end + from })));
    duration += audio.samples.length / audio.sampleRate;
  }
  return { heights, phonemes, duration };
}

/** Seconds by which the picture is ahead of the phonemes where the two agree best. */
function leadOf({ heights, phonemes, duration }: Take): number {
  const fine = opennessTrack(phonemes, duration, 1000);
  let best = -1;
  let lead = 0;
  for (let shift = -LARGEST_LEAD; shift <= LARGEST_LEAD; shift += 0.005) {
    const later = heights.map(
      (_, i) => fine[Math.min(fine.length - 1, Math.max(0, Math.round((i / FPS + shift) * 1000)))] ?? 0,
    );
    const agreement = correlation(heights, later);
    if (agreement > best) [best, lead] = [agreement, shift];
  }
  return lead;
}

for (const language of LANGUAGES) {
  test(`the mouth in the picture follows the phonemes of ${language}, and only them`, async () => {
    for (const person of ["new_talk", "talk"]) {
      const found = await take(language, person);
      const unmapped = found.phonemes.filter(({ ipa }) => visemesOf(ipa, language).length === 0);
      assert.deepEqual(
        unmapped.map(({ ipa }) => ipa),
        [],
        "sounds that no viseme is known for",
      );
      const openness = opennessTrack(found.phonemes, found.duration, FPS);
      const agreement = correlation(found.heights, openness);
      assert.ok(agreement >= 0.8, `${person}: correlation ${agreement}`);
      for (const shift of SHIFTS) {
        const control = correlation(rotated(found.heights, Math.round(shift * FPS)), openness);
        assert.ok(control < agreement / 2, `${person}: shifted by ${shift} s it is still ${control}`);
      }
      const lead = leadOf(found);
      assert.ok(lead >= 0 && lead <= 0.08, `${person}: leads by ${lead} s`);
    }
  });
}

test("from the sound alone the mouth still follows what is said", async () => {
  for (const language of LANGUAGES) {
    const found = await take(language, "new_talk", true);
    const openness = opennessTrack(found.phonemes, found.duration, FPS);
    const agreement = correlation(found.heights, openness);
    assert.ok(agreement >= 0.55, `${language}: correlation ${agreement}`);
    const control = correlation(rotated(found.heights, Math.round(2.1 * FPS)), openness);
    assert.ok(control < agreement / 2, `${language}: shifted it is still ${control}`);
  }
});

test.after(() => espeak[Symbol.asyncDispose]?.());
