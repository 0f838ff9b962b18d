/**
 * Formants of a waveform the way phoneticians measure them: linear prediction of short windows, harmonics and all.
 * Method: J. P. Burg, *Maximum entropy spectral analysis*, 1975, with the window and the emphasis that D. G. Childers
 * (*Modern spectrum analysis*, 1978) and Praat give it.
 */
import { lpcOrder, PredictorRoots } from "./predictor-roots.ts";

/** Length of the window, seconds; a Gaussian that is gone at its ends. */
const WINDOW_SECONDS = 0.05;
const WINDOW_EDGE = Math.exp(-12);
/** Everything above is raised by 6 dB per octave, in Hz. */
const PRE_EMPHASIS_HZ = 50;

/** Zero crossings of the filter to either side: its edge is narrow, since a dip below the ceiling would draw a resonance. */
const FILTER_REACH = 100;
const MOST_PHASES = 512;

/** Finds the formants of one sound at one time after another. */
export class WaveFormants {
  /** Hz, in rising order; valid after `find` returned true. */
  readonly formants: Float64Array;
  readonly #roots: PredictorRoots;
  readonly #rate: number;
  readonly #order: number;
  readonly #signal: Float32Array;
  readonly #window: Float64Array;
  readonly #forward: Float64Array;
  readonly #backward: Float64Array;
  readonly #predictor: Float64Array;
  readonly #before: Float64Array;

  /** @param ceiling Hz, a whole number; no more than half the rate counts */
  constructor(samples: Float32Array, sampleRate: number, ceiling: number) {
    const top = Math.min(ceiling, Math.floor(sampleRate / 2));
    this.#rate = 2 * top;
    this.#order = lpcOrder(top);
    this.#roots = new PredictorRoots(top, this.#order);
    this.formants = this.#roots.formants;
    const signal = sharplyResampled(samples, sampleRate, this.#rate);
    const zero = Math.exp((-2 * Math.PI * PRE_EMPHASIS_HZ) / this.#rate);
    for (let n = signal.length - 1; n > 0; n--) signal[n] = (signal[n] as number) - zero * (signal[n - 1] as number);
    this.#signal = signal;
    const size = Math.round(WINDOW_SECONDS * this.#rate);
    this.#window = Float64Array.from({ length: size }, (_, n) => {
      const place = (n + 0.5 - size / 2) / (size + 1);
      return (Math.exp(-48 * place * place) - WINDOW_EDGE) / (1 - WINDOW_EDGE);
    });
    this.#forward = new Float64Array(size);
    this.#backward = new Float64Array(size);
    this.#predictor = new Float64Array(this.#order + 1);
    this.#before = new Float64Array(this.#order + 1);
  }

  /** False where there are fewer than three resonances, or nothing to hear, around `seconds`. */
  find(seconds: number): boolean {
    const size = this.#window.length;
    const start = Math.round(seconds * this.#rate - size / 2);
    for (let n = 0; n < size; n++) {
      const value = (this.#signal[start + n] ?? 0) * (this.#window[n] as number);
      this.#forward[n] = value;
      this.#backward[n] = value;
    }
    return this.#predict() && this.#roots.find(this.#predictor);
  }

  #predict(): boolean {
    const [a, before, forward, backward] = [this.#predictor, this.#before, this.#forward, this.#backward];
    a.fill(0);
    a[0] = 1;
    for (let m = 1; m <= this.#order; m++) {
      let cross = 0;
      let energy = 0;
      for (let n = m; n < forward.length; n++) {
        const f = forward[n] as number;
        const b = backward[n - 1] as number;
        cross += f * b;
        energy += f * f + b * b;
      }
      if (!(energy > 0) || !Number.isFinite(energy)) return false;
      const reflection = (-2 * cross) / energy;
      before.set(a);
      for (let j = 1; j <= m; j++) a[j] = (before[j] as number) + reflection * (before[m - j] as number);
      for (let n = forward.length - 1; n >= m; n--) {
        const f = forward[n] as number;
        const b = backward[n - 1] as number;
        forward[n] = f + reflection * b;
        backward[n] = b + reflection * f;
      }
    }
    return true;
  }
}

/** At a lower rate (or the same), flat almost up to half of it. */
function sharplyResampled(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples.slice();
  const scale = to / from;
  const half = Math.ceil(FILTER_REACH / scale);
  // Where the rates share little, places are rounded to a fraction of a sample.
  const phases = Math.min(MOST_PHASES, to / gcd(from, to));
  const kernels = new Map<number, Float64Array>();
  const kernel = (phase: number): Float64Array => {
    let taps = kernels.get(phase);
    if (!taps) {
      taps = Float64Array.from({ length: 2 * half }, (_, k) => {
        const x = k - half + 1 - phase / phases;
        const angle = Math.PI * x * scale;
        const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
        return scale * sinc * (0.5 + 0.5 * Math.cos((Math.PI * x) / half));
      });
      kernels.set(phase, taps);
    }
    return taps;
  };
  return Float32Array.from({ length: Math.floor(samples.length * scale) }, (_, n) => {
    const place = Math.round((n / scale) * phases);
    const first = Math.floor(place / phases) - half + 1;
    const taps = kernel(place % phases);
    let sum = 0;
    const end = Math.min(taps.length, samples.length - first);
    for (let k = Math.max(0, -first); k < end; k++) sum += (taps[k] as number) * (samples[first + k] as number);
    return sum;
  });
}

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
