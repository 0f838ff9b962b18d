/** The frame grid and the samples that every analysis of this folder works on. */

/** Time between frames unless told otherwise, in ms. */
export const FRAME_PERIOD_MS = 5;
/** Range in which a fundamental frequency is looked for unless told otherwise, in Hz. */
export const F0_FLOOR = 71;
export const F0_CEILING = 800;

/** Options that the pitch trackers share. */
export type PitchOptions = {
  /** Time between frames, in ms; default 5. */
  readonly framePeriod?: number;
  /** Lowest fundamental frequency, in Hz; default 71. */
  readonly floor?: number;
  /** Highest fundamental frequency, in Hz; default 800. */
  readonly ceiling?: number;
};

/** A pitch curve: `f0` in Hz (0 where unvoiced) at `times` in seconds. */
export type PitchTrack = { readonly f0: Float64Array; readonly times: Float64Array };

/** Samples as the analyses take them, nominal range −1…1. */
export type Samples = Float32Array | Float64Array;

/** Frames that a signal has: one at 0 s and one every `framePeriod` ms up to its end. */
export function frameCount(samples: number, sampleRate: number, framePeriod: number): number {
  return Math.floor((1000 * samples) / sampleRate / framePeriod) + 1;
}

/** Times of `count` frames, in seconds. */
export function frameTimes(count: number, framePeriod: number): Float64Array {
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) times[i] = (i * framePeriod) / 1000;
  return times;
}

/** The samples in double precision; NaN and infinities become 0, and nothing becomes one sample of silence. */
export function doubles(samples: Samples): Float64Array {
  const result = new Float64Array(Math.max(1, samples.length));
  for (let n = 0; n < samples.length; n++) {
    const sample = samples[n] as number;
    result[n] = Number.isFinite(sample) ? sample : 0;
  }
  return result;
}

/** Nearest integer; halves go away from zero, up to the rounding error of the sum. */
export function nearest(value: number): number {
  return value > 0 ? Math.trunc(value + 0.5) : Math.trunc(value - 0.5);
}

/** Throws a RangeError unless the sample rate and the pitch range make sense. */
export function checkPitchOptions(sampleRate: number, framePeriod: number, floor: number, ceiling: number): void {
  if (!(sampleRate > 0) || !Number.isFinite(sampleRate)) throw new RangeError(`sample rate ${sampleRate}`);
  if (!(framePeriod > 0)) throw new RangeError(`frame period ${framePeriod} ms`);
  if (!(floor > 0 && floor < ceiling)) throw new RangeError(`pitch range ${floor} to ${ceiling} Hz`);
}
