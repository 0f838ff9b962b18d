import { PARAMETER_COUNT } from "./mouth-parameters.ts";
import type { SpeechTrack } from "./speech-track.ts";

/** A closure is full within this of its centre, seconds; a frame further off is moved onto it. */
const CLOSURE_FLAT = 0.022;

/**
 * The mouth of each frame. With `skip` above 1 it is computed for every `skip`th frame only and interpolated between;
 * the frame nearest to a closure is always computed, so that no p, b or m is lost.
 */
export class MouthFrames {
  readonly #track: SpeechTrack;
  readonly #fps: number;
  readonly #skip: number;
  readonly #from = new Float64Array(PARAMETER_COUNT);
  readonly #to = new Float64Array(PARAMETER_COUNT);
  #fromIndex = -1;
  #toIndex = -1;

  constructor(track: SpeechTrack, fps: number, skip: number) {
    this.#track = track;
    this.#fps = fps;
    this.#skip = skip;
  }

  /** Writes the mouth of frame `index`; indices ascend. */
  at(index: number, out: Float64Array): void {
    if (this.#skip === 1) {
      this.#sample(index, out);
      return;
    }
    if (index >= this.#toIndex) this.#advance(index);
    const share = (index - this.#fromIndex) / (this.#toIndex - this.#fromIndex);
    for (let p = 0; p < PARAMETER_COUNT; p++) {
      const from = this.#from[p] as number;
      out[p] = from + ((this.#to[p] as number) - from) * share;
    }
  }

  #advance(index: number): void {
    if (index === this.#toIndex) this.#from.set(this.#to);
    else this.#sample(index, this.#from);
    this.#fromIndex = index;
    let next = index + 1;
    while (next % this.#skip !== 0 && !this.#closes(next)) next++;
    this.#toIndex = next;
    this.#sample(next, this.#to);
  }

  #closes(index: number): boolean {
    return this.#track.closureNear(index / this.#fps, 0.5 / this.#fps) !== undefined;
  }

  #sample(index: number, out: Float64Array): void {
    const t = index / this.#fps;
    const closure = this.#track.closureNear(t, 0.5 / this.#fps);
    const late = closure !== undefined && Math.abs(closure - t) > CLOSURE_FLAT;
    this.#track.mouthAt(late ? closure : t, out);
  }
}
