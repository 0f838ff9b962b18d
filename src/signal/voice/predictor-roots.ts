/** Resonances of a linear predictor: the angles of its roots, found by the Weierstrass–Durand–Kerner iteration. */

/** Formants that are looked for. */
export const FORMANTS = 4;

/** A pair of poles for each kHz below the ceiling, but five at most. */
const MOST_ORDER = 10;
/** Resonances closer than this to 0 Hz or to the ceiling are the slope of the spectrum, in Hz. */
const MARGIN_HZ = 50;
/** Where the highest formant lies above the ceiling: its distance to the one below, as a factor. */
const NEXT_FORMANT = 1.35;
const MOST_ROUNDS = 60;
const CLOSE_ENOUGH = 1e-7;

/** Order of the prediction that suits formants below `ceiling` Hz. */
export function lpcOrder(ceiling: number): number {
  return Math.min(MOST_ORDER, 2 * Math.ceil(ceiling / 1000));
}

/** Finds the formants of one predictor after another, in buffers of its own. */
export class PredictorRoots {
  /** Hz, in rising order; valid after `find` returned true. */
  readonly formants = new Float64Array(FORMANTS);
  readonly #ceiling: number;
  readonly #order: number;
  readonly #margin: number;
  readonly #re = new Float64Array(MOST_ORDER);
  readonly #im = new Float64Array(MOST_ORDER);

  /** @param ceiling half the rate of the prediction, in Hz; `margin` as `MARGIN_HZ` */
  constructor(ceiling: number, order: number, margin = MARGIN_HZ) {
    this.#ceiling = ceiling;
    this.#order = order;
    this.#margin = margin;
  }

  /**
   * False where there are fewer than three resonances. A fourth beyond the ceiling is a guess.
   * @param predictor 1, a1 … of the filter that predicts
   */
  find(predictor: Float64Array): boolean {
    this.#solve(predictor);
    return this.#collect();
  }

  /** All roots of z^order + a1·z^(order−1) + … at once. */
  #solve(a: Float64Array): void {
    const order = this.#order;
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
      if (hz > this.#margin && hz < this.#ceiling - this.#margin) found.push(hz);
    }
    if (found.length < FORMANTS - 1) return false;
    found.sort((one, other) => one - other);
    if (found.length < FORMANTS) found.push((found.at(-1) as number) * NEXT_FORMANT);
    for (let f = 0; f < FORMANTS; f++) this.formants[f] = found[f] as number;
    return true;
  }
}
