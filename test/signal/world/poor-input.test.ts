import assert from "node:assert/strict";
import { test } from "node:test";
import { cheapTrick, d4c, dio, harvest, stoneMask, synthesise } from "../../../src/signal/world/index.ts";

/** Everything there is, one after the other; nothing may be NaN or infinite. */
function roundTrip(samples: Float32Array, sampleRate: number): { voiced: number; output: Float32Array } {
  const coarse = dio(samples, sampleRate);
  const refined = stoneMask(samples, sampleRate, coarse.f0, coarse.times);
  const { f0, times } = harvest(samples, sampleRate);
  let voiced = 0;
  let output: Float32Array = new Float32Array(0);
  for (const curve of [refined, f0]) {
    const { envelope, fftSize } = cheapTrick(samples, sampleRate, curve, times);
    const { aperiodicity } = d4c(samples, sampleRate, curve, times);
    output = synthesise(curve, envelope, aperiodicity, { sampleRate, fftSize });
    assert.ok(curve.every((hz) => hz >= 0 && hz <= 1000));
    assert.ok(envelope.every((power) => power > 0 && power < Number.POSITIVE_INFINITY));
    assert.ok(aperiodicity.every((share) => share >= 0 && share <= 1));
    assert.ok(output.every(Number.isFinite));
    voiced += curve.filter((hz) => hz > 0).length;
  }
  return { voiced, output };
}

function buzz(sampleRate: number, seconds: number): Float32Array {
  return Float32Array.from({ length: Math.round(sampleRate * seconds) }, (_, n) => {
    let sum = 0;
    for (let h = 1; h <= 12; h++) sum += Math.sin((2 * Math.PI * 150 * h * n) / sampleRate) / h;
    return 0.2 * sum;
  });
}

function rms(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length);
}

for (const sampleRate of [8000, 11025, 16000, 22050, 24000, 44100, 48000]) {
  test(`a buzz survives the round trip at ${sampleRate} Hz`, () => {
    const samples = buzz(sampleRate, 0.5);
    const { voiced, output } = roundTrip(samples, sampleRate);
    assert.ok(voiced > 160);
    const gain = 20 * Math.log10(rms(output) / rms(samples));
    assert.ok(Math.abs(gain) < 2, `${gain} dB`);
  });
}

test("digital silence is unvoiced and stays silent", () => {
  const { voiced, output } = roundTrip(new Float32Array(8000), 16000);
  assert.equal(voiced, 0);
  assert.ok(output.every((sample) => Math.abs(sample) < 1e-6));
});

test("a constant and full-scale noise pass", () => {
  roundTrip(new Float32Array(8000).fill(0.7), 16000);
  let state = 1;
  const noise = Float32Array.from({ length: 8000 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  roundTrip(noise, 16000);
});

test("very short inputs pass, down to none", () => {
  for (const sampleRate of [8000, 24000, 48000]) {
    const { output } = roundTrip(buzz(sampleRate, 0.05), sampleRate);
    assert.equal(output.length, Math.trunc((11 * 5 * sampleRate) / 1000));
    for (const length of [0, 1, 2, 9, 50]) roundTrip(buzz(sampleRate, 1).subarray(0, length), sampleRate);
  }
});

test("samples that are no numbers count as silence", () => {
  const samples = buzz(16000, 0.4);
  const cleaned = samples.slice();
  for (let n = 0; n < samples.length; n += 97) {
    samples[n] = n % 2 === 0 ? Number.NaN : Number.NEGATIVE_INFINITY;
    cleaned[n] = 0;
  }
  assert.deepEqual(roundTrip(samples, 16000), roundTrip(cleaned, 16000));
});
