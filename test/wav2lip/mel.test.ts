import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { firstColumn, MelStream } from "../../src/engines/lipsync/wav2lip/mel-stream.ts";
import { MEL_BANDS, MEL_FRAMES } from "../../src/graphs/wav2lip.ts";
import { MixedRealFft } from "../../src/signal/mixed-fft.ts";
import { chirp, goldenBytes } from "./goldens.ts";

/** All columns of a sound that is pushed in blocks. */
function columnsOf(samples: Float32Array, blocks: readonly number[], rate = 16_000): Float32Array {
  const mel = new MelStream();
  let at = 0;
  for (let i = 0; at < samples.length; i++) {
    const block = samples.subarray(at, at + (blocks[i % blocks.length] as number));
    mel.push(block, rate);
    at += block.length;
  }
  mel.end();
  const out = new Float32Array(mel.columns * MEL_BANDS);
  const window = new Float32Array(MEL_BANDS * MEL_FRAMES);
  for (let column = 0; column < mel.columns; column++) {
    mel.window(column, window);
    for (let band = 0; band < MEL_BANDS; band++) out[column * MEL_BANDS + band] = window[band * MEL_FRAMES] as number;
    mel.forget(column);
  }
  return out;
}

function worst(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

describe("the mel of Wav2Lip", () => {
  const sound = chirp(1.7013);
  const whole = columnsOf(sound, [sound.length]);

  it("is librosa's with the reference's settings, within 1e-4, the mirrored ends included", () => {
    const golden = new Float32Array(goldenBytes("mel").buffer);
    assert.ok(worst(whole, golden) < 1e-4, `differs by ${worst(whole, golden)}`);
    assert.ok(golden.some((value) => value === -4) && golden.some((value) => value > 2));
  });

  it("is the same to the bit however the sound is cut", () => {
    for (const blocks of [[1, 7, 5000, 333], [200], [160, 4097]])
      assert.equal(worst(columnsOf(sound, blocks), whole), 0);
  });

  it("goes on for minutes without keeping what is past, and gives what the whole sound gives", () => {
    const long = new Float32Array(sound.length * 40);
    for (let i = 0; i < 40; i++) long.set(sound, i * sound.length);
    const mel = new MelStream();
    const all = columnsOf(long, [long.length]);
    const window = new Float32Array(MEL_BANDS * MEL_FRAMES);
    let frame = 0;
    for (let at = 0; at < long.length; at += 9000) {
      mel.push(long.subarray(at, at + 9000), 16_000);
      for (; mel.has(firstColumn(frame, 25)); frame++) {
        const first = firstColumn(frame, 25);
        mel.forget(first);
        mel.window(first, window);
        for (const [i, value] of window.entries()) {
          assert.equal(value, all[(first + (i % MEL_FRAMES)) * MEL_BANDS + Math.floor(i / MEL_FRAMES)]);
        }
      }
    }
    assert.ok(frame > 40 * 1.7 * 25 - 10);
  });

  it("takes other rates, hears no numbers that are none, and is silent beyond its ends", () => {
    const doubled = new Float32Array(2 * sound.length);
    for (let i = 0; i < doubled.length; i++) {
      doubled[i] = ((sound[i >> 1] as number) + (sound[(i + 1) >> 1] ?? 0)) / 2;
    }
    assert.ok(Math.abs(columnsOf(doubled, [4800], 32_000).length - whole.length) <= MEL_BANDS);
    const broken = Float32Array.of(...sound.subarray(0, 3000), Number.NaN, Number.POSITIVE_INFINITY);
    assert.ok(columnsOf(broken, [3002]).every(Number.isFinite));
    const window = new Float32Array(MEL_BANDS * MEL_FRAMES);
    for (const samples of [new Float32Array(0), Float32Array.of(0.5), sound.subarray(0, 150)]) {
      const mel = new MelStream();
      mel.push(samples, 16_000);
      mel.end();
      assert.equal(mel.columns, samples.length > 0 ? 1 : 0);
      mel.window(-20, window);
      assert.ok(window.every((value) => value === -4));
      mel.window(1, window);
      assert.ok(window.every((value) => value === -4));
    }
  });

  it("a transform of 800 is the sum that defines it", () => {
    const fft = new MixedRealFft(800);
    for (let i = 0; i < 800; i++) fft.waveform[i] = Math.sin(i * i * 0.013) + (i % 7) / 3;
    const made = fft.magnitudes();
    for (const bin of [0, 1, 2, 57, 199, 200, 399, 400]) {
      let [re, im] = [0, 0];
      for (let i = 0; i < 800; i++) {
        re += (fft.waveform[i] as number) * Math.cos((2 * Math.PI * bin * i) / 800);
        im -= (fft.waveform[i] as number) * Math.sin((2 * Math.PI * bin * i) / 800);
      }
      assert.ok(Math.abs((made[bin] as number) - Math.hypot(re, im)) < 1e-9, `bin ${bin}`);
    }
    assert.throws(() => new MixedRealFft(801), RangeError);
    assert.throws(() => new MixedRealFft(2 * 17), RangeError);
  });
});
