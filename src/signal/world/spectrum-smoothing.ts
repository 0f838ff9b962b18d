/** Smoothing of power spectra along linear frequency, from 0 Hz to Nyquist. */

/** Works on spectra of `bins` values, in buffers of its own. */
export class SpectrumSmoother {
  readonly #bins: number;
  readonly #size: number;
  readonly #sampleRate: number;
  #sums: Float64Array;

  /** `size`: of the transform that the spectra come from; they have size/2 + 1 bins. */
  constructor(size: number, sampleRate: number) {
    this.#size = size;
    this.#bins = size / 2 + 1;
    this.#sampleRate = sampleRate;
    this.#sums = new Float64Array(2 * size);
  }

  /** Adds what a harmonic at `f0` Hz mirrors down below it to the bins below f0; in place. */
  fillBelow(power: Float64Array, f0: number): void {
    const position = (f0 * this.#size) / this.#sampleRate;
    const count = 1 + Math.trunc(position);
    const replica = this.#sums;
    for (let i = 0; i < count; i++) {
      const whole = Math.trunc(position - i);
      const share = position - i - whole;
      const low = power[whole] as number;
      replica[i] = low + share * ((power[whole + 1] as number) - low);
    }
    for (let i = 0; i < count; i++) power[i] = (power[i] as number) + (replica[i] as number);
  }

  /** Mean over `width` Hz around each bin, the spectrum mirrored at both ends; `target` may be `power` itself. */
  average(power: Float64Array, width: number, target: Float64Array): void {
    const bins = this.#bins;
    const span = (width * this.#size) / this.#sampleRate;
    const mirrored = Math.trunc(span) + 1;
    const last = bins - 1;
    const length = last + 2 * mirrored + 1;
    if (this.#sums.length < length) this.#sums = new Float64Array(2 * length);
    const sums = this.#sums;
    let sum = 0;
    for (let i = 0; i < mirrored; i++) sums[i] = sum += power[Math.min(mirrored - i, last)] as number;
    for (let i = 0; i <= last; i++) sums[mirrored + i] = sum += power[i] as number;
    for (let i = 1; i <= mirrored; i++) sums[mirrored + last + i] = sum += power[Math.max(last - i, 0)] as number;
    // Both edges of the mean lie the same share of a bin past a bin for all bins.
    const lower = mirrored - 0.5 - span / 2;
    const upper = lower + span;
    const lowerBin = Math.trunc(lower);
    const upperBin = Math.trunc(upper);
    const lowerShare = lower - lowerBin;
    const upperShare = upper - upperBin;
    const scale = 1 / span;
    for (let i = 0, a = lowerBin, b = upperBin; i <= last; i++, a++, b++) {
      const low = sums[a] as number;
      const high = sums[b] as number;
      target[i] =
        (high + upperShare * ((sums[b + 1] as number) - high) - (low + lowerShare * ((sums[a + 1] as number) - low))) *
        scale;
    }
  }
}
