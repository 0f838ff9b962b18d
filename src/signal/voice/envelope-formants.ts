/**
 * Formants of a spectral envelope: linear prediction from the envelope's own autocorrelation, so that no harmonics of
 * the voice get in the way.
 * Method: J. Makhoul, *Spectral linear prediction: properties and applications*, IEEE Trans. ASSP 23, 1975.
 */

import { lpcOrder, PredictorRoots } from "./predictor-roots.ts";

/** Resonances closer than this to 0 Hz or to the ceiling are the slope of the envelope, in Hz. */
const MARGIN_HZ = 90;
/** Everything above is raised by 6 dB per octave, in Hz. */
const PRE_EMPHASIS_HZ = 50;

/** Finds the formants of one envelope after another, in buffers of its own. */
export class FormantFinder {
  /** Hz, in rising order; valid after `find` returned true. */
  readonly formants: Float64Array;
  readonly #roots: PredictorRoots;
  readonly #ceiling: number;
  readonly #bins: number;
  readonly #cosines: Float64Array;
  readonly #weights: Float64Array;
  readonly #order: number;
  readonly #autocorrelation: Float64Array;
  readonly #predictor: Float64Array;
  readonly #previous: Float64Array;

  /** @param fftSize of the envelopes: they have fftSize/2 + 1 bins of power; `ceiling` in Hz, no more than half the rate counts */
  constructor(sampleRate: number, fftSize: number, ceiling = 5500) {
    const binHz = sampleRate / fftSize;
    this.#bins = Math.floor(Math.min(ceiling, sampleRate / 2) / binHz) + 1;
    this.#ceiling = (this.#bins - 1) * binHz;
    this.#order = lpcOrder(this.#ceiling);
    this.#roots = new PredictorRoots(this.#ceiling, this.#order, MARGIN_HZ);
    this.formants = this.#roots.formants;
    this.#autocorrelation = new Float64Array(this.#order + 1);
    this.#predictor = new Float64Array(this.#order + 1);
    this.#previous = new Float64Array(this.#order + 1);
    this.#cosines = new Float64Array(this.#bins * (this.#order + 1));
    this.#weights = new Float64Array(this.#bins);
    const zero = Math.exp((-Math.PI * PRE_EMPHASIS_HZ) / this.#ceiling);
    for (let k = 0; k < this.#bins; k++) {
      const angle = (Math.PI * k) / (this.#bins - 1);
      const outer = k === 0 || k === this.#bins - 1 ? 0.5 : 1;
      this.#weights[k] = outer * (1 + zero * zero - 2 * zero * Math.cos(angle));
      for (let lag = 0; lag <= this.#order; lag++) {
        this.#cosines[k * (this.#order + 1) + lag] = Math.cos(angle * lag);
      }
    }
  }

  /** False where the envelope has fewer than three resonances, or no power. A fourth beyond the ceiling is a guess. */
  find(envelope: Float32Array): boolean {
    this.#correlate(envelope);
    return this.#predict() && this.#roots.find(this.#predictor);
  }

  #correlate(envelope: Float32Array): void {
    const order = this.#order;
    const sums = this.#autocorrelation;
    const cosines = this.#cosines;
    sums.fill(0);
    for (let k = 0, at = 0; k < this.#bins; k++) {
      const power = (envelope[k] as number) * (this.#weights[k] as number);
      for (let lag = 0; lag <= order; lag++, at++) sums[lag] = (sums[lag] as number) + power * (cosines[at] as number);
    }
  }

  /** Levinson–Durbin. */
  #predict(): boolean {
    const r = this.#autocorrelation;
    const a = this.#predictor;
    const before = this.#previous;
    let error = r[0] as number;
    if (!(error > 0) || !Number.isFinite(error)) return false;
    a.fill(0);
    a[0] = 1;
    for (let m = 1; m <= this.#order; m++) {
      let sum = r[m] as number;
      for (let j = 1; j < m; j++) sum += (a[j] as number) * (r[m - j] as number);
      const reflection = -sum / error;
      before.set(a);
      for (let j = 1; j < m; j++) a[j] = (before[j] as number) + reflection * (before[m - j] as number);
      a[m] = reflection;
      error *= 1 - reflection * reflection;
      if (!(error > 0)) return false;
    }
    return true;
  }
}
