import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Biquad,
  filterInPlace,
  gainDb,
  highPass,
  highShelf,
  lowPass,
  lowShelf,
  peaking,
} from "../../src/signal/biquad.ts";

const RATE = 24_000;

function near(actual: number, expected: number, tolerance = 0.05): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

test("designs have the gain that they are asked for", () => {
  near(gainDb(lowPass(1_000, RATE), 1_000, RATE), -3.01);
  near(gainDb(lowPass(1_000, RATE), 20, RATE), 0);
  near(gainDb(highPass(100, RATE), 100, RATE), -3.01);
  near(gainDb(highPass(100, RATE), 5_000, RATE), 0);
  near(gainDb(peaking(2_000, 6, 1, RATE), 2_000, RATE), 6);
  near(gainDb(peaking(2_000, 6, 1, RATE), 50, RATE), 0);
  near(gainDb(lowShelf(500, 4, RATE), 10, RATE), 4);
  near(gainDb(lowShelf(500, 4, RATE), 8_000, RATE), 0);
  near(gainDb(highShelf(2_000, -5, RATE), 11_900, RATE), -5);
  near(gainDb(highShelf(2_000, -5, RATE), 50, RATE), 0);
});

test("filtering a tone gives the gain of the design", () => {
  const filters: readonly Biquad[] = [
    lowPass(1_500, RATE),
    highPass(800, RATE),
    peaking(1_000, -7, 2, RATE),
    highShelf(900, 5, RATE),
  ];
  for (const filter of filters) {
    const samples = Float32Array.from({ length: RATE }, (_, n) => Math.sin((2 * Math.PI * 1_000 * n) / RATE));
    filterInPlace(samples, filter);
    let sum = 0;
    for (let n = RATE / 2; n < RATE; n++) sum += (samples[n] as number) ** 2;
    near(10 * Math.log10((2 * sum) / (RATE / 2)), gainDb(filter, 1_000, RATE), 0.01);
  }
});

test("a frequency over Nyquist's gives a stable filter", () => {
  const samples = new Float32Array(1_000);
  samples[0] = 1;
  filterInPlace(samples, lowPass(30_000, RATE));
  assert.ok(samples.every((value) => Math.abs(value) < 2));
});
