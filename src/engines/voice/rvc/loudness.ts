import { mirrored } from "./passages.ts";

/** Level under which a sound is not said to be quieter. */
const LEAST = 1e-6;
/** Most that quiet sound is made louder, 12 dB: where the source is nearly silent, so is what the voice makes of it. */
const MOST_GAIN = 4;

/**
 * The level of a sound around each half second: the root of the mean square over a second around it, mirrored at the ends
 * (`librosa.feature.rms` as RVC uses it).
 */
export class LevelCurve {
  /** Levels that are known, one for each half second from the first sample on. */
  readonly points: number[] = [];
  readonly #hop: number;
  /** The last second. */
  readonly #recent: Float64Array;
  readonly #energies: number[] = [];
  #energy = 0;
  #first = 0;
  #length = 0;

  /** @param sampleRate Hz, even */
  constructor(sampleRate: number) {
    this.#hop = Math.floor(sampleRate / 2);
    this.#recent = new Float64Array(2 * this.#hop);
  }

  push(samples: Float32Array): void {
    const hop = this.#hop;
    for (const x of samples) {
      if (this.#length === 0) this.#first = x * x;
      if (this.#length === hop) this.#point(2 * (this.#energies[0] as number) - this.#first + x * x);
      this.#recent[this.#length++ % (2 * hop)] = x;
      this.#energy += x * x;
      if (this.#length % hop !== 0) continue;
      const before = this.#energies.at(-1);
      if (before !== undefined) this.#point(before + this.#energy);
      // Two are enough: the one before, and the first until it was needed.
      this.#energies.splice(0, this.#energies.length - 1);
      this.#energies.push(this.#energy);
      this.#energy = 0;
    }
  }

  /** There is no more: the levels up to the end are known. */
  finish(): void {
    const hop = this.#hop;
    const length = this.#length;
    if (length === 0) return;
    const count = 1 + Math.floor(length / hop);
    for (let point = this.points.length; point < count; point++) {
      let energy = 0;
      for (let i = (point - 1) * hop; i < (point + 1) * hop; i++) {
        energy += (this.#recent[mirrored(i, length) % (2 * hop)] as number) ** 2;
      }
      this.#point(energy);
    }
  }

  #point(energy: number): void {
    this.points.push(Math.sqrt(Math.max(0, energy) / (2 * this.#hop)));
  }
}

/**
 * Gives a converted song the loudness of its source, wholly or in part: each sample times (source / song)^(1 − share), with
 * the levels between half seconds on a line. RVC's own levels are up to a quarter of a second off, and without bounds where
 * the voice is silent.
 */
export class LoudnessMatch {
  readonly #source: LevelCurve;
  readonly #own: LevelCurve;
  readonly #hop: number;
  readonly #share: number;
  #held: Float32Array<ArrayBuffer> = new Float32Array(0);
  #given = 0;

  /**
   * @param source the level of the source, which is ahead of the song by a second at least, or at its end
   * @param sampleRate of the song, Hz
   * @param share 0 follows the source, 1 leaves the song as it is
   */
  constructor(source: LevelCurve, sampleRate: number, share: number) {
    this.#source = source;
    this.#own = new LevelCurve(sampleRate);
    this.#hop = Math.floor(sampleRate / 2);
    this.#share = share;
  }

  /** Takes samples of the song, and answers those whose level is known, which may be none. */
  push(samples: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
    if (this.#share === 1) return samples;
    this.#own.push(samples);
    const held = new Float32Array(this.#held.length + samples.length);
    held.set(this.#held);
    held.set(samples, this.#held.length);
    this.#held = held;
    const known = (Math.min(this.#own.points.length, this.#source.points.length) - 1) * this.#hop;
    return this.#give(Math.max(0, Math.min(held.length, known - this.#given)));
  }

  /** The rest. */
  finish(): Float32Array<ArrayBuffer> {
    this.#own.finish();
    return this.#give(this.#held.length);
  }

  #give(count: number): Float32Array<ArrayBuffer> {
    const given = this.#held.slice(0, count);
    for (let i = 0; i < count; i++) {
      const place = (this.#given + i) / this.#hop;
      const gain =
        (between(this.#source.points, place) / Math.max(LEAST, between(this.#own.points, place))) ** (1 - this.#share);
      given[i] = (given[i] as number) * Math.min(MOST_GAIN, gain);
    }
    this.#held = this.#held.slice(count);
    this.#given += count;
    return given;
  }
}

function between(points: readonly number[], place: number): number {
  const last = points.length - 1;
  const before = Math.min(last, Math.floor(place));
  const [a, b] = [points[before] ?? 0, points[Math.min(last, before + 1)] ?? 0];
  return a + (b - a) * Math.min(1, place - before);
}
