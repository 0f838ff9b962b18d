/**
 * Period estimates from a band-limited waveform: the distances between neighbouring zero crossings of one direction
 * and between neighbouring peaks and dips. They agree where the band holds little but the fundamental.
 */

/** Rates (Hz) that lie at locations (s), in rising order of time. */
class Intervals {
  readonly locations: Float64Array;
  readonly rates: Float64Array;
  count = 0;
  #lastEdge = -1;

  constructor(capacity: number) {
    this.locations = new Float64Array(capacity);
    this.rates = new Float64Array(capacity);
  }

  clear(): void {
    this.count = 0;
    this.#lastEdge = -1;
  }

  /** `edge`: position of a crossing, in samples. */
  add(edge: number, sampleRate: number): void {
    const last = this.#lastEdge;
    if (last >= 0) {
      this.rates[this.count] = sampleRate / (edge - last);
      this.locations[this.count] = (last + edge) / 2 / sampleRate;
      this.count++;
    }
    this.#lastEdge = edge;
  }

  /** Linear interpolation at `times`; beyond the ends the outer pieces go on. */
  sample(times: Float64Array, target: Float64Array): void {
    const { locations, rates, count } = this;
    let k = 1;
    for (let i = 0; i < times.length; i++) {
      const time = times[i] as number;
      while (k < count - 1 && (locations[k] as number) <= time) k++;
      const from = locations[k - 1] as number;
      const low = rates[k - 1] as number;
      const share = (time - from) / ((locations[k] as number) - from);
      target[i] = low + share * ((rates[k] as number) - low);
    }
  }
}

/** Finds the four kinds of intervals of one waveform after another, in buffers of its own. */
export class IntervalFinder {
  /** Rates by falling crossings, rising crossings, peaks and dips, at each frame; valid after `find` returned true. */
  readonly rates: readonly [Float64Array, Float64Array, Float64Array, Float64Array];
  readonly #kinds: readonly [Intervals, Intervals, Intervals, Intervals];
  readonly #times: Float64Array;
  readonly #sampleRate: number;

  /** `samples`: length of the waveforms; `times`: frames to give rates for, in seconds. */
  constructor(samples: number, sampleRate: number, times: Float64Array) {
    // Two crossings of one direction are at least two samples apart.
    const capacity = (samples >> 1) + 2;
    this.#kinds = [new Intervals(capacity), new Intervals(capacity), new Intervals(capacity), new Intervals(capacity)];
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
