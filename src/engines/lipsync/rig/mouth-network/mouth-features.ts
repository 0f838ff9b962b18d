import { LogMel } from "../../../../signal/mel.ts";
import { resample } from "../../../../signal/resample.ts";
import { LevelFollower } from "./level-follower.ts";

/** Largest sample that is taken for sound. */
const LOUDEST = 16;

/** Frames per second of features and mouths. */
export const FRAME_RATE = 100;
/** Numbers per frame of features. */
export const BANDS = 48;

const RATE = 16_000;
const HOP = RATE / FRAME_RATE;
const WINDOW = 400;
/** Samples that the filter of the resampler reaches beyond the window, at least. */
const FILTER_REACH = 48;

const logMel = (): LogMel =>
  new LogMel({ sampleRate: RATE, window: WINDOW, hop: HOP, fft: 512, bands: BANDS, lowHz: 60, highHz: 7600 });

/** Features of a stretch of frames of a stream. */
export type FeatureBlock = {
  /** Index of the first frame, from the start of the stream. */
  readonly first: number;
  /** `BANDS` numbers per frame. */
  readonly data: Float32Array;
  /** How many frames from the first on are as they will stay; the rest waits for more sound. */
  readonly final: number;
};

/** Turns a stream of sound into features for the network. Frame `i` is centred at `(i + 0.5) / 100` s. */
export class MouthFeatures {
  readonly sampleRate: number;
  readonly #mel = logMel();
  #follower = new LevelFollower();
  /** Pieces of a second that lie on whole samples and frames at both rates. */
  readonly #pieces: number;
  /** Sound from piece `#heldFrom` of the stream on. */
  #held = new Float32Array(0);
  #heldFrom = 0;
  /** Frames that are final. */
  #done = 0;

  constructor(sampleRate: number) {
    this.sampleRate = sampleRate;
    this.#pieces = sampleRate % 10 === 0 ? 10 : 1;
  }

  /** Samples so far. */
  get length(): number {
    return (this.#heldFrom * this.sampleRate) / this.#pieces + this.#held.length;
  }

  /** Takes the next samples; gives the frames that are new, and those before them that waited for these samples. */
  push(samples: Float32Array): FeatureBlock {
    const held = new Float32Array(this.#held.length + samples.length);
    held.set(this.#held);
    // A number that is none, or beyond all sound, would not leave the level again.
    const sane = samples.map((x) => (x >= -LOUDEST && x <= LOUDEST ? x : 0));
    held.set(sane, this.#held.length);
    this.#held = held;

    const sound = resample(held, this.sampleRate, RATE);
    const before = (this.#heldFrom * FRAME_RATE) / this.#pieces;
    const frames = before + Math.ceil((held.length / this.sampleRate) * FRAME_RATE - 1e-6);
    const known = Math.floor((sound.length - FILTER_REACH - (WINDOW - HOP) / 2) / HOP);
    const first = this.#done;
    const final = Math.max(0, Math.min(frames, before + known) - first);
    const data = this.#mel.frames(sound, first - before, frames - first);
    this.#follower.apply(data.subarray(0, final * BANDS), BANDS);
    this.#follower.fork().apply(data.subarray(final * BANDS), BANDS);
    this.#done = first + final;
    this.#drop();
    return { first, data, final };
  }

  /** Keeps a piece before the first frame that is not final. */
  #drop(): void {
    const from = Math.max(this.#heldFrom, Math.floor((this.#done / FRAME_RATE) * this.#pieces) - 1);
    this.#held = this.#held.slice(((from - this.#heldFrom) * this.sampleRate) / this.#pieces);
    this.#heldFrom = from;
  }
}
