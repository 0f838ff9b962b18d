/** Pitch-synchronous windows: a whole number of half periods of f0 to either side, and no offset left inside. */
import { nearest } from "./frames.ts";
import type { NoiseSource } from "./noise.ts";

/** Shape of the window; each spans the periods that are asked for. */
export type WindowShape = "hann" | "blackman";

/** Noise that is laid over a windowed stretch: variance 1, times `level`. */
export type Underlay = { readonly source: NoiseSource; readonly level: number };

/** Cuts windowed stretches out of one signal, in a buffer of its own. */
export class PitchWindow {
  readonly #samples: Float64Array;
  readonly #sampleRate: number;
  readonly #underlay: Underlay | undefined;
  #window = new Float64Array(1024);
  #noise = new Float64Array(1024);

  constructor(samples: Float64Array, sampleRate: number, underlay?: Underlay) {
    this.#samples = samples;
    this.#sampleRate = sampleRate;
    this.#underlay = underlay;
  }

  /**
   * Puts `periods` periods of `f0` Hz around `time` s into the first places of `target`, windowed, with the noise on
   * top and without offset; returns how many samples those are. The signal goes on with its outer samples beyond its
   * ends. `unit` scales the window to unit energy.
   */
  cut(time: number, f0: number, periods: number, shape: WindowShape, target: Float64Array, unit = false): number {
    const half = nearest((periods * this.#sampleRate) / f0 / 2);
    const length = 2 * half + 1;
    const energy = this.#shape(half, (2 * Math.PI * f0) / periods / this.#sampleRate, shape);
    const window = this.#window;
    const scale = unit ? 1 / Math.sqrt(energy) : 1;
    const samples = this.#samples;
    const last = samples.length - 1;
    const origin = nearest(time * this.#sampleRate + 0.001);
    const noise = this.#noise;
    const level = this.#underlay?.level ?? 0;
    this.#underlay?.source(noise, origin - half, length);
    let sum = 0;
    let weights = 0;
    for (let n = 0; n < length; n++) {
      const at = origin + n - half;
      const sample = samples[at < 0 ? 0 : at > last ? last : at] as number;
      const weight = (window[n] as number) * scale;
      const value = sample * weight + (noise[n] as number) * level;
      sum += value;
      weights += weight;
      target[n] = value;
    }
    const offset = (sum / weights) * scale;
    for (let n = 0; n < length; n++) target[n] = (target[n] as number) - (window[n] as number) * offset;
    return length;
  }

  /** Cosine window of 2·half + 1 samples whose phase turns by `step` per sample; returns its energy. */
  #shape(half: number, step: number, shape: WindowShape): number {
    if (this.#window.length < 2 * half + 1) {
      this.#window = new Float64Array(4 * half + 2);
      this.#noise = new Float64Array(4 * half + 2);
    }
    const window = this.#window;
    const blackman = shape === "blackman";
    const stepCos = Math.cos(step);
    const stepSin = Math.sin(step);
    let c = 1;
    let s = 0;
    let energy = 0;
    for (let n = 0; n <= half; n++) {
      const value = blackman ? 0.42 + 0.5 * c + 0.08 * (2 * c * c - 1) : 0.5 * c + 0.5;
      window[half + n] = value;
      window[half - n] = value;
      energy += n === 0 ? value * value : 2 * value * value;
      const turned = c * stepCos - s * stepSin;
      s = s * stepCos + c * stepSin;
      c = turned;
    }
    return energy;
  }
}
