/** Sounds to convert, and measures of what comes out; nothing of it is shared with the code under test. */
import type { MonoStream } from "../../src/signal/audio.ts";

/** Middle and width of the formants of an open vowel, in Hz. */
export const OPEN_VOWEL: readonly (readonly [number, number])[] = [
  [700, 90],
  [1200, 110],
  [2600, 160],
  [3600, 220],
];

/** Samples in pieces of an odd size, as a decoder may give them. */
export function streamOf(samples: Float32Array, sampleRate: number, piece = 7001): MonoStream {
  async function* blocks(): AsyncGenerator<Float32Array, void> {
    for (let from = 0; from < samples.length; from += piece) {
      yield await Promise.resolve(samples.slice(from, from + piece));
    }
  }
  return { sampleRate, blocks: blocks() };
}

export async function gather(stream: MonoStream): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for await (const block of stream.blocks) parts.push(block);
  return concat(parts);
}

export function concat(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Noise of a simple generator, −1…1. */
export function noise(length: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  });
}

/** A vowel: pulses at `f0(t)` Hz through resonators, with a little breath, faded at both ends; peak 0.3. */
export function vowel(
  sampleRate: number,
  seconds: number,
  f0: (t: number) => number,
  formants: readonly (readonly [number, number])[] = OPEN_VOWEL,
): Float32Array {
  const length = Math.round(seconds * sampleRate);
  const breath = noise(length, 7);
  let signal: Float64Array = new Float64Array(length);
  let phase = 0;
  for (let n = 0; n < length; n++) {
    const step = f0(n / sampleRate) / sampleRate;
    phase += step;
    signal[n] = 0.003 * (breath[n] as number);
    if (phase >= 1) {
      phase -= 1;
      // The pulse lies between two samples.
      const share = phase / step;
      signal[n] = (signal[n] as number) + 1 - share;
      if (n > 0) signal[n - 1] = (signal[n - 1] as number) + share;
    }
  }
  signal = resonated(signal, 60, 120, sampleRate);
  for (const [hz, width] of formants) signal = resonated(signal, hz, width, sampleRate);
  // Nothing below the voice: it would be lost on the way.
  signal = signal.map((x, n) => x - (signal[n - 1] ?? 0));
  const peak = signal.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const fade = 0.02 * sampleRate;
  return Float32Array.from(signal, (x, n) => ((0.3 * x) / peak) * Math.min(1, n / fade, (length - 1 - n) / fade));
}

function resonated(signal: Float64Array, hz: number, width: number, sampleRate: number): Float64Array {
  const radius = Math.exp((-Math.PI * width) / sampleRate);
  const a1 = 2 * radius * Math.cos((2 * Math.PI * hz) / sampleRate);
  const a2 = -radius * radius;
  const result = new Float64Array(signal.length);
  for (let n = 0; n < signal.length; n++) {
    result[n] = (1 - a1 - a2) * (signal[n] as number) + a1 * (result[n - 1] ?? 0) + a2 * (result[n - 2] ?? 0);
  }
  return result;
}

/** Some syllables: vowels that glide, hisses between them, a pause. */
export function phrase(sampleRate: number, seconds: number, f0: number): Float32Array {
  const parts: Float32Array[] = [];
  const other: typeof OPEN_VOWEL = [
    [350, 70],
    [2000, 120],
    [2700, 160],
    [3500, 220],
  ];
  let left = Math.round(seconds * sampleRate);
  for (let k = 0; left > 0; k++) {
    const syllable = [
      vowel(sampleRate, 0.42, (t) => f0 * (1 + 0.15 * Math.sin(3 * t + k)), k % 2 === 0 ? OPEN_VOWEL : other),
      noise(Math.round(0.09 * sampleRate), k + 3).map((x, n, all) => 0.05 * x * Math.sin((Math.PI * n) / all.length)),
      new Float32Array(Math.round((k % 3 === 2 ? 0.25 : 0.03) * sampleRate)),
    ];
    for (const part of syllable) {
      parts.push(part.subarray(0, Math.min(left, part.length)));
      left -= Math.min(left, part.length);
    }
  }
  return concat(parts);
}

/** Signal over difference, in dB. */
export function agreementDb(a: Float32Array, b: Float32Array): number {
  let signal = 0;
  let difference = 0;
  for (let n = 0; n < a.length; n++) {
    signal += (a[n] as number) ** 2;
    difference += ((a[n] as number) - (b[n] as number)) ** 2;
  }
  return 10 * Math.log10(signal / (difference + 1e-20));
}

/** Root mean square of each `seconds`, in dB. */
export function levels(samples: Float32Array, sampleRate: number, seconds: number): number[] {
  const size = Math.round(seconds * sampleRate);
  return Array.from({ length: Math.floor(samples.length / size) }, (_, i) => {
    let sum = 0;
    for (let n = i * size; n < (i + 1) * size; n++) sum += (samples[n] as number) ** 2;
    return 10 * Math.log10(sum / size + 1e-12);
  });
}
