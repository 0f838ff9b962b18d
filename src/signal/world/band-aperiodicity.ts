/** The measure inside D4C: how much of a band's group delay is left beside its strongest periodicities. */
import { ComplexFft, RealFft } from "./fft.ts";
import { nuttall } from "./nuttall.ts";
import type { PitchWindow } from "./pitch-window.ts";
import { SpectrumSmoother } from "./spectrum-smoothing.ts";

/** Distance of the bands, in Hz, and the highest one. */
export const BAND_HZ = 3000;
const HIGHEST_BAND_HZ = 15000;
/** Lowest f0 that is measured, in Hz. */
const LOWEST_F0 = 47;
const PERIODS = 4;
/** Width of the main lobe of the window, in bins of its own length. */
const LOBE = 8;

/** Bands that fit below Nyquist, the one at 0 Hz not counted. */
export function bandCount(sampleRate: number): number {
  return Math.max(0, Math.trunc(Math.min(HIGHEST_BAND_HZ, sampleRate / 2 - BAND_HZ) / BAND_HZ));
}

/** Measures one frame after another in buffers of its own. */
export class BandAperiodicity {
  readonly #cutter: PitchWindow;
  readonly #sampleRate: number;
  readonly #size: number;
  readonly #fft: RealFft;
  readonly #pair: ComplexFft;
  readonly #smoother: SpectrumSmoother;
  readonly #window: Float64Array;
  readonly #cut: Float64Array;
  readonly #centroid: Float64Array;
  readonly #power: Float64Array;
  readonly #smooth: Float64Array;

  constructor(cutter: PitchWindow, sampleRate: number) {
    const size = 2 ** (1 + Math.trunc(Math.log2((PERIODS * sampleRate) / LOWEST_F0 + 1)));
    this.#cutter = cutter;
    this.#sampleRate = sampleRate;
    this.#size = size;
    this.#fft = new RealFft(size);
    this.#pair = new ComplexFft(size);
    this.#smoother = new SpectrumSmoother(size, sampleRate);
    this.#window = nuttall(2 * Math.trunc((BAND_HZ * size) / sampleRate) + 1);
    this.#cut = new Float64Array(size);
    this.#centroid = new Float64Array(size / 2 + 1);
    this.#power = new Float64Array(size / 2 + 1);
    this.#smooth = new Float64Array(size / 2 + 1);
  }

  /** Level of the noise in each band (multiples of 3 kHz) into `levels`, in dB, at most 0. */
  measure(time: number, hz: number, levels: Float64Array): void {
    if (levels.length === 0) return;
    const f0 = Math.max(LOWEST_F0, hz);
    this.#groupDelay(time, f0);
    for (let band = 0; band < levels.length; band++) {
      const level = 10 * Math.log10(this.#restOf(band + 1));
      levels[band] = Math.min(0, level + (f0 - 100) / 50);
    }
  }

  /** Group delay that does not depend on the place in the period, around its mean over f0; lies in `#centroid`. */
  #groupDelay(time: number, f0: number): void {
    const centroid = this.#centroid;
    const power = this.#power;
    const smoother = this.#smoother;
    centroid.fill(0);
    this.#addCentroid(time - 0.25 / f0, f0);
    this.#addCentroid(time + 0.25 / f0, f0);
    smoother.fillBelow(centroid, f0);
    const { waveform, spectrum } = this.#fft;
    const length = this.#cutter.cut(time, f0, PERIODS, "hann", waveform);
    waveform.fill(0, length);
    this.#fft.forward();
    for (let k = 0, j = 0; j < power.length; k += 2, j++) {
      power[j] = (spectrum[k] as number) ** 2 + (spectrum[k + 1] as number) ** 2;
    }
    smoother.fillBelow(power, f0);
    smoother.average(power, f0, power);
    for (let j = 0; j < power.length; j++) centroid[j] = (centroid[j] as number) / (power[j] as number);
    smoother.average(centroid, f0 / 2, centroid);
    const smooth = this.#smooth;
    smoother.average(centroid, f0, smooth);
    for (let j = 0; j < smooth.length; j++) centroid[j] = (centroid[j] as number) - (smooth[j] as number);
  }

  /** Adds the energy's centroid in time, by frequency (L. Cohen). */
  #addCentroid(time: number, f0: number): void {
    const cut = this.#cut;
    const length = this.#cutter.cut(time, f0, PERIODS, "blackman", cut);
    let energy = 0;
    for (let n = 0; n < length; n++) energy += (cut[n] as number) ** 2;
    const scale = 1 / Math.sqrt(energy);
    const { input, output, size } = this.#pair;
    // The waveform as real part, the waveform times its time as imaginary part, of about one size.
    const share = 1 / size;
    for (let n = 0; n < length; n++) {
      const value = (cut[n] as number) * scale;
      input[2 * n] = value;
      input[2 * n + 1] = value * (n + 1) * share;
    }
    input.fill(0, 2 * length);
    this.#pair.transform();
    const centroid = this.#centroid;
    const last = 2 * size;
    for (let j = 0; j < centroid.length; j++) {
      const k = 2 * j;
      const m = j === 0 ? 0 : last - k;
      // Re(A·conj B) for the two spectra A and B that A + iB is made of.
      const product =
        (output[k] as number) * (output[m + 1] as number) + (output[k + 1] as number) * (output[m] as number);
      centroid[j] = (centroid[j] as number) + 0.5 * product * size;
    }
  }

  /** Share of the power of a band's group delay outside its strongest components. */
  #restOf(band: number): number {
    const window = this.#window;
    const half = window.length >> 1;
    const size = this.#size;
    const from = Math.trunc((BAND_HZ * band * size) / this.#sampleRate) - half;
    const { waveform, spectrum } = this.#fft;
    const delay = this.#centroid;
    for (let n = 0; n < window.length; n++) waveform[n] = (delay[from + n] as number) * (window[n] as number);
    waveform.fill(0, window.length);
    this.#fft.forward();
    const power = this.#power;
    let total = 0;
    for (let k = 0, j = 0; j < power.length; k += 2, j++) {
      const value = (spectrum[k] as number) ** 2 + (spectrum[k + 1] as number) ** 2;
      power[j] = value;
      total += value;
    }
    const strongest = Math.round((size * LOBE) / window.length) + 1;
    return sumOfSmallest(power, power.length - strongest) / total;
  }
}

/** Sum of the `count` smallest values; reorders them (C. A. R. Hoare's selection). */
export function sumOfSmallest(values: Float64Array, count: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1] as number;
    let i = low;
    let j = high;
    while (i <= j) {
      while ((values[i] as number) < pivot) i++;
      while ((values[j] as number) > pivot) j--;
      if (i <= j) {
        const swapped = values[i] as number;
        values[i] = values[j] as number;
        values[j] = swapped;
        i++;
        j--;
      }
    }
    if (count - 1 <= j) high = j;
    else if (count - 1 >= i) low = i;
    else break;
  }
  let sum = 0;
  for (let n = 0; n < count; n++) sum += values[n] as number;
  return sum;
}
