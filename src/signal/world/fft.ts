/** Fourier transforms over buffers that are allocated once; the transform itself is fft.js (radix 4). */
import FFT from "fft.js";

/**
 * Complex transform of a power-of-two size. Buffers are interleaved: real part at 2k, imaginary part at 2k + 1.
 * Write `input`, call `transform`, read `output`.
 */
export class ComplexFft {
  readonly size: number;
  readonly input: Float64Array;
  readonly output: Float64Array;
  readonly #fft: FFT;

  constructor(size: number) {
    this.size = size;
    this.input = new Float64Array(2 * size);
    this.output = new Float64Array(2 * size);
    this.#fft = new FFT(size);
  }

  /** output[n] = Σ input[k]·exp(−2πi·k·n/size). With the input in reversed order of k it is the inverse, times size. */
  transform(): void {
    this.#fft.transform(this.output, this.input);
  }
}

/**
 * Transform of real signals of a power-of-two size ≥ 4, both ways, through a complex one of half the size.
 * `spectrum` holds the size/2 + 1 bins from 0 Hz to Nyquist, interleaved.
 */
export class RealFft {
  readonly size: number;
  readonly waveform: Float64Array;
  readonly spectrum: Float64Array;
  readonly #fft: FFT;
  readonly #packed: Float64Array;
  /** cos and sin of 2π·k/size, interleaved, for k up to size/4. */
  readonly #turns: Float64Array;

  constructor(size: number) {
    this.size = size;
    this.waveform = new Float64Array(size);
    this.spectrum = new Float64Array(size + 2);
    this.#fft = new FFT(size / 2);
    this.#packed = new Float64Array(size);
    this.#turns = new Float64Array(size / 2 + 2);
    for (let k = 0; k <= size / 4; k++) {
      this.#turns[2 * k] = Math.cos((2 * Math.PI * k) / size);
      this.#turns[2 * k + 1] = Math.sin((2 * Math.PI * k) / size);
    }
  }

  /** `waveform` → `spectrum`; the waveform stays as it is. */
  forward(): void {
    const { spectrum } = this;
    const packed = this.#packed;
    const turns = this.#turns;
    const { size } = this;
    // Even samples count as real parts, odd ones as imaginary parts: the waveform already lies that way.
    this.#fft.transform(packed, this.waveform);
    const re0 = packed[0] as number;
    const im0 = packed[1] as number;
    spectrum[0] = re0 + im0;
    spectrum[1] = 0;
    spectrum[size] = re0 - im0;
    spectrum[size + 1] = 0;
    for (let k = 2, m = size - 2; k <= m; k += 2, m -= 2) {
      const ar = packed[k] as number;
      const ai = packed[k + 1] as number;
      const br = packed[m] as number;
      const bi = packed[m + 1] as number;
      const evenRe = 0.5 * (ar + br);
      const evenIm = 0.5 * (ai - bi);
      const oddRe = 0.5 * (ai + bi);
      const oddIm = 0.5 * (br - ar);
      const c = turns[k] as number;
      const s = turns[k + 1] as number;
      const re = oddRe * c + oddIm * s;
      const im = oddIm * c - oddRe * s;
      spectrum[k] = evenRe + re;
      spectrum[k + 1] = evenIm + im;
      spectrum[m] = evenRe - re;
      spectrum[m + 1] = im - evenIm;
    }
  }

  /** `spectrum` → `waveform`, times size. Imaginary parts at 0 Hz and Nyquist count as 0; the spectrum stays. */
  inverse(): void {
    const { spectrum } = this;
    const packed = this.#packed;
    const turns = this.#turns;
    const { size } = this;
    const first = spectrum[0] as number;
    const last = spectrum[size] as number;
    packed[0] = first + last;
    packed[1] = first - last;
    for (let k = 2, m = size - 2; k <= m; k += 2, m -= 2) {
      const ar = spectrum[k] as number;
      const ai = spectrum[k + 1] as number;
      const br = spectrum[m] as number;
      const bi = spectrum[m + 1] as number;
      const evenRe = ar + br;
      const evenIm = ai - bi;
      const oddRe = ar - br;
      const oddIm = ai + bi;
      const c = turns[k] as number;
      const s = turns[k + 1] as number;
      const re = oddRe * c - oddIm * s;
      const im = oddRe * s + oddIm * c;
      // A forward transform of the bins in reversed order is the inverse transform.
      packed[m] = evenRe - im;
      packed[m + 1] = evenIm + re;
      packed[k] = evenRe + im;
      packed[k + 1] = re - evenIm;
    }
    this.#fft.transform(this.waveform, packed);
  }
}

/** Smallest power of two that is ≥ `value`. */
export function powerOfTwo(value: number): number {
  let size = 4;
  while (size < value) size *= 2;
  return size;
}
