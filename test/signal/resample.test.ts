import assert from "node:assert/strict";
import { test } from "node:test";
import { resample, resampledLength } from "../../src/signal/resample.ts";

/** A sine of amplitude 1. */
function tone(hz: number, sampleRate: number, seconds: number): Float32Array {
  return Float32Array.from({ length: Math.round(sampleRate * seconds) }, (_, n) =>
    Math.sin((2 * Math.PI * hz * n) / sampleRate),
  );
}

/** Root mean square of the middle half, in dB against full scale of a sine. */
function levelDb(samples: Float32Array): number {
  const quarter = Math.floor(samples.length / 4);
  let sum = 0;
  for (let n = quarter; n < 3 * quarter; n++) sum += (samples[n] as number) ** 2;
  return 10 * Math.log10((2 * sum) / (2 * quarter) + 1e-30);
}

/** Level of what is left of `samples` once a sine of `hz` is fitted and taken away, in dB. */
function residueDb(samples: Float32Array, hz: number, sampleRate: number): number {
  const from = Math.floor(samples.length / 4);
  const to = 3 * from;
  let a = 0;
  let b = 0;
  let cc = 0;
  let ss = 0;
  let cs = 0;
  for (let n = from; n < to; n++) {
    const c = Math.cos((2 * Math.PI * hz * n) / sampleRate);
    const s = Math.sin((2 * Math.PI * hz * n) / sampleRate);
    a += (samples[n] as number) * c;
    b += (samples[n] as number) * s;
    cc += c * c;
    ss += s * s;
    cs += c * s;
  }
  const det = cc * ss - cs * cs;
  const x = (a * ss - b * cs) / det;
  const y = (b * cc - a * cs) / det;
  let sum = 0;
  for (let n = from; n < to; n++) {
    const fitted =
      x * Math.cos((2 * Math.PI * hz * n) / sampleRate) + y * Math.sin((2 * Math.PI * hz * n) / sampleRate);
    sum += ((samples[n] as number) - fitted) ** 2;
  }
  return 10 * Math.log10((2 * sum) / (to - from));
}

const PAIRS = [
  [22_050, 24_000],
  [22_050, 48_000],
  [22_050, 16_000],
  [44_100, 16_000],
  [48_000, 24_000],
  [8_000, 48_000],
  [23_925, 24_000],
] as const;

for (const [from, to] of PAIRS) {
  test(`${from} → ${to} Hz keeps tones and adds nothing`, () => {
    const nyquist = Math.min(from, to) / 2;
    for (const share of [0.02, 0.3, 0.6, 0.85]) {
      const hz = nyquist * share;
      const output = resample(tone(hz, from, 0.5), from, to);
      assert.equal(output.length, resampledLength(Math.round(from * 0.5), from, to));
      assert.ok(Math.abs(levelDb(output)) < 0.1, `${hz} Hz comes out at ${levelDb(output)} dB`);
      assert.ok(residueDb(output, hz, to) < -80, `residue of ${hz} Hz: ${residueDb(output, hz, to)} dB`);
    }
  });
}

test("what does not fit under the new Nyquist frequency is gone, not folded down", () => {
  for (const hz of [8_010, 9_000, 10_500, 15_000, 20_000]) {
    assert.ok(levelDb(resample(tone(hz, 44_100, 0.5), 44_100, 16_000)) < -80, `${hz} Hz`);
  }
});

test("the phase stays: the first sample is the first", () => {
  const output = resample(tone(1_000, 22_050, 0.2), 22_050, 24_000);
  for (let n = 1_000; n < 3_000; n++) {
    assert.ok(Math.abs((output[n] as number) - Math.sin((2 * Math.PI * 1_000 * n) / 24_000)) < 1e-4);
  }
});

test("a constant stays the same constant", () => {
  const output = resample(new Float32Array(4_000).fill(0.5), 22_050, 24_000);
  for (let n = 200; n < output.length - 200; n++) assert.ok(Math.abs((output[n] as number) - 0.5) < 1e-5);
});

test("the same rate gives a copy; nothing gives nothing; nonsense is refused", () => {
  const input = Float32Array.of(1, 2, 3);
  const copy = resample(input, 24_000, 24_000);
  assert.deepEqual(copy, input);
  assert.notEqual(copy, input);
  assert.equal(resample(new Float32Array(0), 22_050, 24_000).length, 0);
  assert.throws(() => resample(input, 0, 24_000), RangeError);
  assert.throws(() => resample(input, 22_050.5, 24_000), RangeError);
  assert.throws(() => resample(input, 22_051, 95_989), RangeError);
});
