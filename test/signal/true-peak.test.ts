import assert from "node:assert/strict";
import { test } from "node:test";
import { limit, truePeak } from "../../src/signal/true-peak.ts";

const RATE = 48_000;
/** A quarter of the sample rate, sampled 45° off its peaks: the samples say −3 dB, the sound is 0 dB. */
const hidden = (amplitude: number): Float32Array =>
  Float32Array.from({ length: RATE / 4 }, (_, n) => amplitude * Math.sin((Math.PI / 2) * n + Math.PI / 4));

test("finds peaks between the samples", () => {
  const samples = hidden(0.5);
  assert.ok(Math.abs(Math.max(...samples) - 0.3536) < 1e-3);
  assert.ok(Math.abs(20 * Math.log10(truePeak(samples) / 0.5)) < 0.4);
});

test("leaves quiet sound untouched", () => {
  const samples = hidden(0.5);
  const copy = samples.slice();
  limit(samples, RATE, 0.89);
  assert.deepEqual(samples, copy);
});

test("holds loud sound under the ceiling, and turns down only around the peaks", () => {
  for (const amplitude of [1, 2, 4]) {
    const samples = new Float32Array(RATE);
    for (let n = 0; n < RATE; n++) samples[n] = 0.3 * Math.sin((2 * Math.PI * 440 * n) / RATE);
    samples.set(hidden(amplitude).subarray(0, 2_000), 20_000);
    const before = samples.slice();
    limit(samples, RATE, 0.89);
    assert.ok(truePeak(samples) <= 0.8901, `${truePeak(samples)}`);
    for (let n = 0; n < 19_000; n++) assert.ok(Math.abs((samples[n] as number) - (before[n] as number)) < 0.02);
    // Recovered after a quarter of a second.
    for (let n = 36_000; n < RATE; n++) assert.ok(Math.abs((samples[n] as number) - (before[n] as number)) < 0.02);
  }
});

test("noise of every kind stays under the ceiling", () => {
  let state = 7;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return (state / 2_147_483_647) * 2 - 1;
  };
  for (let round = 0; round < 10; round++) {
    const samples = Float32Array.from({ length: 5_000 }, () => random() * 3 * (random() > 0.9 ? 1 : 0.2));
    limit(samples, 24_000, 0.5);
    assert.ok(truePeak(samples) <= 0.5001);
    assert.ok(samples.some((value) => Math.abs(value) > 0.05));
  }
});
