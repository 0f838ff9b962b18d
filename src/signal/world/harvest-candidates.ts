/** First stage of Harvest: where ten neighbouring band-pass filters and more agree on a period, there is a candidate. */
import { type Fir, filterEach } from "./filter-bank.ts";
import { nearest } from "./frames.ts";
import { nuttall } from "./nuttall.ts";
import { IntervalFinder } from "./zero-crossings.ts";

const CHANNELS_PER_OCTAVE = 40;
/** Filters that must agree. */
const AGREEING = 10;
/** How far a channel's estimate may lie from its centre, and the channels beyond the range of f0, as a share. */
const TOLERANCE = 0.1;

/** Candidates by frame: those of frame i lie in `f0` from i·slots, `counts[i]` of them, in rising order. */
export type Proposals = {
  readonly slots: number;
  readonly counts: Int32Array;
  readonly f0: Float64Array;
};

/** `signal` at `rate` Hz around its mean; `times` of the frames in s; range of f0 in Hz. */
export function proposeCandidates(
  signal: Float64Array,
  rate: number,
  times: Float64Array,
  floor: number,
  ceiling: number,
): Proposals {
  const lowest = floor * (1 - TOLERANCE);
  const octaves = Math.log2((ceiling * (1 + TOLERANCE)) / lowest);
  const channels = 1 + Math.trunc(octaves * CHANNELS_PER_OCTAVE);
  const centres = Float64Array.from({ length: channels }, (_, c) => lowest * 2 ** ((c + 1) / CHANNELS_PER_OCTAVE));
  const frames = times.length;
  const slots = Math.ceil(channels / (AGREEING + 1)) + 1;
  const runs = new Runs(frames, slots);
  const finder = new IntervalFinder(rate, times);
  const filters = Array.from(centres, (centre) => bandPass(centre, rate));
  filterEach(signal, filters, (filtered, channel) => {
    const outer = channel === 0 || channel === channels - 1;
    if (outer || !finder.find(filtered)) {
      for (let i = 0; i < frames; i++) runs.end(i);
      return;
    }
    const centre = centres[channel] as number;
    const low = Math.max(centre * (1 - TOLERANCE), floor);
    const high = Math.min(centre * (1 + TOLERANCE), ceiling);
    const [falling, rising, peaks, dips] = finder.rates;
    for (let i = 0; i < frames; i++) {
      const mean = ((falling[i] as number) + (rising[i] as number) + (peaks[i] as number) + (dips[i] as number)) / 4;
      if (mean >= low && mean <= high) runs.add(i, mean);
      else runs.end(i);
    }
  });
  return { slots, counts: runs.counts, f0: runs.f0 };
}

/** A tone of `centre` Hz under a Nuttall window of four periods. Its output comes one sample early. */
function bandPass(centre: number, rate: number): Fir {
  const half = nearest((rate / centre) * 2);
  const taps = nuttall(2 * half + 1);
  for (let n = 0; n < taps.length; n++) {
    taps[n] = (taps[n] as number) * Math.cos((2 * Math.PI * centre * (n - half)) / rate);
  }
  return { taps, advance: half + 1 };
}

/** Runs of neighbouring channels that have an estimate, for every frame at once. */
class Runs {
  readonly counts: Int32Array;
  readonly f0: Float64Array;
  readonly #slots: number;
  readonly #lengths: Int32Array;
  readonly #sums: Float64Array;

  constructor(frames: number, slots: number) {
    this.counts = new Int32Array(frames);
    this.f0 = new Float64Array(frames * slots);
    this.#slots = slots;
    this.#lengths = new Int32Array(frames);
    this.#sums = new Float64Array(frames);
  }

  add(frame: number, hz: number): void {
    this.#lengths[frame] = (this.#lengths[frame] as number) + 1;
    this.#sums[frame] = (this.#sums[frame] as number) + hz;
  }

  end(frame: number): void {
    const length = this.#lengths[frame] as number;
    if (length === 0) return;
    if (length >= AGREEING) {
      const count = this.counts[frame] as number;
      this.f0[frame * this.#slots + count] = (this.#sums[frame] as number) / length;
      this.counts[frame] = count + 1;
    }
    this.#lengths[frame] = 0;
    this.#sums[frame] = 0;
  }
}
