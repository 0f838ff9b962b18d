/**
 * Fundamental frequency by Harvest: many narrow band-pass filters propose candidates, the instantaneous frequency of
 * the harmonics refines and scores them, and the most reliable ones grow into a curve.
 * M. Morise: *Harvest, a high-performance fundamental frequency estimator from speech signals*, Interspeech 2017.
 */
import {
  checkPitchOptions,
  doubles,
  F0_CEILING,
  F0_FLOOR,
  FRAME_PERIOD_MS,
  frameCount,
  frameTimes,
  nearest,
  type PitchOptions,
  type PitchTrack,
  type Samples,
} from "./frames.ts";
import { proposeCandidates } from "./harvest-candidates.ts";
import { growContour } from "./harvest-contour.ts";
import { decimate } from "./harvest-decimate.ts";
import { refineCandidates } from "./harvest-refine.ts";
import { smoothContour } from "./harvest-smooth.ts";

/** The search works on frames of 1 ms. */
const SEARCH_PERIOD_MS = 1;

export type HarvestOptions = PitchOptions & {
  /**
   * Whether an offset of the samples is to stay. Then a piece of a longer sound gives what the whole gives, but near its
   * ends; default false.
   */
  readonly keepOffset?: boolean;
};

/**
 * Pitch curve of `samples`: f0 in Hz (0 where unvoiced) every `framePeriod` ms from 0 s to the end, both included.
 * Smooth and complete; needs no `stoneMask`.
 */
export function harvest(samples: Samples, sampleRate: number, options: HarvestOptions = {}): PitchTrack {
  const { framePeriod = FRAME_PERIOD_MS, floor = F0_FLOOR, ceiling = F0_CEILING } = options;
  checkPitchOptions(sampleRate, framePeriod, floor, ceiling);
  const { signal, rate } = decimate(doubles(samples), sampleRate, options.keepOffset);
  const fine = frameTimes(frameCount(samples.length, sampleRate, SEARCH_PERIOD_MS), SEARCH_PERIOD_MS);
  const proposed = proposeCandidates(signal, rate, fine, floor, ceiling);
  const candidates = refineCandidates(signal, rate, fine, proposed, floor, ceiling);
  const contour = smoothContour(growContour(candidates));
  const times = frameTimes(frameCount(samples.length, sampleRate, framePeriod), framePeriod);
  const f0 = new Float64Array(times.length);
  for (let i = 0; i < f0.length; i++) {
    f0[i] = contour[Math.min(contour.length - 1, nearest((times[i] as number) * 1000))] as number;
  }
  return { f0, times };
}
