import assert from "node:assert/strict";
import { test } from "node:test";
import { cheapTrick, d4c } from "../../../src/signal/world/index.ts";
import { CASES, golden, publishedNoise, quantile, STRIDE, WHOLE_CASES } from "./goldens.ts";

/** Power of a frame's bins, all together, below which it is digital silence. */
const SILENCE = 1e-12;

function times(frames: number): Float64Array {
  return Float64Array.from({ length: frames }, (_, i) => (i * 5) / 1000);
}

for (const name of CASES) {
  test(`cheapTrick agrees with pyworld on ${name}`, () => {
    const { samples, sampleRate, fftSize, bins, doubles, floats } = golden(name);
    const f0 = doubles("harvest");
    const expected = floats("envelope");
    const actual = cheapTrick(samples, sampleRate, f0, times(f0.length));
    assert.equal(actual.fftSize, fftSize);
    assert.equal(actual.envelope.length, f0.length * bins);
    const errors: number[] = [];
    for (let row = 0; row < expected.length / bins; row++) {
      const values = expected.subarray(row * bins, (row + 1) * bins);
      const silent = values.reduce((sum, value) => sum + value, 0) < SILENCE;
      for (let k = 0; k < bins; k++) {
        const value = actual.envelope[row * STRIDE * bins + k] as number;
        if (silent) assert.ok(value > 0 && value < SILENCE);
        else errors.push(Math.abs(value / (values[k] as number) - 1));
      }
    }
    assert.ok(quantile(errors, 0.5) < 1e-6, `median ${quantile(errors, 0.5)}`);
    assert.ok(quantile(errors, 1) < 1e-4, `largest ${quantile(errors, 1)}`);
  });
}

/** Absolute differences of the aperiodicities. */
function differences(name: string, options: Parameters<typeof d4c>[4]): number[] {
  const { samples, sampleRate, bins, doubles, floats } = golden(name);
  const f0 = doubles("harvest");
  const expected = floats("aperiodicity");
  const { aperiodicity } = d4c(samples, sampleRate, f0, times(f0.length), options);
  return Array.from(expected, (value, at) => {
    const row = Math.floor(at / bins);
    return Math.abs(value - (aperiodicity[row * STRIDE * bins + (at % bins)] as number));
  });
}

for (const name of WHOLE_CASES) {
  test(`d4c agrees with pyworld on ${name}, to the last digit on the same noise`, () => {
    assert.ok(quantile(differences(name, { noise: publishedNoise() }), 1) < 1e-6);
    const own = differences(name, {});
    assert.ok(quantile(own, 0.5) < 1e-4, `median ${quantile(own, 0.5)}`);
    assert.ok(quantile(own, 0.95) < 0.02, `95 %: ${quantile(own, 0.95)}`);
  });
}

test("any part of the frames gives the same frames", () => {
  const { samples, sampleRate, bins, doubles } = golden("speech");
  const f0 = doubles("harvest");
  const at = times(f0.length);
  const from = 150;
  const whole = cheapTrick(samples, sampleRate, f0, at).envelope.subarray(from * bins);
  assert.deepEqual(cheapTrick(samples, sampleRate, f0.subarray(from), at.subarray(from)).envelope, whole.slice());
  const wholeD4c = d4c(samples, sampleRate, f0, at).aperiodicity.subarray(from * bins);
  assert.deepEqual(d4c(samples, sampleRate, f0.subarray(from), at.subarray(from)).aperiodicity, wholeD4c.slice());
});

test("aperiodicity tells tone from noise", () => {
  const sampleRate = 24000;
  let state = 1;
  const noise = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const tone = Float32Array.from({ length: sampleRate }, (_, n) => {
    let sum = 0;
    for (let h = 1; h < 60; h++) sum += Math.cos((2 * Math.PI * 190 * h * n) / sampleRate) / h;
    return 0.1 * sum;
  });
  const breathy = tone.map((sample) => sample + 0.02 * noise());
  const f0 = new Float64Array(201).fill(190);
  const mean = (samples: Float32Array): number => {
    const { aperiodicity, fftSize } = d4c(samples, sampleRate, f0, times(f0.length));
    const bins = fftSize / 2 + 1;
    const band = aperiodicity.subarray(100 * bins + 200, 100 * bins + 400);
    return band.reduce((sum, value) => sum + value, 0) / band.length;
  };
  assert.ok(mean(tone) < 0.05, `tone ${mean(tone)}`);
  assert.ok(mean(breathy) > 0.3, `breathy ${mean(breathy)}`);
});

test("f0 and times must be of one length", () => {
  const samples = new Float32Array(1000);
  assert.throws(() => cheapTrick(samples, 16000, new Float64Array(3), new Float64Array(2)), RangeError);
  assert.throws(() => d4c(samples, 16000, new Float64Array(3), new Float64Array(2)), RangeError);
});
