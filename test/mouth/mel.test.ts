/** `frames.json` is written by `tools/train-mouth/export.py`, which says the sound's formula. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LevelFollower, SILENCE } from "../../src/engines/lipsync/rig/mouth-network/level-follower.ts";
import { BANDS, MouthFeatures } from "../../src/engines/lipsync/rig/mouth-network/mouth-features.ts";
import { LogMel } from "../../src/signal/mel.ts";
import { resample } from "../../src/signal/resample.ts";
import { hannWindow, WindowSpectrum } from "../../src/signal/stft.ts";
import { chirp, frames as golden, RATE } from "./golden.ts";

const MEL = { sampleRate: RATE, window: 400, hop: 160, fft: 512, bands: BANDS, lowHz: 60, highHz: 7600 };

function worst(actual: ArrayLike<number>, expected: readonly (readonly number[])[]): number {
  const flat = expected.flat();
  assert.equal(actual.length, flat.length);
  return flat.reduce((most, value, i) => Math.max(most, Math.abs(value - (actual[i] as number))), 0);
}

test("log-mel frames are those of the training", () => {
  const sound = chirp();
  const frames = new LogMel(MEL).frames(sound, 0, sound.length / 160);
  const error = worst(frames, golden.mel);
  assert.ok(error < 1e-3, `${error} dB`);
});

test("features are those of the training", () => {
  const mel = Float32Array.from(golden.mel.flat());
  new LevelFollower().apply(mel, BANDS);
  const error = worst(mel, golden.features);
  assert.ok(error < 1e-4, `${error}`);
});

test("a full-scale sine has 0 dB, silence the floor", () => {
  const spectrum = new WindowSpectrum(hannWindow(400), 512);
  const sine = Float32Array.from({ length: 400 }, (_, i) => Math.sin((2 * Math.PI * 1000 * i) / RATE));
  assert.ok(Math.abs(10 * Math.log10((spectrum.look(sine, 0)[32] as number) * (4 / 400) ** 2)) < 0.01);
  const frames = new LogMel(MEL).frames(new Float32Array(1600), 0, 10);
  assert.ok(frames.every((value) => Math.abs(value + 100) < 1e-6));
  assert.throws(() => new WindowSpectrum(hannWindow(600), 512), RangeError);
});

test("features do not depend on how the sound is cut, but for the last frames of a cut", () => {
  // At 22 050 Hz a frame is not a whole number of samples.
  for (const rate of [22_050, 24_000, 44_100]) {
    const sound = resample(chirp(8), RATE, rate);
    const whole = new MouthFeatures(rate);
    const first = Math.round(3.37 * rate);
    const before = whole.push(sound.subarray(0, first));
    const pieces: number[] = [...before.data.subarray(0, before.final * BANDS)];
    for (let at = first; at < sound.length; at += 12_345) {
      const block = whole.push(sound.subarray(at, at + 12_345));
      assert.equal(block.first * BANDS, pieces.length, "goes on where the final frames ended");
      pieces.push(...block.data.subarray(0, block.final * BANDS));
    }
    const reference = new MouthFeatures(rate);
    // The level of a stream begins with its first part, so that part has to be the same.
    const opening = reference.push(sound.subarray(0, first));
    const rest = reference.push(sound.subarray(first));
    const expected = [...opening.data.subarray(0, opening.final * BANDS), ...rest.data];
    const length = Math.min(pieces.length, rest.first * BANDS + rest.final * BANDS);
    assert.ok(length > 780 * BANDS);
    for (let i = 0; i < length; i++) assert.ok(Math.abs((pieces[i] as number) - (expected[i] as number)) < 1e-4);
  }
});

test("loud and quiet recordings have the same features, silence those of silence", () => {
  const loud = new MouthFeatures(RATE).push(chirp(2));
  const quiet = new MouthFeatures(RATE).push(chirp(2).map((x) => x * 0.1));
  for (let i = 0; i < loud.data.length; i++) {
    const [a, b] = [loud.data[i] as number, quiet.data[i] as number];
    // The floor of −100 dB shows in what is 70 dB under a quiet recording's level.
    assert.ok(Math.abs(a - b) < 0.1 || (a < -2.5 && b < -2.5), `${a} ${b}`);
  }
  const silent = new MouthFeatures(RATE).push(new Float32Array(RATE));
  assert.ok(silent.data.every((value) => value <= -2.2 && value >= SILENCE));
});

test("the fixture is one", () => {
  assert.equal(golden.mel.length, 50);
  assert.equal(JSON.parse(readFileSync(join(import.meta.dirname, "frames.json"), "utf8")).features.length, 50);
});
