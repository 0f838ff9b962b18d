import assert from "node:assert/strict";
import { test } from "node:test";
import { cheapTrick, d4c, harvest, synthesise } from "../../../src/signal/world/index.ts";
import { RealFft } from "../../../src/signal/world/fft.ts";
import { type Golden, golden, publishedNoise, quantile, WHOLE_CASES } from "./goldens.ts";

/** What is needed to say it again. */
function analyse({ samples, sampleRate }: Pick<Golden, "samples" | "sampleRate">) {
  const { f0, times } = harvest(samples, sampleRate);
  const { envelope, fftSize } = cheapTrick(samples, sampleRate, f0, times);
  const { aperiodicity } = d4c(samples, sampleRate, f0, times);
  return { f0, envelope, aperiodicity, fftSize };
}

/** Log power of frames of 1024 samples, in dB, down to 60 dB below the loudest bin. */
function logSpectra(samples: Float32Array): Float64Array[] {
  const fft = new RealFft(1024);
  const frames: Float64Array[] = [];
  for (let from = 0; from + 1024 <= samples.length; from += 256) {
    for (let n = 0; n < 1024; n++) {
      fft.waveform[n] = (samples[from + n] as number) * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / 1024));
    }
    fft.forward();
    frames.push(
      Float64Array.from({ length: 513 }, (_, k) => {
        const power = (fft.spectrum[2 * k] as number) ** 2 + (fft.spectrum[2 * k + 1] as number) ** 2;
        return 10 * Math.log10(power + 1e-30);
      }),
    );
  }
  const loudest = frames.reduce((most, frame) => Math.max(most, ...frame), -300);
  return frames.map((frame) => frame.map((db) => Math.max(db, loudest - 60)));
}

/** Mean over the frames of the root mean square difference of their log spectra, in dB. */
function distance(a: Float32Array, b: Float32Array): number {
  const [left, right] = [logSpectra(a), logSpectra(b)];
  const frames = Math.min(left.length, right.length);
  let total = 0;
  for (let i = 0; i < frames; i++) {
    const [x, y] = [left[i] as Float64Array, right[i] as Float64Array];
    total += Math.sqrt(x.reduce((sum, db, k) => sum + (db - (y[k] as number)) ** 2, 0) / x.length);
  }
  return total / frames;
}

for (const name of WHOLE_CASES) {
  test(`resynthesis of ${name} is as near to the original as pyworld's`, () => {
    const source = golden(name);
    const { samples, sampleRate } = source;
    const theirs = distance(source.floats("output"), samples);
    const { f0, envelope, aperiodicity, fftSize } = analyse(source);
    for (const seed of [0, 1, 2]) {
      const ours = distance(synthesise(f0, envelope, aperiodicity, { sampleRate, fftSize, seed }), samples);
      assert.ok(ours <= 1.05 * theirs, `seed ${seed}: ${ours} dB, pyworld ${theirs} dB`);
    }
  });

  test(`on the same noise the samples of ${name} are pyworld's`, () => {
    const { samples, sampleRate, fftSize, doubles, floats } = golden(name);
    const f0 = doubles("harvest");
    const times = Float64Array.from(f0, (_, i) => i * 0.005);
    const { envelope } = cheapTrick(samples, sampleRate, f0, times);
    const { aperiodicity } = d4c(samples, sampleRate, f0, times, { noise: publishedNoise() });
    const actual = synthesise(f0, envelope, aperiodicity, { sampleRate, fftSize, noise: publishedNoise() });
    const expected = floats("output");
    assert.equal(actual.length, expected.length);
    for (let n = 0; n < expected.length; n++) {
      assert.ok(Math.abs((actual[n] as number) - (expected[n] as number)) < 1e-6, `sample ${n}`);
    }
  });
}

test("a second analysis finds the pitch that went in", () => {
  const source = golden("speech");
  const { sampleRate } = source;
  const { f0, envelope, aperiodicity, fftSize } = analyse(source);
  const raised = f0.map((hz) => hz * 1.3);
  const again = harvest(synthesise(raised, envelope, aperiodicity, { sampleRate, fftSize }), sampleRate).f0;
  const ratios: number[] = [];
  for (let i = 0; i < raised.length; i++) {
    if (raised[i] !== 0 && (again[i] ?? 0) > 0) ratios.push((again[i] as number) / (raised[i] as number));
  }
  const near = ratios.filter((ratio) => Math.abs(ratio - 1) < 0.05).length;
  assert.ok(ratios.length > 0.9 * raised.filter((hz) => hz > 0).length);
  assert.ok(Math.abs(quantile(ratios, 0.5) - 1) < 0.005, `median ${quantile(ratios, 0.5)}`);
  assert.ok(near > 0.8 * ratios.length, `${near} of ${ratios.length}`);
});

test("one seed gives one output, another seed another", () => {
  const source = golden("low-vowel");
  const { f0, envelope, aperiodicity, fftSize } = analyse(source);
  const make = (seed: number): Float32Array =>
    synthesise(f0, envelope, aperiodicity, { sampleRate: source.sampleRate, fftSize, seed });
  assert.deepEqual(make(5), make(5));
  assert.notDeepEqual(make(5), make(6));
});

test("rows of another size are refused", () => {
  const rows = new Float32Array(10);
  assert.throws(() => synthesise(new Float64Array(3), rows, rows, { sampleRate: 16000, fftSize: 1024 }), RangeError);
});
