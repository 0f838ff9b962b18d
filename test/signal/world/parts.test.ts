import assert from "node:assert/strict";
import { test } from "node:test";
import { sumOfSmallest } from "../../../src/signal/world/band-aperiodicity.ts";
import { RealFft } from "../../../src/signal/world/fft.ts";
import { type Fir, filterEach } from "../../../src/signal/world/filter-bank.ts";
import { gaussianNoise } from "../../../src/signal/world/noise.ts";
import { placePulses } from "../../../src/signal/world/pulses.ts";

function numbers(count: number, seed: number): Float64Array {
  const values = new Float64Array(count);
  gaussianNoise(seed)(values, 0, count);
  return values;
}

test("the real transform is the definition, and its inverse leads back", () => {
  for (const size of [4, 8, 64]) {
    const fft = new RealFft(size);
    const samples = numbers(size, 3);
    fft.waveform.set(samples);
    fft.forward();
    for (let k = 0; k <= size / 2; k++) {
      let re = 0;
      let im = 0;
      samples.forEach((sample, n) => {
        re += sample * Math.cos((2 * Math.PI * k * n) / size);
        im -= sample * Math.sin((2 * Math.PI * k * n) / size);
      });
      assert.ok(Math.abs((fft.spectrum[2 * k] as number) - re) < 1e-12);
      assert.ok(Math.abs((fft.spectrum[2 * k + 1] as number) - im) < 1e-12);
    }
    fft.inverse();
    samples.forEach((sample, n) => {
      assert.ok(Math.abs((fft.waveform[n] as number) / size - sample) < 1e-14);
    });
  }
});

test("the filter bank is a convolution", () => {
  const signal = numbers(3000, 5);
  const filters: Fir[] = [
    { taps: numbers(31, 6), advance: 15 },
    { taps: numbers(8, 7), advance: 3 },
    { taps: numbers(101, 8), advance: 0 },
  ];
  const seen: number[] = [];
  filterEach(signal, filters, (filtered, index) => {
    seen.push(index);
    const { taps, advance } = filters[index] as Fir;
    for (let n = 0; n < signal.length; n += 7) {
      let sum = 0;
      taps.forEach((tap, j) => {
        sum += tap * (signal[n + advance - j] ?? 0);
      });
      assert.ok(Math.abs((filtered[n] as number) - sum) < 1e-12);
    }
  });
  assert.deepEqual(seen, [0, 1, 2]);
});

test("the noise is Gaussian, white, and the same in pieces", () => {
  const whole = numbers(20000, 9);
  const mean = whole.reduce((sum, value) => sum + value, 0) / whole.length;
  const variance = whole.reduce((sum, value) => sum + value ** 2, 0) / whole.length;
  const kurtosis = whole.reduce((sum, value) => sum + value ** 4, 0) / whole.length / variance ** 2;
  let next = 0;
  for (let n = 1; n < whole.length; n++) next += (whole[n] as number) * (whole[n - 1] as number);
  assert.ok(Math.abs(mean) < 0.03);
  assert.ok(Math.abs(variance - 1) < 0.04);
  // Twelve uniform numbers: 3 − 1.2/12.
  assert.ok(Math.abs(kurtosis - 2.9) < 0.15);
  assert.ok(Math.abs(next / whole.length) < 0.03);
  const piece = new Float64Array(700);
  gaussianNoise(9)(piece, 4321, 700);
  assert.deepEqual(piece, whole.slice(4321, 5021));
});

test("the sum of the smallest values needs no order", () => {
  for (const length of [1, 2, 33, 500]) {
    const values = numbers(length, length).map((value) => Math.round(value * 5));
    const sorted = values.slice().sort();
    for (const count of [0, 1, length >> 1, length]) {
      const expected = sorted.subarray(0, count).reduce((sum, value) => sum + value, 0);
      assert.equal(sumOfSmallest(values.slice(), count), expected);
    }
  }
});

test("pulses come once a period, and at 500 Hz where there is no voice", () => {
  const f0 = Float64Array.from({ length: 200 }, (_, i) => (i < 100 ? 100 : 0));
  const { count, samples, voiced } = placePulses(f0, 0.005, 16000, 16000, 20);
  const voicedPulses = voiced.subarray(0, count).reduce((sum, value) => sum + value, 0);
  assert.ok(Math.abs(voicedPulses - 50) <= 1);
  assert.ok(Math.abs(count - voicedPulses - 250) <= 2);
  assert.equal((samples[20] as number) - (samples[19] as number), 160);
});
