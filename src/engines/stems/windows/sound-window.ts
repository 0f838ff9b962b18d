import type { StereoPassage } from "../stem-separator.ts";

/** A window of sound to be separated. */
export type SoundWindow = {
  /** As long as the network's windows. */
  readonly sound: readonly [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
  /** Samples of it that count; what follows is not of the sound. */
  readonly heard: number;
  /** The samples of it that no later window touches: from, to, and what the sound has there. */
  readonly from: number;
  readonly to: number;
  readonly mix: StereoPassage;
  /** There is nothing in it. */
  readonly silent: boolean;
};

/** What counts of a window of which so many samples are heard, at each of them. */
export type WindowWeight<Window extends SoundWindow> = (n: number, window: Window) => number;

/** What windows that overlap say of a sound, put together: their weights are divided out. */
export class OverlapAdd<Window extends SoundWindow = SoundWindow> {
  readonly #step: number;
  readonly #weightAt: WindowWeight<Window>;
  readonly #left: Float64Array;
  readonly #right: Float64Array;
  readonly #weight: Float64Array;

  /** @param samples of a window; `step` of those from one to the next */
  constructor(samples: number, step: number, weightAt: WindowWeight<Window>) {
    this.#step = step;
    this.#weightAt = weightAt;
    this.#left = new Float64Array(samples);
    this.#right = new Float64Array(samples);
    this.#weight = new Float64Array(samples);
  }

  /**
   * Adds a window and answers the samples that are complete now, `from` … `to` of it.
   * @param sound undefined for silence
   */
  add(window: Window, sound: StereoPassage | undefined): StereoPassage {
    const { heard, from, to } = window;
    const [left, right, weight] = [this.#left, this.#right, this.#weight];
    for (let n = 0; n < heard; n++) {
      const w = this.#weightAt(n, window);
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

/** What is no number counts as silence. */
export function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
