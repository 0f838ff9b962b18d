/** Short-time spectra. */

import { RealFft } from "./world/fft.ts";

/** Hann's window of `length` samples, periodic: the one that spectra of overlapping windows are made with. */
export function hannWindow(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length));
}

/** Power spectra of windows of a signal, one at a time, over buffers that are allocated once. */
export class WindowSpectrum {
  /** Power per bin, 0 Hz … Nyquist, `size / 2 + 1` of them; overwritten by the next window. */
  readonly power: Float64Array;
  readonly #window: Float64Array;
  readonly #fft: RealFft;

  /**
   * @param window at most `size` samples; zeros follow it
   * @param size of the transform: a power of two, at least 4
   */
  constructor(window: Float64Array, size: number) {
    if (window.length > size) throw new RangeError(`A window of ${window.length} does not fit a transform of ${size}.`);
    this.#window = window;
    this.#fft = new RealFft(size);
    this.power = new Float64Array(size / 2 + 1);
  }

  /** Looks at the window that begins at sample `start`, which may lie outside: there is silence. */
  look(samples: Float32Array, start: number): Float64Array {
    const { waveform, spectrum } = this.#fft;
    const window = this.#window;
    const from = Math.max(0, -start);
    const to = Math.min(window.length, samples.length - start);
    waveform.fill(0, 0, window.length);
    for (let i = from; i < to; i++) waveform[i] = (samples[start + i] as number) * (window[i] as number);
    this.#fft.forward();
    for (let k = 0; k < this.power.length; k++) {
      this.power[k] = (spectrum[2 * k] as number) ** 2 + (spectrum[2 * k + 1] as number) ** 2;
    }
    return this.power;
  }
}
