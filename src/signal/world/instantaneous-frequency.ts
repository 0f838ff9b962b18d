/**
 * Instantaneous frequency of single harmonics around a point in time: J. L. Flanagan and R. M. Golden, *Phase
 * vocoder*, 1966. Only the few bins that are needed are computed (G. Goertzel, 1958).
 */
import { nearest } from "./frames.ts";

const TINY = 1e-12;

/** Looks at one stretch of a signal after another through a Blackman window of three periods. */
export class HarmonicProbe {
  /** Fundamental frequency by the last `measure`, in Hz. */
  f0 = 0;
  /** Agreement of the harmonics with the frequency that was asked for: 1 / mean relative difference. */
  score = 0;
  readonly #samples: Float64Array;
  readonly #sampleRate: number;
  #window = new Float64Array(1024);
  #plain = new Float64Array(1024);
  #slope = new Float64Array(1024);
  /** Numbers of the samples under the window, counted from 1. */
  #index = new Int32Array(1024);
  #length = 0;
  #bins = 0;

  constructor(samples: Float64Array, sampleRate: number) {
    this.#samples = samples;
    this.#sampleRate = sampleRate;
  }

  /**
   * Puts the window at `time` (s) with three periods of `f0` (Hz). Samples are found by rounding each one's time
   * (`each`), or by rounding the first one's and counting on from there (`first`).
   */
  place(time: number, f0: number, rounding: "each" | "first"): void {
    const half = Math.trunc((1.5 * this.#sampleRate) / f0 + 1);
    const length = 2 * half + 1;
    this.#reserve(length + 2);
    this.#length = length;
    this.#bins = 2 ** (2 + Math.floor(Math.log2(length)));
    const index = this.#index;
    const rate = this.#sampleRate;
    if (rounding === "each") {
      for (let n = 0; n < length; n++) index[n] = nearest((time + (n - half) / rate) * rate);
    } else {
      const first = nearest((time - half / rate) * rate + 0.001);
      for (let n = 0; n < length; n++) index[n] = first + n;
    }
    this.#shape(time, (index[0] as number) - 1, (index[length - 1] as number) - 1);
    this.#apply();
  }

  #reserve(length: number): void {
    if (this.#index.length >= length) return;
    this.#window = new Float64Array(2 * length);
    this.#plain = new Float64Array(2 * length);
    this.#slope = new Float64Array(2 * length);
    this.#index = new Int32Array(2 * length);
  }

  /** Window at the samples `from`…`to`, by rotation. */
  #shape(time: number, from: number, to: number): void {
    const window = this.#window;
    const step = (2 * Math.PI) / this.#length;
    const stepCos = Math.cos(step);
    const stepSin = Math.sin(step);
    const start = step * (from - time * this.#sampleRate);
    let c = Math.cos(start);
    let s = Math.sin(start);
    for (let n = 0; n <= to - from; n++) {
      window[n] = 0.42 + 0.5 * c + 0.08 * (2 * c * c - 1);
      const turned = c * stepCos - s * stepSin;
      s = s * stepCos + c * stepSin;
      c = turned;
    }
  }

  /** The signal under the window and under the window's negative slope. */
  #apply(): void {
    const samples = this.#samples;
    const window = this.#window;
    const index = this.#index;
    const last = samples.length - 1;
    const first = index[0] as number;
    const length = this.#length;
    let before = 0;
    let here = window[0] as number;
    for (let n = 0; n < length; n++) {
      const i = index[n] as number;
      const after = n + 1 < length ? (window[(index[n + 1] as number) - first] as number) : 0;
      const at = i - 1 < 0 ? 0 : i - 1 > last ? last : i - 1;
      const sample = samples[at] as number;
      this.#plain[n] = sample * here;
      this.#slope[n] = (sample * (before - after)) / 2;
      before = here;
      here = after;
    }
  }

  /** Sets `f0` and `score` from the first `harmonics` harmonics of about `f0` Hz. */
  measure(f0: number, harmonics: number): void {
    const sampleRate = this.#sampleRate;
    const bins = this.#bins;
    let numerator = 0;
    let denominator = 0;
    let difference = 0;
    for (let h = 1; h <= harmonics; h++) {
      const bin = Math.min(Math.trunc(((f0 * bins) / sampleRate) * h + 0.5), bins / 2);
      const frequency = this.#probe(bin);
      const amplitude = this.#amplitude;
      numerator += amplitude * frequency;
      denominator += amplitude * h;
      difference += Math.abs((frequency / h - f0) / f0);
    }
    this.f0 = numerator / (denominator + TINY);
    this.score = 1 / (difference / harmonics + TINY);
  }

  #amplitude = 0;

  /** Instantaneous frequency at a bin, in Hz; leaves the amplitude there in `#amplitude`. */
  #probe(bin: number): number {
    const plain = this.#plain;
    const slope = this.#slope;
    const angle = (2 * Math.PI * bin) / this.#bins;
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    const twice = 2 * cos;
    let p1 = 0;
    let p2 = 0;
    let d1 = 0;
    let d2 = 0;
    for (let n = 0; n < this.#length; n++) {
      const p = twice * p1 + ((plain[n] as number) - p2);
      p2 = p1;
      p1 = p;
      const d = twice * d1 + ((slope[n] as number) - d2);
      d2 = d1;
      d1 = d;
    }
    // Both bins turned by the same angle: their product and their powers do not depend on it.
    const plainRe = p1 - p2 * cos;
    const plainIm = p2 * sin;
    const slopeRe = d1 - d2 * cos;
    const slopeIm = d2 * sin;
    const power = plainRe * plainRe + plainIm * plainIm;
    this.#amplitude = Math.sqrt(power);
    if (power === 0) return 0;
    const offset = (plainRe * slopeIm - plainIm * slopeRe) / power;
    return (bin * this.#sampleRate) / this.#bins + (offset * this.#sampleRate) / (2 * Math.PI);
  }
}
