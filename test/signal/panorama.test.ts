import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Downmix, placed } from "../../src/signal/panorama.ts";
import { spread } from "../graphs/formula.ts";

const RATE = 16_000;
const SECONDS = 2;
const noise = (name: string): Float32Array<ArrayBuffer> => spread(name, SECONDS * RATE, 0.3);
const times = (sound: Float32Array, gain: number): Float32Array<ArrayBuffer> => sound.map((x) => gain * x);

function mono(left: Float32Array, right: Float32Array, block = 1000): Float32Array {
  const downmix = new Downmix(RATE);
  const out = new Float32Array(left.length);
  for (let at = 0; at < left.length; at += block) {
    out.set(downmix.push([left.subarray(at, at + block), right.subarray(at, at + block)]), at);
  }
  return out;
}

const rms = (sound: Float32Array): number => Math.sqrt(sound.reduce((sum, x) => sum + x * x, 0) / sound.length);
/** What comes after the first half second. */
const later = (sound: Float32Array): Float32Array => sound.subarray(RATE / 2);

async function* blocks<T extends Float32Array | readonly Float32Array[]>(
  ...all: readonly T[]
): AsyncGenerator<T, void> {
  yield* all;
}

/** A sound placed where another one stands. */
async function place(sound: Float32Array, where: readonly [Float32Array, Float32Array], rate = RATE) {
  const pieces = [sound.subarray(0, 777), sound.subarray(777)];
  const out = [new Float32Array(sound.length), new Float32Array(sound.length)] as const;
  let at = 0;
  for await (const [left, right] of placed(blocks(...pieces), rate, blocks(where), RATE)) {
    out[0].set(left, at);
    out[1].set(right, at);
    at += left.length;
  }
  assert.equal(at, sound.length);
  return out;
}

describe("one channel of two", () => {
  it("is their mean, to the bit, whatever the blocks", () => {
    const [a, b] = [noise("a"), noise("b")];
    const mean = a.map((x, n) => 0.5 * (x + (b[n] as number)));
    assert.deepEqual(mono(a, b), mean);
    assert.deepEqual(mono(a, b, 7), mean);
    assert.deepEqual(mono(a, a), a);
  });

  it("is half their difference where they cancel each other out, and their mean again where they no longer do", () => {
    const a = noise("a");
    const turned = mono(a, times(a, -1));
    assert.ok(Math.abs(rms(later(turned)) / rms(later(a)) - 1) < 1e-6);
    // Half a second after the sides are alike again.
    const back = a.map((x, n) => (n < RATE ? -x : x));
    assert.deepEqual(mono(a, back).subarray(1.5 * RATE), a.subarray(1.5 * RATE));
    // The way from one to the other is no click.
    const quiet = new Float32Array(a.length).fill(0.5);
    const steps = mono(quiet, times(quiet, -1));
    for (let n = 1; n < steps.length; n++) assert.ok(Math.abs((steps[n] as number) - (steps[n - 1] as number)) < 0.01);
  });
});

describe("a sound that is placed where another one stands", () => {
  const voice = noise("voice");

  it("stays as it is in the middle, to the bit", async () => {
    const source = noise("source");
    const [left, right] = await place(voice, [source, source]);
    assert.deepEqual([left, right], [voice, voice]);
  });

  it("is as loud on each side as that one is against the middle of both", async () => {
    const source = noise("source");
    for (const [l, r] of [
      [1, 0],
      [0, 1],
      [1, 0.5],
      [0.3, 1],
    ] as const) {
      const [left, right] = await place(voice, [times(source, l), times(source, r)]);
      const middle = (l + r) / 2;
      for (const [made, level] of [
        [left, Math.min(2, l / middle)],
        [right, Math.min(2, r / middle)],
      ] as const) {
        const gain = rms(later(made)) / rms(later(voice));
        assert.ok(Math.abs(gain - level) < 0.01, `${gain}, and ${level} was expected`);
      }
    }
  });

  it("goes where it goes, stays where nothing is heard and behind the end; rates may differ", async () => {
    const source = noise("source");
    const crossed = [
      source.map((x, n) => (n < RATE ? x : 0)),
      source.map((x, n) => (n < RATE ? 0 : n < 1.5 * RATE ? x : 0)),
    ] as const;
    const long = spread("voice", 3 * 48_000, 0.3);
    const [left, right] = await place(long, crossed, 48_000);
    const level = (sound: Float32Array, from: number, to: number): number =>
      rms(sound.subarray(from * 48_000, to * 48_000)) / rms(long.subarray(from * 48_000, to * 48_000));
    assert.ok(Math.abs(level(left, 0.5, 0.9) - 2) < 0.01 && level(right, 0.5, 0.9) < 0.01);
    assert.ok(level(left, 1.4, 1.5) < 0.4 && Math.abs(level(right, 1.4, 1.5) - 2) < 0.05);
    assert.ok(Math.abs(level(right, 1.7, 3) - 2) < 0.1 && level(left, 1.7, 3) < 0.4);
  });
});
