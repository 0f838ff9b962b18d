/** Many long filters over one signal: overlap-save blocks, two filters in each complex transform. */
import { ComplexFft, powerOfTwo, RealFft } from "./fft.ts";

/** y[n] = Σ taps[j]·x[n + advance − j]. */
export type Fir = { readonly taps: Float64Array; readonly advance: number };

/** Block length as a multiple of the reach of the longest filter to one side. */
const BLOCK_FACTOR = 8;

/** Samples that a filter reaches to its farther side. */
function reach({ taps, advance }: Fir): number {
  return Math.max(advance, taps.length - 1 - advance);
}

/**
 * Filters `signal` (silence around it) with each of `filters` in turn and hands over the output, as long as the
 * signal. The array that `visit` gets is used again for the next but one filter; it may be written to.
 */
export function filterEach(
  signal: Float64Array,
  filters: readonly Fir[],
  visit: (filtered: Float64Array, index: number) => void,
): void {
  const margin = filters.reduce((most, filter) => Math.max(most, reach(filter)), 1);
  const size = powerOfTwo(BLOCK_FACTOR * margin);
  const hop = size - 2 * margin;
  const blocks = Math.ceil(signal.length / hop);
  const spectra = blockSpectra(signal, size, hop, margin, blocks);
  const fft = new ComplexFft(size);
  const pair = new Float64Array(2 * size);
  const first = new Float64Array(signal.length);
  const second = new Float64Array(signal.length);
  for (let index = 0; index < filters.length; index += 2) {
    loadPair(fft, filters[index] as Fir, filters[index + 1], pair);
    for (let block = 0; block < blocks; block++) {
      multiply(spectra, block * (size + 2), pair, fft);
      fft.transform();
      const from = block * hop;
      const to = Math.min(from + hop, signal.length);
      const { output } = fft;
      for (let n = from, k = 2 * margin; n < to; n++, k += 2) {
        first[n] = output[k] as number;
        second[n] = output[k + 1] as number;
      }
    }
    visit(first, index);
    if (index + 1 < filters.length) visit(second, index + 1);
  }
}

/** Spectra of all the blocks, size + 2 numbers each. */
function blockSpectra(signal: Float64Array, size: number, hop: number, margin: number, blocks: number): Float64Array {
  const fft = new RealFft(size);
  const spectra = new Float64Array(blocks * (size + 2));
  for (let block = 0; block < blocks; block++) {
    const from = block * hop - margin;
    fft.waveform.fill(0);
    fft.waveform.set(signal.subarray(Math.max(0, from), Math.min(signal.length, from + size)), Math.max(0, -from));
    fft.forward();
    spectra.set(fft.spectrum, block * (size + 2));
  }
  return spectra;
}

/** Spectrum of first + i·second, divided by the size. */
function loadPair(fft: ComplexFft, first: Fir, second: Fir | undefined, pair: Float64Array): void {
  const { input, output, size } = fft;
  input.fill(0);
  for (let j = 0; j < first.taps.length; j++) {
    input[2 * ((j - first.advance + size) % size)] = first.taps[j] as number;
  }
  const { taps, advance } = second ?? { taps: [], advance: 0 };
  for (let j = 0; j < taps.length; j++) input[2 * ((j - advance + size) % size) + 1] = taps[j] as number;
  fft.transform();
  for (let k = 0; k < pair.length; k++) pair[k] = (output[k] as number) / size;
}

/** The block times the pair of filters, in reversed order of the bins, into the input of `fft`. */
function multiply(spectra: Float64Array, at: number, pair: Float64Array, fft: ComplexFft): void {
  const { input, size } = fft;
  const end = 2 * size;
  for (let k = 0; k <= size; k += 2) {
    const xr = spectra[at + k] as number;
    const xi = spectra[at + k + 1] as number;
    const ar = pair[k] as number;
    const ai = pair[k + 1] as number;
    const mirrored = k === 0 ? 0 : end - k;
    const br = pair[mirrored] as number;
    const bi = pair[mirrored + 1] as number;
    input[mirrored] = xr * ar - xi * ai;
    input[mirrored + 1] = xr * ai + xi * ar;
    input[k] = xr * br + xi * bi;
    input[k + 1] = xr * bi - xi * br;
  }
}
