import { PEAK_MARGIN, peaksAround } from "../true-peak.ts";
import { decibelsOf } from "./gain.ts";

/** Seconds over which the gain glides down before a peak. */
const LOOK_AHEAD = 0.0015;
/** Time constant of the recovery, in seconds. */
const RELEASE = 0.08;
/**
 * How far under the ceiling a peak is brought: the gain moves while it is applied, and the filter of the standard reads
 * what lies between samples some tenths of a dB low.
 */
const MARGIN_DB = 0.3;

/**
 * Turns all channels down together around peaks, so that no true peak is above a ceiling. Sound without such peaks comes
 * out as it came in, bit for bit. What comes out is late by nothing: it is held back until the look-ahead is there.
 */
export class Limiter {
  readonly #ceiling: number;
  readonly #target: number;
  readonly #width: number;
  readonly #release: number;
  /** Sound that waits for its gain, per channel; the first `PEAK_MARGIN` samples are done and kept for the peak filter. */
  #held: Float32Array[];
  /** Gains needed of the samples in `held` whose peaks are known. */
  readonly #needed: SlidingMinimum;
  readonly #mean: SlidingMean;
  #level = 1;
  #lowest = 1;
  #limited = 0;
  /** Samples whose peaks were looked at so far. */
  #known = 0;
  #given = 0;

  /** @param ceilingDb dBTP, at most 0 */
  constructor(sampleRate: number, channels: number, ceilingDb: number) {
    this.#ceiling = 10 ** (ceilingDb / 20);
    this.#target = 10 ** ((ceilingDb - MARGIN_DB) / 20);
    this.#width = Math.max(1, Math.round(LOOK_AHEAD * sampleRate));
    this.#release = 1 - Math.exp(-1 / (RELEASE * sampleRate));
    this.#held = Array.from({ length: channels }, () => new Float32Array(PEAK_MARGIN));
    this.#needed = new SlidingMinimum(2 * this.#width + 1);
    this.#mean = new SlidingMean(2 * this.#width + 1);
  }

  /** How far the loudest peak was turned down so far, in dB, 0 or more. */
  get reductionDb(): number {
    return this.#lowest === 1 ? 0 : -decibelsOf(this.#lowest);
  }

  /** Samples so far that were turned down at all. */
  get limitedSamples(): number {
    return this.#limited;
  }

  /** Takes the next samples of each channel; answers those whose gain is known by now, which may be none. */
  push(channels: readonly Float32Array[]): Float32Array[] {
    const samples = this.#held.map((held, channel) => joined(held, channels[channel] ?? new Float32Array(0)));
    const gains = this.#gains(samples);
    const output = samples.map((plane) => applied(plane.subarray(PEAK_MARGIN), gains));
    for (const gain of gains) {
      if (gain === 1) continue;
      this.#limited++;
      if (gain < this.#lowest) this.#lowest = gain;
    }
    this.#given += gains.length;
    this.#held = samples.map((plane) => plane.slice(gains.length));
    return output;
  }

  /** The rest. In all there is as much as was pushed. */
  finish(): Float32Array[] {
    const silence = new Float32Array(PEAK_MARGIN + 2 * this.#width);
    return this.push(this.#held.map(() => silence));
  }

  /** Gains of the next samples to be given, as far as they are known. */
  #gains(samples: readonly Float32Array[]): Float64Array {
    // From here on the positions are those within `samples`, which begins PEAK_MARGIN before the next one to be given.
    const from = this.#known - this.#given + PEAK_MARGIN;
    const to = Math.max(from, (samples[0]?.length ?? 0) - PEAK_MARGIN);
    const around = samples.map((plane) => peaksAround(plane.subarray(from - PEAK_MARGIN), this.#ceiling));
    // A gain belongs to the sample 2 · width before the one that completes it.
    const early = Math.max(0, 2 * this.#width - this.#known);
    const gains = new Float64Array(Math.max(0, to - from - early));
    for (let n = from; n < to; n++) {
      let peak = 0;
      for (const peaks of around) peak = Math.max(peak, peaks[n - from + PEAK_MARGIN] as number);
      const gain = this.#smooth(peak > this.#ceiling ? this.#target / peak : 1);
      if (n - from >= early) gains[n - from - early] = gain;
    }
    this.#known += to - from;
    return gains;
  }

  /** The gain of the sample `2 · width` before the one that needs `needed`. */
  #smooth(needed: number): number {
    const held = this.#needed.push(needed);
    this.#level = held < this.#level ? held : this.#level + (held - this.#level) * this.#release;
    // The recovery ends, so that what follows is left alone.
    if (this.#level > 1 - 1e-6) this.#level = 1;
    return this.#mean.push(this.#level);
  }
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** As many samples as there are gains. */
function applied(samples: Float32Array, gains: Float64Array): Float32Array {
  return samples.subarray(0, gains.length).map((x, n) => x * (gains[n] as number));
}

/** Least of the last `width` values. */
class SlidingMinimum {
  readonly #values: Float64Array;
  readonly #positions: Float64Array;
  readonly #width: number;
  #head = 0;
  #size = 0;
  #count = 0;

  constructor(width: number) {
    this.#values = new Float64Array(width);
    this.#positions = new Float64Array(width);
    this.#width = width;
  }

  push(value: number): number {
    const width = this.#width;
    if (this.#size > 0 && (this.#positions[this.#head] as number) <= this.#count - width) {
      this.#head = (this.#head + 1) % width;
      this.#size--;
    }
    while (this.#size > 0 && (this.#values[(this.#head + this.#size - 1) % width] as number) >= value) this.#size--;
    const tail = (this.#head + this.#size) % width;
    this.#values[tail] = value;
    this.#positions[tail] = this.#count++;
    this.#size++;
    return this.#values[this.#head] as number;
  }
}

/** Mean of the last `width` values, 1 before the first; exactly 1 where all are. */
class SlidingMean {
  readonly #values: Float64Array;
  #at = 0;
  /** Sum of what is missing to 1. */
  #missing = 0;
  #below = 0;

  constructor(width: number) {
    this.#values = new Float64Array(width).fill(1);
  }

  push(value: number): number {
    const old = this.#values[this.#at] as number;
    this.#values[this.#at] = value;
    this.#at = (this.#at + 1) % this.#values.length;
    if (old < 1) this.#below--;
    if (value < 1) this.#below++;
    this.#missing = this.#below === 0 ? 0 : this.#missing + old - value;
    return 1 - this.#missing / this.#values.length;
  }
}
