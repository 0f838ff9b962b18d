import { ComplexFft } from "./complex-fft.ts";

function turn(out: Float64Array, at: number, angle: number): void {
  out[2 * at] = Math.cos(angle);
  out[2 * at + 1] = -Math.sin(angle);
}

/** Transform of real signals of an even size whose factors are small: 800, say. */
export class MixedRealFft {
  readonly size: number;
  /** The signal, to be written before `magnitudes`. */
  readonly waveform: Float64Array;
  readonly #half: ComplexFft;
  readonly #turns: Float64Array;
  readonly #magnitudes: Float64Array;

  /** @throws RangeError for an odd size, or one with a factor above 5 */
  constructor(size: number) {
    if (size % 2 !== 0 || size < 4) throw new RangeError(`A transform of real signals has an even size, not ${size}.`);
    this.size = size;
    this.waveform = new Float64Array(size);
    this.#half = new ComplexFft(size / 2);
    this.#turns = new Float64Array(size + 2);
    for (let k = 0; k <= size / 2; k++) turn(this.#turns, k, (2 * Math.PI * k) / size);
    this.#magnitudes = new Float64Array(size / 2 + 1);
  }

  /** Magnitude of each bin, 0 Hz … Nyquist; overwritten by the next call. */
  magnitudes(): Float64Array {
    const half = this.size / 2;
    // Even samples count as real parts, odd ones as imaginary parts.
    for (let n = 0; n < half; n++) {
      this.#half.re[n] = this.waveform[2 * n] as number;
      this.#half.im[n] = this.waveform[2 * n + 1] as number;
    }
    this.#half.forward();
    const { re, im } = this.#half;
    for (let k = 0; k <= half; k++) {
      const a = k % half;
      const b = (half - k) % half;
      const evenRe = 0.5 * ((re[a] as number) + (re[b] as number));
      const evenIm = 0.5 * ((im[a] as number) - (im[b] as number));
      const oddRe = 0.5 * ((im[a] as number) + (im[b] as number));
      const oddIm = 0.5 * ((re[b] as number) - (re[a] as number));
      const c = this.#turns[2 * k] as number;
      const s = this.#turns[2 * k + 1] as number;
      this.#magnitudes[k] = Math.hypot(evenRe + oddRe * c - oddIm * s, evenIm + oddRe * s + oddIm * c);
    }
    return this.#magnitudes;
  }
}
