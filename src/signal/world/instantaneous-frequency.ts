/**
 * Instantaneous frequency of single harmonics around a point in time: J. L. Flanagan and R. M. Golden, *Phase
 * vocoder*, 1966. Only the few bins that are needed are computed (G. Goertzel, 1958).
 */
import { nearest } from "./frames.ts";

const TINY = 1e-12;
/** Windows up to twice this length keep their table of angles, in samples. */
const KEPT_HALF = 400;

/** Looks at one stretch of a signal after another through a Blackman window of three periods. */
export class HarmonicProbe {
  /** Fundamental frequency by the last `measure`, in Hz. */
  f0 = 0;
  /** Agreement of the harmonics with the frequency that was asked for: 1 / mean relative difference. */
  score = 0;
  readonly #samples: Float64Array;
  readonly #sampleRate: number;
  #window = new Float64Array(1024);
  #cut = new Float64Array(2048);
  /** Numbers of the samples under the window, counted from 1. */
  #index = new Int32Array(1024);
  #length = 0;
  #bins = 0;
  readonly #turns = new Map<number, Float64Array>();
  #longTurns = new Float64Array(2048);
  /** Frequency and amplitude of each harmonic. */
  readonly #results = new Float64Array(16);

  constructor(samples: Float64Array, sampleRate: number) {
    this.#samples = samples;
    this.#sampleRate = sampleRate;
  }

  /**
   * Puts the window at `time` (s) with three periods of `f0` (Hz). Samples are found by rounding each one's time
   * (`each`), or by rounding the first one's and counting on from there (`first`).
   */
  place(time: number, f0: number, rounding: "each" | "first"): void {
    const rate = this.#sampleRate;
    const half = Math.trunc((1.5 * rate) / f0 + 1);
    const length = 2 * half + 1;
    this.#reserve(length + 2);
    this.#length = length;
    this.#bins = 2 ** (2 + Math.floor(Math.log2(length)));
    const index = this.#index;
    const first = nearest((time - half / rate) * rate + (rounding === "first" ? 0.001 : 0));
    for (let n = 0; n < length; n++) index[n] = first + n;
    if (rounding === "each") {
      for (let n = 1; n < length; n++) index[n] = nearest((time + (n - half) / rate) * rate);
    }
    this.#shape(half, first - 1 - time * rate);
    this.#apply();
  }

  #reserve(length: number): void {
    if (this.#index.length >= length) return;
    this.#window = new Float64Array(2 * length);
    this.#cut = new Float64Array(4 * length);
    this.#longTurns = new Float64Array(4 * length);
    this.#index = new Int32Array(2 * length);
  }

  /** Window of 2·half + 1 samples and one more, the first of them `start` samples from its middle. */
  #shape(half: number, start: number): void {
    const window = this.#window;
    const length = 2 * half + 1;
    const turns = this.#turnsOf(half);
    const angle = ((2 * Math.PI) / length) * start;
    const startCos = Math.cos(angle);
    const startSin = Math.sin(angle);
    for (let n = 0; n <= length; n++) {
      const c = startCos * (turns[2 * n] as number) - startSin * (turns[2 * n + 1] as number);
      window[n] = 0.34 + c * (0.5 + 0.16 * c);
    }
  }

  /** cos and sin of whole samples' angles, interleaved, by half the length of the window. */
  #turnsOf(half: number): Float64Array {
    const known = this.#turns.get(half);
    if (known) return known;
    const length = 2 * half + 1;
    const kept = half <= KEPT_HALF;
    const turns = kept ? new Float64Array(2 * length + 2) : this.#longTurns;
    const step = (2 * Math.PI) / length;
    const stepCos = Math.cos(step);
    const stepSin = Math.sin(step);
    let c = 1;
    let s = 0;
    for (let n = 0; n <= length; n++) {
      turns[2 * n] = c;
      turns[2 * n + 1] = s;
      const turned = c * stepCos - s * stepSin;
      s = s * stepCos + c * stepSin;
      c = turned;
    }
    if (kept) this.#turns.set(half, turns);
    return turns;
  }

  /** The signal under the window and under the window's negative slope, interleaved. */
  #apply(): void {
    const samples = this.#samples;
    const window = this.#window;
    const cut = this.#cut;
    const index = this.#index;
    const last = samples.length - 1;
    const first = index[0] as number;
    const length = this.#length;
    let before = 0;
    let here = window[0] as number;
    for (let n = 0; n < length; n++) {
      const at = (index[n] as number) - 1;
      const after = n + 1 < length ? (window[(index[n + 1] as number) - first] as number) : 0;
      const sample = samples[at < 0 ? 0 : at > last ? last : at] as number;
      cut[2 * n] = sample * here;
      cut[2 * n + 1] = (sample * (before - after)) / 2;
      before = here;
      here = after;
    }
  }

  /** Sets `f0` and `score` from the first `harmonics` harmonics of about `f0` Hz. */
  measure(f0: number, harmonics: number): void {
    const bins = this.#bins;
    const perHertz = bins / this.#sampleRate;
    const results = this.#results;
    for (let h = 1; h <= harmonics; h += 2) {
      const bin = Math.min(Math.trunc(f0 * perHertz * h + 0.5), bins / 2);
      const next = Math.min(Math.trunc(f0 * perHertz * (h + 1) + 0.5), bins / 2);
      this.#probe(bin, next, 2 * h - 2);
    }
    let numerator = 0;
    let denominator = 0;
    let difference = 0;
    for (let h = 1; h <= harmonics; h++) {
      const frequency = results[2 * h - 2] as number;
      const amplitude = results[2 * h - 1] as number;
      numerator += amplitude * frequency;
      denominator += amplitude * h;
      difference += Math.abs((frequency / h - f0) / f0);
    }
    this.f0 = numerator / (denominator + TINY);
    this.score = 1 / (difference / harmonics + TINY);
  }

  /** Two bins at once, for they do not wait for each other. */
  #probe(binA: number, binB: number, at: number): void {
    const cut = this.#cut;
    const end = 2 * this.#length;
    const twiceA = 2 * Math.cos((2 * Math.PI * binA) / this.#bins);
    const twiceB = 2 * Math.cos((2 * Math.PI * binB) / this.#bins);
    let a1 = 0;
    let a2 = 0;
    let b1 = 0;
    let b2 = 0;
    let c1 = 0;
    let c2 = 0;
    let d1 = 0;
    let d2 = 0;
    for (let n = 0; n < end; n += 2) {
      const plain = cut[n] as number;
      const slope = cut[n + 1] as number;
      const a = twiceA * a1 + (plain - a2);
      const b = twiceA * b1 + (slope - b2);
      const c = twiceB * c1 + (plain - c2);
      const d = twiceB * d1 + (slope - d2);
      a2 = a1;
      b2 = b1;
      c2 = c1;
      d2 = d1;
      a1 = a;
      b1 = b;
      c1 = c;
      d1 = d;
    }
    this.#note(binA, a1, a2, b1, b2, at);
    this.#note(binB, c1, c2, d1, d2, at + 2);
  }

  /** Instantaneous frequency (Hz) and amplitude of a bin from the last two states of its recursions. */
  #note(bin: number, plain1: number, plain2: number, slope1: number, slope2: number, at: number): void {
    const angle = (2 * Math.PI * bin) / this.#bins;
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    // Both spectra turned by the same angle: their product and their powers do not depend on it.
    const plainRe = plain1 - plain2 * cos;
    const plainIm = plain2 * sin;
    const slopeRe = slope1 - slope2 * cos;
    const slopeIm = slope2 * sin;
    const power = plainRe * plainRe + plainIm * plainIm;
    const offset = (plainRe * slopeIm - plainIm * slopeRe) / power;
    const rate = this.#sampleRate;
    this.#results[at] = power === 0 ? 0 : (bin * rate) / this.#bins + (offset * rate) / (2 * Math.PI);
    this.#results[at + 1] = Math.sqrt(power);
  }
}
