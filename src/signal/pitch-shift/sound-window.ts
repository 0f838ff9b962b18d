/** Samples of the coarse view that stand for one. */
export const COARSE = 4;

/** The part of a long sound that is being worked on, addressed by positions in the whole. Outside of it is silence. */
export class SoundWindow {
  #channels: Float32Array[];
  /** What the channels have in common, for comparing passages. */
  #mono: Float32Array = new Float32Array(0);
  #start = 0;
  #length = 0;

  constructor(channels: number) {
    this.#channels = Array.from({ length: channels }, () => new Float32Array(0));
  }

  /** The position after the last sample. */
  get end(): number {
    return this.#start + this.#length;
  }

  /** Adds the next samples; answers their mono form. */
  push(channels: readonly Float32Array[]): Float32Array {
    const mono = commonOf(channels);
    this.#channels = this.#channels.map((held, channel) => joined(held, channels[channel] as Float32Array));
    this.#mono = joined(this.#mono, mono);
    this.#length += mono.length;
    return mono;
  }

  /** Forgets what lies before a position. */
  drop(before: number): void {
    const count = Math.min(this.#length, before - this.#start);
    // Moving the rest costs more than keeping a little too much.
    if (count < this.#length / 2) return;
    this.#channels = this.#channels.map((plane) => plane.slice(count));
    this.#mono = this.#mono.slice(count);
    this.#start += count;
    this.#length -= count;
  }

  /** Samples of one channel. */
  read(channel: number, from: number, count: number): Float32Array {
    return this.#cut(this.#channels[channel] as Float32Array, from, count);
  }

  /** Samples of the mono form. */
  mono(from: number, count: number): Float32Array {
    return this.#cut(this.#mono, from, count);
  }

  #cut(plane: Float32Array, from: number, count: number): Float32Array {
    const begin = from - this.#start;
    if (begin >= 0 && begin + count <= this.#length) return plane.subarray(begin, begin + count);
    const piece = new Float32Array(count);
    const first = Math.max(0, begin);
    piece.set(plane.subarray(first, Math.max(first, Math.min(this.#length, begin + count))), Math.max(0, -begin));
    return piece;
  }
}

/** Mean of every `COARSE` samples. */
export function coarse(samples: Float32Array): Float32Array {
  return Float32Array.from({ length: Math.floor(samples.length / COARSE) }, (_, n) => {
    let sum = 0;
    for (let k = n * COARSE; k < (n + 1) * COARSE; k++) sum += samples[k] as number;
    return sum / COARSE;
  });
}

/** The sides are weighed differently, so that a sound that is opposite on both does not vanish. */
function commonOf(channels: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array(0), second] = channels;
  return second ? first.map((x, n) => x + 0.8 * (second[n] as number)) : first.slice();
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
