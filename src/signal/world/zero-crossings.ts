/**
 * Period estimates from a band-limited waveform: the distances between neighbouring zero crossings of one direction
 * and between neighbouring peaks and dips. They agree where the band holds little but the fundamental.
 */

/** Places that a list of intervals begins with. */
const CAPACITY = 1024;

/** Rates (Hz) that lie at locations (s), in rising order of time. */
class Intervals {
  count = 0;
  #locations = new Float64Array(CAPACITY);
  #rates = new Float64Array(CAPACITY);
  #lastEdge = -1;

  clear(): void {
    this.count = 0;
    this.#lastEdge = -1;
  }

  /** `edge`: position of a crossing, in samples. */
  add(edge: number, sampleRate: number): void {
    const last = this.#lastEdge;
    if (last >= 0) {
      if (this.count === this.#rates.length) this.#grow();
      this.#rates[this.count] = sampleRate / (edge - last);
      this.#locations[this.count] = (last + edge) / 2 / sampleRate;
      this.count++;
    }
    this.#lastEdge = edge;
  }

  #grow(): void {
    const [locations, rates] = [this.#locations, this.#rates];
    this.#locations = new Float64Array(2 * this.count);
    this.#locations.set(locations);
    this.#rates = new Float64Array(2 * this.count);
    this.#rates.set(rates);
  }

  /** Linear interpolation at `times`; beyond the ends the outer pieces go on. */
  sample(times: Float64Array, target: Float64Array): void {
    const { count } = this;
    const locations = this.#locations;
    const rates = this.#rates;
    const frames = times.length;
    for (let k = 1, i = 0; k < count && i < frames; k++) {
      const from = locations[k - 1] as number;
      const low = rates[k - 1] as number;
      const to = k === count - 1 ? Number.POSITIVE_INFINITY : (locations[k] as number);
      const slope = ((rates[k] as number) - low) / ((locations[k] as number) - from);
      for (; i < frames && (times[i] as number) < to; i++) target[i] = low + ((times[i] as number) - from) * slope;
    }
  }
}

/** Finds the four kinds of intervals of one waveform after another, in buffers of its own. */
export class IntervalFinder {
  /** Rates by falling crossings, rising crossings, peaks and dips, at each frame; valid after `find` returned true. */
  readonly rates: readonly [Float64Array, Float64Array, Float64Array, Float64Array];
  readonly #kinds = [new Intervals(), new Intervals(), new Intervals(), new Intervals()] as const;
  readonly #times: Float64Array;
  readonly #sampleRate: number;

  /** `sampleRate` of the waveforms; `times`: frames to give rates for, in seconds. */
  constructor(sampleRate: number, times: Float64Array) {
    const row = (): Float64Array => new Float64Array(times.length);
    this.rates = [row(), row(), row(), row()];
    this.#times = times;
    this.#sampleRate = sampleRate;
  }

  /** False where the waveform has too few crossings of any kind. The waveform is overwritten. */
  find(waveform: Float64Array): boolean {
    const [falling, rising, peaks, dips] = this.#kinds;
    const { length } = waveform;
    this.#collect(waveform, length, falling, rising);
    for (let n = 0; n < length - 1; n++) waveform[n] = (waveform[n + 1] as number) - (waveform[n] as number);
    this.#collect(waveform, length - 1, peaks, dips);
    if (this.#kinds.some((kind) => kind.count < 3)) return false;
    for (let kind = 0; kind < 4; kind++) {
      (this.#kinds[kind] as Intervals).sample(this.#times, this.rates[kind] as Float64Array);
    }
    return true;
  }

  #collect(waveform: Float64Array, length: number, falling: Intervals, rising: Intervals): void {
    falling.clear();
    rising.clear();
    let previous = waveform[0] as number;
    for (let n = 1; n < length; n++) {
      const current = waveform[n] as number;
      if (previous > 0) {
        if (current <= 0) falling.add(n - previous / (current - previous), this.#sampleRate);
      } else if (previous < 0 && current >= 0) {
        rising.add(n - previous / (current - previous), this.#sampleRate);
      }
      previous = current;
    }
  }
}
