/** The high-pass that RVC's voices are trained and sung behind: Butterworth of order 5 at 48 Hz, there and back. */

const RATE = 16_000;
const CUTOFF_HZ = 48;
/** Samples by which the sound is extended at either end, as `scipy.signal.filtfilt` does for this order. */
const EDGE = 18;
/** Samples after which the filter has forgotten where it began: its slowest pole is at 0.994, and 0.994^16,000 is nothing. */
const LOOK = 16_000;

/** b0 is the gain: zeros are at 0 Hz. */
type Section = {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
};

/** By the bilinear transform; the pairs' Q are 1 / (2·cos(π/5)) and 1 / (2·cos(2π/5)). */
const SECTIONS: readonly Section[] = [1, 2].reduce<Section[]>(
  (all, pair) => {
    const k = Math.tan((Math.PI * CUTOFF_HZ) / RATE);
    const q = 1 / (2 * Math.cos((pair * Math.PI) / 5));
    const scale = 1 / (1 + k / q + k * k);
    const [a1, a2] = [2 * (k * k - 1) * scale, (1 - k / q + k * k) * scale];
    return [...all, { b0: scale, b1: -2 * scale, b2: scale, a1, a2 }];
  },
  [firstOrder()],
);

function firstOrder(): Section {
  const k = Math.tan((Math.PI * CUTOFF_HZ) / RATE);
  return { b0: 1 / (1 + k), b1: -1 / (1 + k), b2: 0, a1: (k - 1) / (k + 1), a2: 0 };
}

/** The sections one after the other, in transposed direct form II and double precision. */
class Cascade {
  readonly #state = new Float64Array(2 * SECTIONS.length);

  /** @param steady a value that has been there for ever: the filter is where it leads, at 0 */
  constructor(steady: number) {
    this.#state[0] = -(SECTIONS[0] as Section).b0 * steady;
  }

  next(x: number): number {
    const state = this.#state;
    let y = x;
    for (let i = 0; i < SECTIONS.length; i++) {
      const { b0, b1, b2, a1, a2 } = SECTIONS[i] as Section;
      const input = y;
      y = b0 * input + (state[2 * i] as number);
      state[2 * i] = b1 * input - a1 * y + (state[2 * i + 1] as number);
      state[2 * i + 1] = b2 * input - a2 * y;
    }
    return y;
  }
}

/**
 * Filters sound at 16 kHz that comes in blocks, without moving it in time (`scipy.signal.filtfilt`). The way back begins
 * a second after what is given: how the sound is cut makes no difference that float32 could tell.
 */
export class ZeroPhaseHighPass {
  /** Samples until there are enough to begin. */
  #early: number[] = [];
  /** The last samples as they came. */
  #last: number[] = [];
  #forward: Cascade | undefined;
  /** What went through once and waits for the way back. */
  #held = new Float64Array(0);

  /** Takes samples, and answers those that are done, which may be none. */
  push(block: Float32Array): Float32Array<ArrayBuffer> {
    if (block.length === 0) return new Float32Array(0);
    this.#last = [...this.#last, ...block.subarray(Math.max(0, block.length - EDGE - 1))].slice(-EDGE - 1);
    let fresh: ArrayLike<number> = block;
    if (!this.#forward) {
      this.#early.push(...block.subarray(0, EDGE + 1));
      if (this.#early.length <= EDGE) return new Float32Array(0);
      const skipped = Math.min(block.length, EDGE + 1);
      fresh = Float32Array.from([...this.#early, ...block.subarray(skipped)]);
      this.#begin(fresh, EDGE);
    }
    this.#through(fresh);
    return this.#held.length < 2 * LOOK ? new Float32Array(0) : this.#back(0, [], LOOK);
  }

  /** The rest; no more can be pushed. In all there is as much as came. */
  finish(): Float32Array<ArrayBuffer> {
    const edge = Math.min(EDGE, this.#last.length - 1);
    if (edge < 0) return new Float32Array(0);
    if (!this.#forward) {
      const all = this.#early;
      this.#begin(all, edge);
      this.#through(all);
    }
    const forward = this.#forward as Cascade;
    const end = this.#last.length - 1;
    const beyond = Array.from({ length: edge }, (_, i) =>
      forward.next(2 * (this.#last[end] as number) - (this.#last[end - 1 - i] as number)),
    );
    return this.#back(beyond.at(-1) ?? this.#held.at(-1) ?? 0, beyond, 0);
  }

  /** The way to the first sample, through what the sound is extended by. */
  #begin(samples: ArrayLike<number>, edge: number): void {
    const mirrored = (i: number): number => 2 * (samples[0] as number) - (samples[i] as number);
    const forward = new Cascade(edge > 0 ? mirrored(edge) : (samples[0] as number));
    for (let i = edge; i > 0; i--) forward.next(mirrored(i));
    this.#forward = forward;
    this.#early = [];
  }

  #through(samples: ArrayLike<number>): void {
    const forward = this.#forward as Cascade;
    const held = new Float64Array(this.#held.length + samples.length);
    held.set(this.#held);
    for (let i = 0; i < samples.length; i++) held[this.#held.length + i] = forward.next(samples[i] as number);
    this.#held = held;
  }

  /** The way back over what is held; its last `kept` samples stay. */
  #back(steady: number, beyond: readonly number[], kept: number): Float32Array<ArrayBuffer> {
    const held = this.#held;
    const backward = new Cascade(beyond.length > 0 ? steady : (held.at(-1) ?? 0));
    for (const y of beyond.toReversed()) backward.next(y);
    const done = new Float32Array(held.length - kept);
    for (let i = held.length - 1; i >= 0; i--) {
      const y = backward.next(held[i] as number);
      if (i < done.length) done[i] = y;
    }
    this.#held = held.slice(done.length);
    return done;
  }
}
