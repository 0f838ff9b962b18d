import type { StereoPassage } from "../stem-separator.ts";
import { type MdxGeometry, windowSamples } from "./geometry.ts";

/** A window of sound to be separated. */
export type SoundWindow = {
  /** As long as the network's windows. */
  readonly sound: readonly [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
  /** Samples of it that count; silence follows that is not of the sound. */
  readonly heard: number;
  /** The samples of it that no later window touches: from, to, and what the sound has there. */
  readonly from: number;
  readonly to: number;
  readonly mix: StereoPassage;
  /** There is nothing in it. */
  readonly silent: boolean;
};

/** Samples from one window to the next. */
export function stepOf(geometry: MdxGeometry, overlap: number): number {
  return Math.max(1, Math.floor((1 - overlap) * windowSamples(geometry)));
}

/**
 * Windows of a sound as the reference cuts them (audio-separator's `MDXSeparator.demix`): the first begins half a frame
 * before the sound; each but the last is whole. Two windows of sound are held, however long it is.
 */
export async function* windowsOf(
  sound: AsyncIterable<StereoPassage>,
  geometry: MdxGeometry,
  overlap: number,
): AsyncGenerator<SoundWindow, void> {
  const chunk = windowSamples(geometry);
  const step = stepOf(geometry, overlap);
  const trim = geometry.size / 2;
  const left = new Float32Array(chunk);
  const right = new Float32Array(chunk);
  /** Where the window begins, counted from half a frame before the sound. */
  let start = 0;
  let filled = trim;
  let samples = 0;
  const cut = (heard: number, end: number): SoundWindow => {
    const from = Math.max(0, trim - start);
    const to = Math.max(from, Math.min(step, end));
    const copy = [left.slice(), right.slice()] as const;
    const silent = copy.every((side) => side.every((value) => value === 0));
    return { sound: copy, heard, from, to, mix: [left.slice(from, to), right.slice(from, to)], silent };
  };
  const advance = (): number => {
    left.copyWithin(0, step);
    right.copyWithin(0, step);
    filled = Math.max(0, filled - step);
    return start + step;
  };
  for await (const [blockLeft, blockRight] of sound) {
    samples += blockLeft.length;
    for (let at = 0; at < blockLeft.length; ) {
      const count = Math.min(chunk - filled, blockLeft.length - at);
      for (let i = 0; i < count; i++) {
        left[filled + i] = finite(blockLeft[at + i] as number);
        right[filled + i] = finite(blockRight[at + i] as number);
      }
      filled += count;
      at += count;
      if (filled < chunk) continue;
      yield cut(chunk, chunk);
      start = advance();
    }
  }
  if (samples === 0) return;
  const gen = chunk - 2 * trim;
  const padded = 2 * trim + samples + gen - (samples % gen);
  while (start < trim + samples) {
    left.fill(0, filled);
    right.fill(0, filled);
    yield cut(Math.min(chunk, padded - start), trim + samples - start);
    start = advance();
  }
}

/** What windows that overlap say of a sound, put together: each counts by Hann's window, and their weights are divided out. */
export class OverlapAdd {
  readonly #step: number;
  readonly #left: Float64Array;
  readonly #right: Float64Array;
  readonly #weight: Float64Array;

  constructor(geometry: MdxGeometry, overlap: number) {
    const chunk = windowSamples(geometry);
    this.#step = stepOf(geometry, overlap);
    this.#left = new Float64Array(chunk);
    this.#right = new Float64Array(chunk);
    this.#weight = new Float64Array(chunk);
  }

  /**
   * Adds a window and answers the samples that are complete now, `from` … `to` of it.
   * @param sound undefined for silence
   */
  add({ heard, from, to }: SoundWindow, sound: StereoPassage | undefined): StereoPassage {
    const [left, right, weight] = [this.#left, this.#right, this.#weight];
    for (let n = 0; n < heard; n++) {
      // Symmetric, unlike that of spectra.
      const w = heard === 1 ? 1 : 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / (heard - 1));
      weight[n] = (weight[n] as number) + w;
      if (!sound) continue;
      left[n] = (left[n] as number) + w * (sound[0][n] as number);
      right[n] = (right[n] as number) + w * (sound[1][n] as number);
    }
    const stem: StereoPassage = [new Float32Array(to - from), new Float32Array(to - from)];
    for (let n = from; n < to; n++) {
      const w = weight[n] as number;
      if (w === 0) continue;
      stem[0][n - from] = (left[n] as number) / w;
      stem[1][n - from] = (right[n] as number) / w;
    }
    for (const sums of [left, right, weight]) {
      sums.copyWithin(0, this.#step);
      sums.fill(0, sums.length - this.#step);
    }
    return stem;
  }
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
