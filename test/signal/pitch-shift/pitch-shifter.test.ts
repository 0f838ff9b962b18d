import assert from "node:assert/strict";
import { test } from "node:test";
import { PitchShifter } from "../../../src/signal/pitch-shift/pitch-shifter.ts";

const RATE = 44_100;

function shifted(channels: readonly Float32Array[], semitones: number, size = 8192): Float32Array[] {
  const shifter = new PitchShifter(RATE, channels.length, semitones);
  const length = channels[0]!.length;
  const made = channels.map(() => new Float32Array(length));
  let at = 0;
  const keep = (blocks: Float32Array[]): void => {
    for (const [channel, block] of blocks.entries()) made[channel]!.set(block, at);
    at += blocks[0]!.length;
  };
  for (let from = 0; from < length; from += size)
    keep(shifter.push(channels.map((c) => c.subarray(from, from + size))));
  keep(shifter.finish());
  assert.equal(at, length, "as long as the source");
  return made;
}

/** Frequency of the strongest partial near `hz`, by the phase it gains over half a second; also its amplitude. */
function partialNear(samples: Float32Array, hz: number): { hz: number; amplitude: number } {
  const length = RATE / 2;
  const look = (from: number): [number, number] => {
    let [re, im] = [0, 0];
    for (let n = 0; n < length; n++) {
      const window = (1 - Math.cos((2 * Math.PI * n) / length)) / length;
      const angle = (2 * Math.PI * hz * (from + n)) / RATE;
      re += window * samples[from + n]! * Math.cos(angle);
      im -= window * samples[from + n]! * Math.sin(angle);
    }
    return [re, im];
  };
  // Short enough that a few cents are no whole turn.
  const step = RATE / 20;
  let turned = 0;
  let amplitude = 0;
  const count = 10;
  for (let k = 0; k < count; k++) {
    const [a, b] = look(RATE / 4 + k * step);
    const [c, d] = look(RATE / 4 + (k + 1) * step);
    turned += Math.atan2(d * a - c * b, c * a + d * b);
    amplitude += (2 * Math.hypot(a, b)) / count;
  }
  return { hz: hz + (turned / count / (2 * Math.PI)) * (RATE / step), amplitude };
}

const cents = (hz: number, wanted: number): number => 1200 * Math.log2(hz / wanted);

for (const semitones of [-12, -7, -3, -1, 0.5, 1, 2, 5, 12]) {
  test(`${semitones} semitones: chords are in tune and as loud as before, on both sides`, () => {
    const chord = [196, 246.9, 293.7, 587.3];
    const tones = Float32Array.from({ length: 2 * RATE }, (_, n) =>
      chord.reduce((sum, hz) => sum + 0.1 * Math.sin((2 * Math.PI * hz * n) / RATE + hz), 0),
    );
    const [left, right] = shifted([tones, tones.map((x) => -0.5 * x)], semitones);
    // Passages fit each other in all of a chord's partials at once only for small shifts.
    const far = Math.abs(semitones) > 5;
    for (const hz of chord) {
      const wanted = hz * 2 ** (semitones / 12);
      const found = partialNear(left!, wanted);
      assert.ok(
        Math.abs(cents(found.hz, wanted)) < (far ? 8 : 4),
        `${hz} Hz is off by ${cents(found.hz, wanted).toFixed(1)} cents`,
      );
      assert.ok(
        Math.abs(20 * Math.log10(found.amplitude / 0.1)) < (far ? 6.5 : 1),
        `${hz} Hz has ${found.amplitude.toFixed(3)}`,
      );
    }
    for (let n = 0; n < left!.length; n++)
      assert.ok(Math.abs(right![n]! + 0.5 * left![n]!) < 1e-5, "sides stay together");
  });

  test(`${semitones} semitones: every hit is heard once, sharp, and at its time`, () => {
    const hits = Array.from({ length: 11 }, (_, k) => Math.round((0.2 + 0.25 * k + (k % 3) * 0.04) * RATE));
    let state = 1;
    const noise = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 31 - 1;
    };
    const sound = Float32Array.from({ length: 3 * RATE }, (_, n) => 0.05 * Math.sin((2 * Math.PI * 220 * n) / RATE));
    for (const hit of hits) for (let k = 0; k < 4000; k++) sound[hit + k]! += 0.8 * noise() * Math.exp(-k / 400);
    const [made] = shifted([sound], semitones);
    const found: number[] = [];
    const frame = 44;
    let before = 0;
    for (let at = frame; at + frame <= made!.length; at += frame) {
      let energy = 0;
      for (let n = at; n < at + frame; n++) energy += (made![n]! - made![n - 1]!) ** 2;
      const apart = found.length === 0 || at - found.at(-1)! > 0.02 * RATE;
      if (energy > 0.5 && before < 0.1 * energy && apart) found.push(at);
      before = energy;
    }
    assert.equal(found.length, hits.length, `${found.length} hits of ${hits.length}`);
    for (const [k, hit] of hits.entries()) {
      const ms = ((found[k]! - hit) * 1000) / RATE;
      assert.ok(Math.abs(ms) < 10, `hit ${k} is off by ${ms.toFixed(1)} ms`);
    }
  });
}

test("how it is cut makes no difference", () => {
  const sound = Float32Array.from({ length: RATE }, (_, n) => Math.sin(n * n * 1e-6) * ((n / 5000) % 1) * 0.3);
  for (const semitones of [-4, 3]) {
    const whole = shifted([sound], semitones, 1 << 20);
    for (const size of [611, 4096]) assert.deepEqual(shifted([sound], semitones, size), whole, `blocks of ${size}`);
  }
});

test("nothing, and next to nothing", () => {
  for (const length of [0, 1, 100, 3000]) {
    const [made] = shifted([new Float32Array(length).fill(0.1)], 7);
    assert.equal(made!.length, length);
    assert.ok(made!.every(Number.isFinite));
  }
  assert.throws(() => new PitchShifter(RATE, 1, 30), RangeError);
  assert.throws(() => new PitchShifter(RATE, 1, Number.NaN), RangeError);
});
