import type { SeparatedPassage, StereoPassage } from "../../src/engines/stems/stem-separator.ts";

/** What a linear congruence makes of noise. */
const noiseAt = (n: number): number => Number((BigInt(n) * 1_103_515_245n + 12_345n) % 65_536n) / 65_536 - 0.5;

const rightTones = (n: number): number =>
  0.3 * Math.sin((2 * Math.PI * 3000.5 * n) / 44_100) + 0.2 * Math.cos((2 * Math.PI * 30 * n) / 44_100);

/** Two tones a side, a click and noise, as `tools/stems-goldens` makes them. */
export function toneSong(samples: number): [Float32Array, Float32Array] {
  const left = new Float32Array(samples);
  const right = new Float32Array(samples);
  for (let n = 0; n < samples; n++) {
    const click = n === Math.floor(samples / 3) ? 0.5 : 0;
    left[n] = 0.4 * Math.sin((2 * Math.PI * 440 * n) / 44_100) + 0.05 * noiseAt(n) + click;
    right[n] = rightTones(n);
  }
  return [left, right];
}

/** The same with noise on the right too, that of the left backwards: no band of it is empty. */
export function noisySong(samples: number): [Float32Array, Float32Array] {
  const [left, right] = toneSong(samples);
  // In double precision, as the reference adds it.
  for (let n = 0; n < samples; n++) right[n] = rightTones(n) + 0.05 * noiseAt(samples - 1 - n);
  return [left, right];
}

/** In blocks of lengths that fit nothing. */
export async function* inBlocks([left, right]: StereoPassage, block = 1237): AsyncGenerator<StereoPassage, void> {
  for (let at = 0; at < left.length; at += block) yield [left.subarray(at, at + block), right.subarray(at, at + block)];
}

/** All passages, put together. */
export async function joined(passages: AsyncIterable<SeparatedPassage>) {
  const stem: [number[], number[]] = [[], []];
  const rest: [number[], number[]] = [[], []];
  const instruments: [number[], number[]][] = [];
  for await (const passage of passages) {
    for (const side of [0, 1] as const) {
      for (const value of passage.stem[side]) stem[side].push(value);
      for (const value of passage.rest[side]) rest[side].push(value);
      for (const [i, instrument] of (passage.instruments ?? []).entries()) {
        instruments[i] ??= [[], []];
        for (const value of instrument[side]) instruments[i][side].push(value);
      }
    }
  }
  return { stem, rest, instruments };
}

export function rmsOf(values: Iterable<number>): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    sum += value * value;
    count += 1;
  }
  return Math.sqrt(sum / Math.max(1, count));
}
