/**
 * Formants of a spectral envelope: linear prediction from the envelope's own autocorrelation, so that no harmonics of
 * the voice get in the way; resonances are the angles of the predictor's roots.
 * Method: J. Makhoul, *Spectral linear prediction: properties and applications*, IEEE Trans. ASSP 23, 1975; roots by
 * the Weierstrass–Durand–Kerner iteration.
 */

/** Formants that are looked for. */
export const FORMANTS = 4;

/** A pair of poles for each kHz below the ceiling, but five at most. */
const MOST_ORDER = 10;
/** Resonances closer than this to 0 Hz or to the ceiling are the slope of the spectrum, in Hz. */
const MARGIN_HZ = 90;
/** Where the highest formant lies above the ceiling: its distance to the one below, as a factor. */
const NEXT_FORMANT = 1.35;
/** Everything above is raised by 6 dB per octave, in Hz. */
const PRE_EMPHASIS_HZ = 50;
const MOST_ROUNDS = 60;
const CLOSE_ENOUGH = 1e-7;

/** Finds the formants of one envelope after another, in buffers of its own. */
export class FormantFinder {
  /** Hz, in rising order; valid after `find` returned true. */
  readonly formants = new Float64Array(FORMANTS);
  readonly #ceiling: number;
  readonly #bins: number;
  readonly #cosines: Float64Array;
  readonly #weights: Float64Array;
  readonly #order: number;
  readonly #autocorrelation = new Float64Array(MOST_ORDER + 1);
  readonly #predictor = new Float64Array(MOST_ORDER + 1);
  readonly #previous = new Float64Array(MOST_ORDER + 1);
  readonly #re = new Float64Array(MOST_ORDER);
  readonly #im = new Float64Array(MOST_ORDER);

  /** @param fftSize of the envelopes: they have fftSize/2 + 1 bins of power; `ceiling` in Hz, no more than half the rate counts */
  constructor(sampleRate: number, fftSize: number, ceiling = 5500) {
    const binHz = sampleRate / fftSize;
    this.#bins = Math.floor(Math.min(ceiling, sampleRate / 2) / binHz) + 1;
    this.#ceiling = (this.#bins - 1) * binHz;
    this.#order = Math.min(MOST_ORDER, 2 * Math.round(this.#ceiling / 1000));
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
    if (!this.#predict()) return false;
    this.#solve();
    return this.#collect();
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

  /** All roots of z^order + a1·z^(order−1) + … at once. */
  #solve(): void {
    const order = this.#order;
    const a = this.#predictor;
    const re = this.#re;
    const im = this.#im;
    for (let i = 0; i < order; i++) {
      const angle = (2 * Math.PI * (i + 0.37)) / order;
      re[i] = 0.92 * Math.cos(angle);
      im[i] = 0.92 * Math.sin(angle);
    }
    for (let round = 0; round < MOST_ROUNDS; round++) {
      let largest = 0;
      for (let i = 0; i < order; i++) {
        const x = re[i] as number;
        const y = im[i] as number;
        let pr = 1;
        let pi = 0;
        for (let k = 1; k <= order; k++) {
          const next = pr * x - pi * y + (a[k] as number);
          pi = pr * y + pi * x;
          pr = next;
        }
        let qr = 1;
        let qi = 0;
        for (let j = 0; j < order; j++) {
          if (j === i) continue;
          const dx = x - (re[j] as number);
          const dy = y - (im[j] as number);
          const next = qr * dx - qi * dy;
          qi = qr * dy + qi * dx;
          qr = next;
        }
        const norm = qr * qr + qi * qi + Number.MIN_VALUE;
        const stepRe = (pr * qr + pi * qi) / norm;
        const stepIm = (pi * qr - pr * qi) / norm;
        re[i] = x - stepRe;
        im[i] = y - stepIm;
        largest = Math.max(largest, Math.abs(stepRe) + Math.abs(stepIm));
      }
      if (largest < CLOSE_ENOUGH) return;
    }
  }

  #collect(): boolean {
    const found: number[] = [];
    for (let i = 0; i < this.#order; i++) {
      const y = this.#im[i] as number;
      if (!(y > 0)) continue;
      const hz = (Math.atan2(y, this.#re[i] as number) / Math.PI) * this.#ceiling;
      if (hz > MARGIN_HZ && hz < this.#ceiling - MARGIN_HZ) found.push(hz);
    }
    if (found.length < FORMANTS - 1) return false;
    found.sort((one, other) => one - other);
    if (found.length < FORMANTS) found.push((found.at(-1) as number) * NEXT_FORMANT);
    for (let f = 0; f < FORMANTS; f++) this.formants[f] = found[f] as number;
    return true;
  }
}
