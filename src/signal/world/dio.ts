/**
 * Fundamental frequency by DIO: low-pass filters at half-octave steps; the one that passes only the fundamental gives
 * equal periods between crossings, peaks and dips.
 * M. Morise, H. Kawahara, H. Katayose: *Fast and reliable F0 estimation method based on the period extraction of
 * vocal fold vibration of singing voice and speech*, AES 35th Conference, 2009.
 */
import { type Fir, filterEach } from "./filter-bank.ts";
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
import { settleContour } from "./dio-contour.ts";
import { nuttall } from "./nuttall.ts";
import { IntervalFinder } from "./zero-crossings.ts";

/** Everything below is taken out before the search, in Hz. */
const LOW_CUT = 50;
/** Deviation of a candidate that is none. */
const WORST = 1e5;
const TINY = 1e-12;

export type DioOptions = PitchOptions & {
  /** Filters per octave; default 2. */
  readonly channelsPerOctave?: number;
  /** Largest change of f0 from one frame to the next, as a share; default 0.1. */
  readonly allowedRange?: number;
};

/** Candidates of all bands: row b, frame i at b·frames + i. */
type Candidates = { readonly f0: Float64Array; readonly best: Float64Array };

/**
 * Pitch curve of `samples`. Coarse (it follows single periods): refine it with `stoneMask`.
 * Frames: one every `framePeriod` ms from 0 s to the end, both included.
 */
export function dio(samples: Samples, sampleRate: number, options: DioOptions = {}): PitchTrack {
  const { framePeriod = FRAME_PERIOD_MS, floor = F0_FLOOR, ceiling = F0_CEILING } = options;
  const { channelsPerOctave = 2, allowedRange = 0.1 } = options;
  checkPitchOptions(sampleRate, framePeriod, floor, ceiling);
  const times = frameTimes(frameCount(samples.length, sampleRate, framePeriod), framePeriod);
  const bands = 1 + Math.trunc(Math.log2(ceiling / floor) * channelsPerOctave);
  const edges = Float64Array.from({ length: bands }, (_, band) => floor * 2 ** ((band + 1) / channelsPerOctave));
  const candidates = findCandidates(withoutMean(samples), sampleRate, edges, floor, ceiling, times);
  const f0 = settleContour(candidates.best, candidates.f0, framePeriod, floor, allowedRange);
  return { f0, times };
}

/** The samples around their mean, and one more. */
function withoutMean(samples: Samples): Float64Array {
  const signal = new Float64Array(samples.length + 1);
  signal.set(doubles(samples).subarray(0, samples.length));
  let mean = 0;
  for (const sample of signal) mean += sample;
  mean /= signal.length;
  for (let n = 0; n < signal.length; n++) signal[n] = (signal[n] as number) - mean;
  return signal;
}

function findCandidates(
  signal: Float64Array,
  sampleRate: number,
  edges: Float64Array,
  floor: number,
  ceiling: number,
  times: Float64Array,
): Candidates {
  const frames = times.length;
  const f0 = new Float64Array(edges.length * frames);
  const best = new Float64Array(frames);
  const bestScore = new Float64Array(frames).fill(Number.POSITIVE_INFINITY);
  const finder = new IntervalFinder(sampleRate, times);
  const lowCut = lowCutFilter(nearest(sampleRate / LOW_CUT));
  const filters = Array.from(edges, (edge) => bandFilter(nearest(sampleRate / edge / 2), lowCut));
  filterEach(signal, filters, (filtered, band) => {
    const edge = edges[band] as number;
    const found = finder.find(filtered);
    const [falling, rising, peaks, dips] = finder.rates;
    for (let i = 0; i < frames; i++) {
      let candidate = 0;
      let deviation = WORST;
      if (found) {
        const a = falling[i] as number;
        const b = rising[i] as number;
        const c = peaks[i] as number;
        const d = dips[i] as number;
        const mean = (a + b + c + d) / 4;
        if (mean <= edge && mean >= edge / 2 && mean <= ceiling && mean >= floor) {
          candidate = mean;
          deviation = Math.sqrt(((a - mean) ** 2 + (b - mean) ** 2 + (c - mean) ** 2 + (d - mean) ** 2) / 3);
        }
      }
      f0[band * frames + i] = candidate;
      const score = deviation / (candidate + TINY);
      if (score < (bestScore[i] as number)) {
        bestScore[i] = score;
        best[i] = candidate;
      }
    }
  });
  return { f0, best };
}

/** An impulse less a Hann window of unit sum, `half` samples to either side. */
function lowCutFilter(half: number): Float64Array {
  const length = 2 * half + 1;
  const taps = new Float64Array(length);
  let sum = 0;
  for (let n = 0; n < length; n++) {
    taps[n] = 0.5 - 0.5 * Math.cos(((n + 1) * 2 * Math.PI) / (length + 1));
    sum += taps[n] as number;
  }
  for (let n = 0; n < length; n++) taps[n] = -(taps[n] as number) / sum;
  taps[half] = (taps[half] as number) + 1;
  return taps;
}

/** The low-cut filter and a Nuttall window of four times `quarter` samples, one after the other, without delay. */
function bandFilter(quarter: number, lowCut: Float64Array): Fir {
  const window = nuttall(4 * quarter);
  const taps = new Float64Array(window.length + lowCut.length - 1);
  for (let m = 0; m < window.length; m++) {
    const weight = window[m] as number;
    for (let n = 0; n < lowCut.length; n++) taps[m + n] = (taps[m + n] as number) + weight * (lowCut[n] as number);
  }
  return { taps, advance: 2 * quarter + (lowCut.length - 1) / 2 };
}
