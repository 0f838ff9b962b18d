/**
 * Freeverb: eight combs side by side, then four all-passes in a row. Tunings by Jezar at Dreampoint (public domain); the
 * scales of the settings are the ones in common use since.
 */

import { AllPass, Comb } from "./delay-lines.ts";

/** How a room sounds; each 0…1. */
export type ReverbSettings = {
  readonly roomSize: number;
  readonly damping: number;
  readonly wet: number;
  readonly dry: number;
  /** How far apart the two sides of the echo are; default 1. */
  readonly width?: number;
};

/** Delays in samples at `TUNED_RATE`, so chosen that their echoes do not meet. */
const COMBS = [1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617] as const;
const ALL_PASSES = [556, 441, 341, 225] as const;
const TUNED_RATE = 44_100;
/** What the right side's delays have more. */
const SPREAD = 23;

/** Of the sound that goes into the echo; eight resonant combs make much of it. */
const INPUT_GAIN = 0.015;

/** The echo of one side. */
class Side {
  readonly #combs: readonly Comb[];
  readonly #allPasses: readonly AllPass[];

  constructor(sampleRate: number, spread: number) {
    const scaled = (length: number): number => Math.floor(((length + spread) * Math.floor(sampleRate)) / TUNED_RATE);
    this.#combs = COMBS.map((length) => new Comb(scaled(length)));
    this.#allPasses = ALL_PASSES.map((length) => new AllPass(scaled(length)));
  }

  echo(input: Float32Array, feedback: number, damp: number): Float32Array {
    const sum = new Float32Array(input.length);
    for (const comb of this.#combs) comb.addTo(sum, input, feedback, damp);
    for (const allPass of this.#allPasses) allPass.process(sum);
    return sum;
  }
}

/** A room around a sound. One instance serves one sound, in the one form (mono, stereo, or mono in stereo). */
export class Reverb {
  readonly #left: Side;
  readonly #right: Side;
  readonly #feedback: number;
  readonly #damp: number;
  readonly #dry: number;
  /** Share of a side's own echo, and of the other side's. */
  readonly #own: number;
  readonly #other: number;

  constructor(sampleRate: number, { roomSize, damping, wet, dry, width = 1 }: ReverbSettings) {
    this.#left = new Side(sampleRate, 0);
    this.#right = new Side(sampleRate, SPREAD);
    this.#feedback = 0.28 * roomSize + 0.7;
    this.#damp = 0.4 * damping;
    this.#dry = 2 * dry;
    this.#own = (3 * wet * (1 + width)) / 2;
    this.#other = (3 * wet * (1 - width)) / 2;
  }

  /** One channel's next samples, in place. */
  processMono(samples: Float32Array): void {
    const echo = this.#left.echo(scaled(samples), this.#feedback, this.#damp);
    for (let k = 0; k < samples.length; k++) {
      samples[k] = this.#own * (echo[k] as number) + this.#dry * (samples[k] as number);
    }
  }

  /** The next samples of both sides, in place. */
  processStereo(left: Float32Array, right: Float32Array): void {
    const input = left.map((x, k) => INPUT_GAIN * (x + (right[k] as number)));
    this.#mix(input, left, right);
  }

  /**
   * One channel's next samples, in the middle of a stereo room: as loud as `processMono` and just as central, but with an
   * echo that comes from all around. Both sides of a sound that is the same on both would count twice in `processStereo`.
   * @param left what is heard of the sound itself on either side, in place
   */
  spread(
    samples: Float32Array,
    left: Float32Array = samples.slice(),
    right: Float32Array = samples.slice(),
  ): [left: Float32Array, right: Float32Array] {
    this.#mix(scaled(samples), left, right);
    return [left, right];
  }

  #mix(input: Float32Array, left: Float32Array, right: Float32Array): void {
    const echoLeft = this.#left.echo(input, this.#feedback, this.#damp);
    const echoRight = this.#right.echo(input, this.#feedback, this.#damp);
    const [own, other, dry] = [this.#own, this.#other, this.#dry];
    for (let k = 0; k < input.length; k++) {
      const l = echoLeft[k] as number;
      const r = echoRight[k] as number;
      left[k] = own * l + other * r + dry * (left[k] as number);
      right[k] = own * r + other * l + dry * (right[k] as number);
    }
  }
}

function scaled(samples: Float32Array): Float32Array {
  return samples.map((x) => INPUT_GAIN * x);
}
