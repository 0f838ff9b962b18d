/**
 * Time stretching by WSOLA: passages of the sound are laid out at another pace, each moved a little to where it goes on
 * from the one before. Method: Verhelst and Roelands, ICASSP 1993. Onsets are kept whole and land where they belong, as
 * Grofit and Lavner, *IEEE Trans. Audio, Speech, Language Process.* 16(1), 2008, propose: no passage begins before an
 * onset that has been heard, and one that leads up to an onset is laid so that it meets its time.
 */

import { OnsetFinder } from "./onsets.ts";
import { coarse, COARSE, SoundWindow } from "./sound-window.ts";

/** All in seconds. */
const PASSAGE = { shortening: 0.1, lengthening: 0.07 } as const;
const OVERLAP = 0.035;
/** How far a passage is moved at most, in general and where it leads up to an onset. */
const SEARCH = 0.025;
const SEARCH_AT_ONSET = 0.003;
/** What is played unbroken from an onset on. */
const ATTACK = 0.045;
/** A passage begins this long after an onset that has been heard, at the earliest. */
const GUARD = 0.01;

/** Where a passage is taken from, and how long it is played. */
type Passage = { readonly from: number; readonly search: number; readonly length: number };

/** Stretches a sound that comes in blocks. */
export class TimeStretch {
  readonly #stretch: number;
  readonly #sound: SoundWindow;
  readonly #channels: number;
  readonly #onsets: OnsetFinder;
  readonly #samples: (seconds: number) => number;
  /** Samples of a passage: a long one is cut seldom, a short one repeats little. */
  readonly #passage: number;
  /** Onsets that are known and not yet played. */
  #ahead: number[] = [];
  #heard = Number.NEGATIVE_INFINITY;
  /** Samples that are made. */
  #made = 0;
  /** Where the sound would go on by itself. */
  #next = 0;

  /** @param stretch length of the result against the source's, ¼…4 */
  constructor(sampleRate: number, channels: number, stretch: number) {
    this.#stretch = stretch;
    this.#sound = new SoundWindow(channels);
    this.#channels = channels;
    this.#onsets = new OnsetFinder(sampleRate);
    this.#samples = (seconds) => Math.round(seconds * sampleRate);
    this.#passage = this.#samples(stretch < 1 ? PASSAGE.shortening : PASSAGE.lengthening);
  }

  /** Takes the next samples of each channel; answers what is ready, which may be nothing. */
  push(channels: readonly Float32Array[]): Float32Array[] {
    this.#ahead.push(...this.#onsets.push(this.#sound.push(channels)));
    return this.#play(this.#sound.end - this.#onsets.delay, Number.POSITIVE_INFINITY);
  }

  /** The rest: in all ⌈n · stretch⌉ samples. */
  finish(): Float32Array[] {
    return this.#play(Number.POSITIVE_INFINITY, Math.ceil(this.#sound.end * this.#stretch));
  }

  /** Plays passages as far as the sound is known, and no more than `most` samples in all. */
  #play(known: number, most: number): Float32Array[] {
    const pieces: Float32Array[][] = Array.from({ length: this.#channels }, () => []);
    while (this.#made < most) {
      // The farthest that a passage, its search, and the look for the onset after it can reach.
      const reach =
        Math.max(this.#made / this.#stretch, this.#next) + 3 * this.#passage + this.#samples(SEARCH + ATTACK);
      if (reach > known) break;
      const passage = this.#plan();
      const length = Math.min(passage.length, most - this.#made);
      const from = this.#place(passage);
      for (const [channel, kept] of pieces.entries()) kept.push(this.#cut(channel, from, length));
      this.#made += length;
      this.#next = from + length;
      while (this.#ahead.length > 0 && (this.#ahead[0] as number) < this.#next) {
        this.#heard = this.#ahead.shift() as number;
      }
      this.#sound.drop(Math.min(this.#next, Math.floor(this.#made / this.#stretch)) - 2 * this.#passage);
    }
    return pieces.map(concatenated);
  }

  /** What comes next: a passage at the pace of the stretch, or one that leads up to an onset. */
  #plan(): Passage {
    const usual = this.#passage;
    const earliest = this.#heard + this.#samples(GUARD);
    const onset = this.#ahead[0];
    const wait = onset === undefined ? Number.POSITIVE_INFINITY : Math.round(onset * this.#stretch) - this.#made;
    if (onset !== undefined && wait <= usual) {
      const after = (this.#ahead[1] ?? Number.POSITIVE_INFINITY) - onset;
      const attack = Math.min(this.#samples(ATTACK), Math.floor(after * Math.min(1, this.#stretch) * 0.6));
      const from = Math.max(earliest, onset - Math.max(0, wait));
      return { from, search: this.#samples(SEARCH_AT_ONSET), length: onset - from + attack };
    }
    // Two middling passages before an onset, rather than a whole one and a scrap.
    const length = wait < 2 * usual ? Math.ceil(wait / 2) : usual;
    // An onset is not to be heard before its passage, nor while this one fades out.
    const clear = (onset ?? Number.POSITIVE_INFINITY) - length - this.#samples(SEARCH + OVERLAP);
    const from = Math.max(earliest, Math.min(clear, Math.round(this.#made / this.#stretch)));
    return { from, search: this.#samples(SEARCH), length };
  }

  /** The place near the planned one where the sound goes on best from what was played last. */
  #place({ from, search }: Passage): number {
    if (this.#made === 0) return from;
    const overlap = this.#samples(OVERLAP);
    const least = Math.max(from - search, this.#heard + this.#samples(GUARD));
    const most = Math.max(least, from + search);
    const wanted = this.#sound.mono(this.#next, overlap);
    const region = this.#sound.mono(least, most - least + overlap);
    const rough = bestMatch(coarse(wanted), coarse(region), 0, Number.POSITIVE_INFINITY) * COARSE;
    return least + bestMatch(wanted, region, rough - COARSE, rough + COARSE);
  }

  /** A passage of one channel that begins as what was played before goes on. */
  #cut(channel: number, from: number, length: number): Float32Array {
    const made = this.#sound.read(channel, from, length).slice();
    if (from === this.#next || this.#made === 0) return made;
    const overlap = Math.min(this.#samples(OVERLAP), length);
    const before = this.#sound.read(channel, this.#next, overlap);
    const alike = correlation(before, made.subarray(0, overlap));
    for (let n = 0; n < overlap; n++) {
      const rise = 0.5 - 0.5 * Math.cos((Math.PI * (n + 0.5)) / overlap);
      const fall = 1 - rise;
      // Constant power, however alike the two are.
      const power = Math.sqrt(rise * rise + fall * fall + 2 * alike * rise * fall);
      made[n] = ((before[n] as number) * fall + (made[n] as number) * rise) / power;
    }
    return made;
  }
}

/** Position of `region` from which on it is most like `wanted`. */
function bestMatch(wanted: Float32Array, region: Float32Array, from: number, to: number): number {
  const last = region.length - wanted.length;
  let best = Math.max(0, Math.min(from, last));
  let most = Number.NEGATIVE_INFINITY;
  for (let at = Math.max(0, from); at <= Math.min(to, last); at++) {
    let product = 0;
    let energy = 1e-12;
    for (let n = 0; n < wanted.length; n++) {
      const x = region[at + n] as number;
      product += x * (wanted[n] as number);
      energy += x * x;
    }
    const likeness = product / Math.sqrt(energy);
    if (likeness > most) {
      most = likeness;
      best = at;
    }
  }
  return best;
}

/** 0…1; sounds that are opposite count as having nothing in common. */
function correlation(a: Float32Array, b: Float32Array): number {
  let product = 0;
  let first = 1e-12;
  let second = 1e-12;
  for (let n = 0; n < a.length; n++) {
    product += (a[n] as number) * (b[n] as number);
    first += (a[n] as number) ** 2;
    second += (b[n] as number) ** 2;
  }
  return Math.max(0, product / Math.sqrt(first * second));
}

function concatenated(pieces: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
