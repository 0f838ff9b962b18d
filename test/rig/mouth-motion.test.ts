import assert from "node:assert/strict";
import { test } from "node:test";
import { coarticulate } from "../../src/engines/lipsync/rig/coarticulation.ts";
import { mouthEvents } from "../../src/engines/lipsync/rig/mouth-events.ts";
import { MouthFrames } from "../../src/engines/lipsync/rig/mouth-frames.ts";
import { PARAMETER, PARAMETER_COUNT, type ParameterName } from "../../src/engines/lipsync/rig/mouth-parameters.ts";
import { SpeechTrack } from "../../src/engines/lipsync/rig/speech-track.ts";
import { BABBLE, partOf, type Sound, timed } from "./speech.ts";

const FPS = 25;

/** Mouths of all frames of parts made of these sounds. */
function frames(skip: 1 | 2 | 3, fps: number, ...parts: readonly (readonly Sound[])[]): readonly Float64Array[] {
  const track = new SpeechTrack();
  for (const sounds of parts) track.add(partOf(sounds));
  const mouths = new MouthFrames(track, fps, skip);
  return Array.from({ length: Math.ceil(track.duration * fps) }, (_, i) => {
    const mouth = new Float64Array(PARAMETER_COUNT);
    mouths.at(i, mouth);
    return mouth;
  });
}

const read = (mouth: Float64Array | undefined, name: ParameterName): number => mouth?.[PARAMETER[name]] as number;

/** Lips apart: jaw and both lips, 0 closed. */
const apart = (mouth: Float64Array): number =>
  (read(mouth, "jaw") + read(mouth, "upper") * 0.25 + read(mouth, "lower") * 0.3) * (1 - read(mouth, "press"));

test("every p, b and m has a closed frame, whatever the frame rate and the frames skipped", () => {
  for (const fps of [15, 24, 25, 30, 60]) {
    for (const skip of [1, 2, 3] as const) {
      const mouths = frames(skip, fps, BABBLE);
      for (const { ipa, start, end } of timed(BABBLE)) {
        if (!/[pbm]/u.test(ipa)) continue;
        const near = mouths.filter((_, i) => i / fps > start - 0.5 / fps - 0.06 && i / fps < end + 0.5 / fps);
        assert.ok(Math.min(...near.map(apart)) < 0.02, `${ipa} at ${start}, ${fps} fps, skip ${skip}`);
      }
    }
  }
});

test("f and v tuck the lower lip under the teeth", () => {
  const mouths = frames(1, FPS, BABBLE);
  for (const { ipa, start, end } of timed(BABBLE)) {
    if (!/[fv]/u.test(ipa)) continue;
    const near = mouths.filter((_, i) => i / FPS > start - 0.06 && i / FPS < end + 0.02);
    assert.ok(Math.max(...near.map((mouth) => read(mouth, "tuck"))) > 0.95, `${ipa} at ${start}`);
    assert.ok(Math.max(...near.map((mouth) => read(mouth, "teethUpper"))) > 0.6);
  }
});

test("the mouth is closed 120 ms into silence and stays so", () => {
  const source = coarticulate(mouthEvents(partOf(BABBLE)));
  const mouth = new Float64Array(PARAMETER_COUNT);
  const spoken = timed(BABBLE).findLast(({ ipa }) => ipa !== "")?.end ?? 0;
  for (let t = spoken + 0.12; t < spoken + 0.6; t += 0.01) {
    source.sample(t, mouth);
    assert.ok(apart(mouth) < 0.02, `${t - spoken} s after the last sound: ${apart(mouth)}`);
  }
});

test("a short pause inside a sentence does not shut the mouth", () => {
  const source = coarticulate(
    mouthEvents(
      partOf([
        ["", 0.3],
        ["a", 0.15],
        ["", 0.12],
        ["a", 0.15],
        ["", 0.3],
      ]),
    ),
  );
  const mouth = new Float64Array(PARAMETER_COUNT);
  source.sample(0.3 + 0.15 + 0.06, mouth);
  assert.ok(read(mouth, "jaw") > 0.03);
});

test("the jaw does not chatter and lips do not jump between frames", () => {
  const mouths = frames(1, FPS, BABBLE, BABBLE);
  for (let i = 1; i < mouths.length; i++) {
    const step = (name: ParameterName): number => Math.abs(read(mouths[i], name) - read(mouths[i - 1], name));
    assert.ok(step("jaw") <= 0.35, `jaw at frame ${i}: ${step("jaw")}`);
    assert.ok(step("width") <= 0.2, `width at frame ${i}: ${step("width")}`);
    assert.ok(step("round") <= 0.45, `round at frame ${i}: ${step("round")}`);
  }
});

test("a vowel's shape begins before it sounds, rounding earlier still", () => {
  const source = coarticulate(
    mouthEvents(
      partOf([
        ["", 0.3],
        ["t", 0.1],
        ["u", 0.2],
        ["", 0.3],
      ]),
    ),
  );
  const mouth = new Float64Array(PARAMETER_COUNT);
  source.sample(0.4 - 0.04, mouth);
  assert.ok(read(mouth, "round") > 0.3, `${read(mouth, "round")}`);
});

test("all parameters stay in their ranges, in any order of sounds", () => {
  const sounds = "p a f u ʃ i m o s θ e k w ɹ l b".split(" ");
  const sentence: Sound[] = [["", 0.2]];
  for (let i = 0; i < 120; i++)
    sentence.push([sounds[(i * 7 + (i % 5) * 3) % sounds.length] as string, 0.03 + (i % 6) * 0.025]);
  sentence.push(["", 0.3]);
  for (const mouth of frames(2, FPS, sentence, sentence)) {
    for (const value of mouth) assert.ok(Number.isFinite(value));
    for (const name of ["jaw", "round", "upper", "lower", "press", "tuck", "tongue"] as const) {
      const value = read(mouth, name);
      assert.ok(value >= -0.01 && value <= 1.01, `${name} ${value}`);
    }
  }
});

test("where two parts meet nothing jumps", () => {
  const first: readonly Sound[] = [
    ["", 0.05],
    ["a", 0.3],
    ["", 0.08],
  ];
  const second: readonly Sound[] = [
    ["", 0.03],
    ["m", 0.08],
    ["a", 0.2],
    ["", 0.3],
  ];
  const mouths = frames(1, 100, first, second);
  for (let i = 1; i < mouths.length; i++) {
    assert.ok(Math.abs(read(mouths[i], "jaw") - read(mouths[i - 1], "jaw")) < 0.2, `frame ${i}`);
  }
});
