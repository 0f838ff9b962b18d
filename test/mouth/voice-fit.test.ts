import assert from "node:assert/strict";
import { test } from "node:test";
import { SILENCE } from "../../src/engines/lipsync/rig/mouth-network/level-follower.ts";
import { BANDS } from "../../src/engines/lipsync/rig/mouth-network/mouth-features.ts";
import { TRAINED, VoiceFit } from "../../src/engines/lipsync/rig/mouth-network/voice-fit.ts";

/** The trained voice's mean, `shift` bands higher and with another colour, that swells and fades like syllables. */
function voice(frames: number, shift = 0, colour = (_band: number): number => 0): Float32Array {
  return Float32Array.from({ length: frames * BANDS }, (_, at) => {
    const [frame, band] = [Math.floor(at / BANDS), at % BANDS];
    const place = Math.min(BANDS - 1, Math.max(0, band - shift));
    const [low, high] = [Math.floor(place), Math.min(BANDS - 1, Math.floor(place) + 1)];
    const level = (TRAINED[low] as number) + (place - low) * ((TRAINED[high] as number) - (TRAINED[low] as number));
    return level + colour(band) + 0.06 + 0.05 * Math.sin(frame / 4);
  });
}

function mean(features: Float32Array): number[] {
  const frames = features.length / BANDS;
  return Array.from({ length: BANDS }, (_, band) => {
    let sum = 0;
    for (let frame = 0; frame < frames; frame++) sum += features[frame * BANDS + band] as number;
    return sum / frames;
  });
}

/** How far a mean spectrum is from the trained one, over the bands of formants. */
function distance(features: Float32Array): number {
  const found = mean(features);
  let sum = 0;
  for (let band = 4; band < 40; band++) sum += Math.abs((found[band] as number) - (TRAINED[band] as number));
  return sum / 36;
}

test("a voice like those trained on stays nearly as it is", () => {
  const features = voice(600);
  const fitted = new VoiceFit().apply(features, 600);
  for (const [i, x] of fitted.entries())
    assert.ok(Math.abs(x - (features[i] as number)) < 0.1, `number ${i}: ${features[i]} became ${x}`);
});

test("a shorter throat and a dull microphone are made up for in part", () => {
  for (const features of [voice(600, 2), voice(600, -1.5), voice(600, 0, (band) => -0.02 * band)]) {
    const fitted = new VoiceFit().apply(features, 600);
    console.log(distance(features), distance(fitted));
    assert.ok(distance(fitted) < 0.8 * distance(features), `${distance(features)} became ${distance(fitted)}`);
  }
});

test("parts after the first are fitted as the whole would be, and frames that come again teach nothing", () => {
  const features = voice(900, 1.5, (band) => 0.01 * band);
  const whole = new VoiceFit();
  const expected = [
    ...whole.apply(features.subarray(0, 310 * BANDS), 310),
    ...whole.apply(features.subarray(310 * BANDS), 590),
  ];
  const cut = new VoiceFit();
  const found: number[] = [];
  for (const [from, final, end] of [
    [0, 310, 314],
    [310, 415, 419],
    [415, 733, 737],
    [733, 900, 900],
  ] as const) {
    const part = cut.apply(features.subarray(from * BANDS, end * BANDS), final - from);
    found.push(...part.subarray(0, (final - from) * BANDS));
  }
  assert.deepEqual(found, expected);
});

test("silence stays silence, and without a voice nothing is moved", () => {
  const silence = new Float32Array(400 * BANDS).fill(SILENCE);
  assert.deepEqual(new VoiceFit().apply(silence, 400), silence);
  const hum = Float32Array.from({ length: 400 * BANDS }, (_, at) => -1.4 - (at % BANDS) / 40);
  assert.deepEqual(new VoiceFit().apply(hum, 400), hum);
  const fit = new VoiceFit();
  fit.apply(
    voice(400, 2, () => 0.4),
    400,
  );
  assert.deepEqual(fit.apply(silence, 400), silence);
});
