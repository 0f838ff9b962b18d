import assert from "node:assert/strict";
import { test } from "node:test";
import { WaveFormants } from "../../src/signal/voice/wave-formants.ts";

/** Pulses through resonances, each a pair of poles 80 Hz wide. */
function vowel(sampleRate: number, hz: number, resonances: readonly number[]): Float32Array {
  const length = Math.round(0.4 * sampleRate);
  let signal = new Float64Array(length);
  for (let n = 0; n < length; n += sampleRate / hz) signal[Math.floor(n)] = 1;
  // A glottis falls by 12 dB per octave, lips give 6 of them back.
  let before = 0;
  const fall = Math.exp((-2 * Math.PI * 100) / sampleRate);
  signal = signal.map((x) => (before = x + fall * before));
  for (const resonance of resonances) {
    const radius = Math.exp((-Math.PI * 80) / sampleRate);
    const a1 = 2 * radius * Math.cos((2 * Math.PI * resonance) / sampleRate);
    const a2 = -radius * radius;
    let [y1, y2] = [0, 0];
    signal = signal.map((x) => {
      const y = x + a1 * y1 + a2 * y2;
      [y2, y1] = [y1, y];
      return y;
    });
  }
  const peak = signal.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return Float32Array.from(signal, (x) => (0.5 * x) / peak);
}

for (const sampleRate of [16_000, 22_050, 48_000]) {
  test(`the resonances of a made vowel are found at ${sampleRate} Hz`, () => {
    // A harmonic lies on the first one: prediction of a voice is drawn to its harmonics.
    const wanted = [520, 1480, 2510, 3530];
    const sound = vowel(sampleRate, 104, [...wanted, 4520]);
    const finder = new WaveFormants(sound, sampleRate, 5000);
    assert.ok(finder.find(0.2));
    for (const [i, hz] of wanted.entries()) {
      const found = finder.formants[i] as number;
      assert.ok(Math.abs(found / hz - 1) < 0.03, `F${i + 1} is ${found.toFixed(0)} instead of ${hz} Hz`);
    }
  });
}

test("silence, and places outside the sound, have none", () => {
  const finder = new WaveFormants(new Float32Array(8000), 16_000, 5000);
  assert.equal(finder.find(0.25), false);
  assert.equal(finder.find(-3), false);
});

test("a ceiling above half the rate is half the rate", () => {
  const finder = new WaveFormants(vowel(8000, 110, [500, 1500, 2500]), 8000, 5000);
  assert.ok(finder.find(0.2));
  assert.ok((finder.formants[2] as number) < 4000);
});
