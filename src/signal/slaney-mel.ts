/**
 * Mel bands as librosa has them by default: Slaney's scale (linear below 1 kHz, logarithmic above; *Auditory Toolbox*,
 * 1998), each triangle divided by its width.
 */

/** Bins `from …` of a spectrum, and what each counts. */
export type MelBand = { readonly from: number; readonly weights: Float64Array };

export type MelBands = {
  /** Hz. */
  readonly sampleRate: number;
  /** Size of the transform. */
  readonly fft: number;
  readonly bands: number;
  /** Lower edge of the first band and upper edge of the last, Hz. */
  readonly lowHz: number;
  readonly highHz: number;
};

const LINEAR_HZ = 200 / 3;
const BREAK_HZ = 1000;
const BREAK_MEL = BREAK_HZ / LINEAR_HZ;
const LOG_STEP = Math.log(6.4) / 27;

const toMel = (hz: number): number => (hz < BREAK_HZ ? hz / LINEAR_HZ : BREAK_MEL + Math.log(hz / BREAK_HZ) / LOG_STEP);
const toHz = (mel: number): number =>
  mel < BREAK_MEL ? mel * LINEAR_HZ : BREAK_HZ * Math.exp(LOG_STEP * (mel - BREAK_MEL));

/** The bands, lowest first. */
export function slaneyBands({ sampleRate, fft, bands, lowHz, highHz }: MelBands): readonly MelBand[] {
  const low = toMel(lowHz);
  const step = (toMel(highHz) - low) / (bands + 1);
  return Array.from({ length: bands }, (_, band) => {
    const [left, middle, right] = [0, 1, 2].map((k) => toHz(low + (band + k) * step)) as [number, number, number];
    const from = Math.ceil((left * fft) / sampleRate);
    const to = Math.floor((right * fft) / sampleRate);
    const area = 2 / (right - left);
    const weights = Float64Array.from({ length: Math.max(0, to - from + 1) }, (__, i) => {
      const hz = ((from + i) * sampleRate) / fft;
      return area * Math.max(0, Math.min((hz - left) / (middle - left), (right - hz) / (right - middle)));
    });
    return { from, weights };
  });
}
