import assert from "node:assert/strict";
import { test } from "node:test";
import { dio, harvest, stoneMask } from "../../../src/signal/world/index.ts";
import { CASES, golden } from "./goldens.ts";

/** Same voicing on 98 % of the frames and more, and f0 within `tolerance` (a share) where both are voiced. */
function assertSamePitch(actual: Float64Array, expected: Float64Array, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  let same = 0;
  let voiced = 0;
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i] as number;
    const b = expected[i] as number;
    if (a > 0 === b > 0) same++;
    if (a === 0 || b === 0) continue;
    voiced++;
    assert.ok(Math.abs(a / b - 1) <= tolerance, `frame ${i}: ${a} Hz instead of ${b} Hz`);
  }
  assert.ok(
    same >= 0.98 * expected.length,
    `voicing differs on ${expected.length - same} of ${expected.length} frames`,
  );
  assert.ok(voiced > 0);
}

for (const name of CASES) {
  test(`dio and stoneMask agree with pyworld on ${name}`, () => {
    const { samples, sampleRate, doubles } = golden(name);
    const coarse = dio(samples, sampleRate);
    assertSamePitch(coarse.f0, doubles("dio"), 0.005);
    assertSamePitch(stoneMask(samples, sampleRate, coarse.f0, coarse.times), doubles("stonemask"), 0.005);
    // From one and the same start the refinement has nothing to decide.
    assertSamePitch(stoneMask(samples, sampleRate, doubles("dio"), coarse.times), doubles("stonemask"), 1e-9);
  });

  test(`harvest agrees with pyworld on ${name}`, () => {
    const { samples, sampleRate, doubles } = golden(name);
    assertSamePitch(harvest(samples, sampleRate).f0, doubles("harvest"), 1e-6);
  });
}

/** Ten harmonics of a tone that glides from one frequency to another. */
function glide(from: number, to: number, sampleRate: number, seconds: number): Float32Array {
  let phase = 0;
  return Float32Array.from({ length: sampleRate * seconds }, (_, n) => {
    phase += (2 * Math.PI * (from + ((to - from) * n) / (sampleRate * seconds))) / sampleRate;
    let sum = 0;
    for (let h = 1; h <= 10; h++) sum += Math.sin(h * phase) / h;
    return 0.1 * sum;
  });
}

for (const sampleRate of [8000, 22050, 44100, 48000]) {
  test(`both trackers follow a glide at ${sampleRate} Hz`, () => {
    const samples = glide(120, 240, sampleRate, 1);
    const coarse = dio(samples, sampleRate);
    const refined = stoneMask(samples, sampleRate, coarse.f0, coarse.times);
    const { f0 } = harvest(samples, sampleRate);
    for (let i = 30; i < 170; i++) {
      const expected = 120 + (120 * i) / 200;
      assert.ok(Math.abs((refined[i] as number) / expected - 1) < 0.005, `dio: ${refined[i]} Hz, not ${expected} Hz`);
      assert.ok(Math.abs((f0[i] as number) / expected - 1) < 0.005, `harvest: ${f0[i]} Hz, not ${expected} Hz`);
    }
  });
}

test("frames lie on the grid that was asked for, in the range that was asked for", () => {
  const samples = glide(100, 400, 16000, 1);
  for (const track of [dio, harvest]) {
    const { f0, times } = track(samples, 16000, { framePeriod: 10, floor: 150, ceiling: 300 });
    assert.equal(f0.length, 101);
    assert.equal(times[7], 0.07);
    for (const hz of f0) assert.ok(hz === 0 || (hz > 140 && hz < 320), `${hz} Hz`);
  }
});

test("options that make no sense are refused", () => {
  const samples = new Float32Array(100);
  assert.throws(() => dio(samples, 0), RangeError);
  assert.throws(() => harvest(samples, 16000, { floor: 300, ceiling: 200 }), RangeError);
  assert.throws(() => harvest(samples, 16000, { framePeriod: 0 }), RangeError);
  assert.throws(() => stoneMask(samples, 16000, new Float64Array(3), new Float64Array(4)), RangeError);
});
