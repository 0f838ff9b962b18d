/** Minimum-phase spectrum that belongs to a power spectrum: the causal part of its cepstrum. */
import { RealFft } from "./fft.ts";

/** Works in buffers of its own. */
export class MinimumPhase {
  /** Write the natural logarithm of the amplitude here: size/2 + 1 values from 0 Hz to Nyquist. */
  readonly logAmplitude: Float64Array;
  /** Read the spectrum here: as many complex values, interleaved. */
  readonly spectrum: Float64Array;
  readonly #fft: RealFft;

  constructor(size: number) {
    this.#fft = new RealFft(size);
    this.logAmplitude = this.#fft.waveform;
    this.spectrum = this.#fft.spectrum;
  }

  /** `logAmplitude` → `spectrum`; `logAmplitude` is overwritten. */
  compute(): void {
    const { waveform, spectrum, size } = this.#fft;
    const half = size / 2;
    for (let k = 1; k < half; k++) waveform[size - k] = waveform[k] as number;
    this.#fft.forward();
    // The transform of an even sequence is real: the cepstrum. What lies before time 0 is folded over.
    waveform[0] = (spectrum[0] as number) / size;
    for (let n = 1; n < half; n++) waveform[n] = (2 * (spectrum[2 * n] as number)) / size;
    waveform[half] = (spectrum[size] as number) / size;
    waveform.fill(0, half + 1);
    this.#fft.forward();
    for (let k = 0; k <= size; k += 2) {
      const amplitude = Math.exp(spectrum[k] as number);
      const phase = spectrum[k + 1] as number;
      spectrum[k] = amplitude * Math.cos(phase);
      spectrum[k + 1] = amplitude * Math.sin(phase);
    }
  }
}
