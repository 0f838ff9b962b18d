/** Log-mel spectra: what speech networks listen to. Scale: O'Shaughnessy, *Speech Communication*, 1987. */

import { hannWindow, WindowSpectrum } from "./stft.ts";

/** How the frames are made. */
export type MelOptions = {
  /** Hz. */
  readonly sampleRate: number;
  /** Samples that a window is long, and that two are apart. Frame `i` is centred at `(i + 0.5) · hop`. */
  readonly window: number;
  readonly hop: number;
  /** Size of the transform: a power of two. */
  readonly fft: number;
  readonly bands: number;
  /** Lower edge of the first band and upper edge of the last, Hz. */
  readonly lowHz: number;
  readonly highHz: number;
};

/** Power under which a band is silent: −100 dB. */
const FLOOR = 1e-10;

/** Bins `from …` of the spectrum, and what each counts. */
type Triangle = { readonly from: number; readonly weights: Float64Array };

const toMel = (hz: number): number => 2595 * Math.log10(1 + hz / 700);
const toHz = (mel: number): number => 700 * (10 ** (mel / 2595) - 1);

/** Triangles of height 1, each from the middle of its lower to the middle of its upper neighbour. */
function triangles({ sampleRate, fft, bands, lowHz, highHz }: MelOptions): readonly Triangle[] {
  const low = toMel(lowHz);
  const step = (toMel(highHz) - low) / (bands + 1);
  return Array.from({ length: bands }, (_, band) => {
    const [left, middle, right] = [0, 1, 2].map((k) => toHz(low + (band + k) * step)) as [number, number, number];
    const from = Math.ceil((left * fft) / sampleRate);
    const to = Math.floor((right * fft) / sampleRate);
    const weights = Float64Array.from({ length: Math.max(0, to - from + 1) }, (__, i) => {
      const hz = ((from + i) * sampleRate) / fft;
      return Math.max(0, Math.min((hz - left) / (middle - left), (right - hz) / (right - middle)));
    });
    return { from, weights };
  });
}

/** Makes log-mel frames. Holds its work arrays. */
export class LogMel {
  readonly options: MelOptions;
  readonly #triangles: readonly Triangle[];
  readonly #spectrum: WindowSpectrum;
  readonly #scale: number;

  constructor(options: MelOptions) {
    this.options = options;
    this.#triangles = triangles(options);
    this.#spectrum = new WindowSpectrum(hannWindow(options.window), options.fft);
    // A sine of full scale has a power of one.
    this.#scale = (4 / options.window) ** 2;
  }

  /**
   * Frames `first … first + count − 1`, each `bands` numbers in decibels: 10·log10 of the power in the band, 0 dB for a
   * sine of full scale, never under −100 dB. Outside of `samples` is silence.
   */
  frames(samples: Float32Array, first: number, count: number): Float32Array {
    const { hop, window, bands } = this.options;
    const out = new Float32Array(count * bands);
    for (let i = 0; i < count; i++) {
      const power = this.#spectrum.look(samples, (first + i) * hop - (window - hop) / 2);
      for (let band = 0; band < bands; band++) {
        const { from, weights } = this.#triangles[band] as Triangle;
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += (weights[k] as number) * (power[from + k] as number);
        out[i * bands + band] = 10 * Math.log10(sum * this.#scale + FLOOR);
      }
    }
    return out;
  }
}
