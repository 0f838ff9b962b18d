/** The mel scale (O'Shaughnessy), and levels of power spectra at places that lie evenly on it. */

export function melOf(hz: number): number {
  return 1127 * Math.log1p(hz / 700);
}

export function hzOf(mel: number): number {
  return 700 * Math.expm1(mel / 1127);
}

/** `points` frequencies in Hz from 0 to `top`, both included, evenly on the mel scale. */
export function melFrequencies(points: number, top: number): Float64Array {
  const step = melOf(top) / (points - 1);
  return Float64Array.from({ length: points }, (_, point) => hzOf(point * step));
}

/** Triangles on a grid of bins: each point collects the bins up to its neighbours, the weights of a point sum to 1. */
export class MelBands {
  readonly points: number;
  readonly #starts: Int32Array;
  readonly #weights: Float64Array[];

  /** Bins of `binHz`; those beyond `bins` repeat the last one. */
  constructor(points: number, top: number, binHz: number, bins: number) {
    this.points = points;
    this.#starts = new Int32Array(points);
    this.#weights = [];
    const centres = melFrequencies(points, top);
    for (let p = 0; p < points; p++) {
      const centre = centres[p] as number;
      // A triangle reaches at least to the next bin, so that low points have one.
      const low = Math.min(centres[p - 1] ?? -binHz, centre - binHz);
      const high = Math.max(centres[p + 1] ?? centre + binHz, centre + binHz);
      const from = Math.max(0, Math.ceil(low / binHz));
      const to = Math.min(bins - 1, Math.floor(high / binHz));
      const weights = new Float64Array(Math.max(1, to - from + 1));
      let sum = 0;
      for (let k = 0; k < weights.length; k++) {
        const hz = (from + k) * binHz;
        const weight = Math.max(0, hz < centre ? (hz - low) / (centre - low) : (high - hz) / (high - centre));
        weights[k] = weight;
        sum += weight;
      }
      if (sum > 0) for (let k = 0; k < weights.length; k++) weights[k] = (weights[k] as number) / sum;
      else weights[weights.length - 1] = 1;
      this.#starts[p] = Math.min(from, bins - weights.length);
      this.#weights.push(weights);
    }
  }

  /** Adds the level in dB of each point of `power` to `sums`. */
  addLevels(power: Float32Array, sums: Float64Array): void {
    for (let p = 0; p < this.points; p++) {
      const weights = this.#weights[p] as Float64Array;
      const start = this.#starts[p] as number;
      let level = 0;
      for (let k = 0; k < weights.length; k++) level += (weights[k] as number) * (power[start + k] as number);
      sums[p] = (sums[p] as number) + 10 * Math.log10(level + 1e-20);
    }
  }
}
