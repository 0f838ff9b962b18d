/** Samples per frame at 44.1 kHz; about 3 ms. */
const FRAME_SECONDS = 0.003;
/** Frames before one that say what is usual there. */
const MEMORY = 12;
/** Energy of a frame against what is usual, from which on it is an onset. */
const RISE = 6;
/** Mean square of the sound's slope under which nothing is an onset. */
const FLOOR = 1e-7;
/** Seconds between onsets at least. */
const APART = 0.05;

/**
 * Finds where drums and plucked strings begin: a sudden rise of the energy of the sound's slope, in which what is high
 * counts most. Takes samples as they come; how they are cut makes no difference.
 */
export class OnsetFinder {
  readonly #frame: number;
  readonly #apart: number;
  readonly #past = new Float64Array(MEMORY);
  #frames = 0;
  #last = 0;
  #energy = 0;
  #filled = 0;
  #previous = Number.NEGATIVE_INFINITY;

  constructor(sampleRate: number) {
    this.#frame = Math.round(FRAME_SECONDS * sampleRate);
    this.#apart = Math.round(APART * sampleRate);
  }

  /** Samples after which a position is known to be an onset or none. */
  get delay(): number {
    return 2 * this.#frame;
  }

  /** Takes the next samples; answers the positions of onsets, counted from the very first sample. */
  push(samples: Float32Array): number[] {
    const found: number[] = [];
    for (const x of samples) {
      this.#energy += (x - this.#last) ** 2;
      this.#last = x;
      if (++this.#filled < this.#frame) continue;
      const onset = this.#judge(this.#energy / this.#frame);
      if (onset !== undefined) found.push(onset);
      this.#energy = 0;
      this.#filled = 0;
    }
    return found;
  }

  #judge(energy: number): number | undefined {
    let usual = 0;
    for (const value of this.#past) usual += value / MEMORY;
    const at = this.#frames++ * this.#frame;
    this.#past[this.#frames % MEMORY] = energy;
    if (energy < FLOOR || energy < RISE * usual || at - this.#previous < this.#apart) return undefined;
    this.#previous = at;
    return at;
  }
}
