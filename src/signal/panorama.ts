/** Where a sound stands between left and right, and how another one is put there. */

/** Both sides of a sound, of one length. */
type Sides = readonly [left: Float32Array, right: Float32Array];

/** Seconds from one measurement to the next, and those that each looks back on, by a half. */
const HOP_SECONDS = 0.02;
const MEMORY_SECONDS = 0.1;
/** Most that a side is turned up: of a sound that is on one side alone, half is in the middle of both. */
const MOST = 2;
/** Mean square under which there is nothing to place: −80 dBFS. */
const SILENCE = 1e-8;

/** Makes one channel of two: their mean, or half their difference where they cancel each other out. */
export class Downmix {
  readonly #step: number;
  readonly #keep: number;
  #cross = 0;
  #power = 0;
  /** What the right side counts, on its way to `#wanted`. */
  #right = 1;
  #wanted = 1;
  /** Samples until enough was heard to tell. */
  #unsure: number;

  constructor(sampleRate: number) {
    this.#unsure = Math.round(2 * MEMORY_SECONDS * sampleRate);
    this.#keep = 1 - Math.exp(-Math.LN2 / (MEMORY_SECONDS * sampleRate));
    this.#step = 2 / (HOP_SECONDS * sampleRate);
  }

  /** The next samples. Of sides that are alike it is exactly their mean. */
  push([left, right]: Sides): Float32Array<ArrayBuffer> {
    const out = new Float32Array(left.length);
    for (let n = 0; n < out.length; n++) {
      const [a, b] = [left[n] as number, right[n] as number];
      this.#cross += this.#keep * (a * b - this.#cross);
      this.#power += this.#keep * ((a * a + b * b) / 2 - this.#power);
      // It comes back at the middle alone, so that what is between does not go back and forth.
      if (this.#unsure > 0) this.#unsure -= 1;
      else if (this.#cross < -0.9 * this.#power) this.#wanted = -1;
      else if (this.#cross >= 0) this.#wanted = 1;
      const way = this.#wanted - this.#right;
      this.#right += Math.max(-this.#step, Math.min(this.#step, way));
      out[n] = 0.5 * (a + this.#right * b);
    }
    return out;
  }
}

/** Levels of both sides against the middle, at each `HOP_SECONDS`. */
type Place = readonly [left: number, right: number];

/**
 * Puts one channel where a sound of two stands, as it goes: each side becomes as loud as that sound's is against its
 * `Downmix`. What stands in the middle stays exactly as it is.
 * @param sound what is to be placed, at `rate` Hz; after the last of `where` it stays where it was
 */
export async function* placed(
  sound: AsyncIterable<Float32Array>,
  rate: number,
  where: AsyncIterable<Sides>,
  whereRate: number,
): AsyncGenerator<[left: Float32Array<ArrayBuffer>, right: Float32Array<ArrayBuffer>], void> {
  const places = placesOf(where, whereRate);
  try {
    const hop = HOP_SECONDS * rate;
    let from: Place = [1, 1];
    let to: Place | undefined;
    let at = 0;
    /** The place that `to` is: the n-th. */
    let index = -1;
    for await (const block of sound) {
      const sides = [new Float32Array(block.length), new Float32Array(block.length)] as const;
      for (let n = 0; n < block.length; n++, at++) {
        const exact = at / hop;
        while (index < Math.floor(exact) + 1) {
          const next = await places.next();
          from = to ?? (next.done ? from : next.value);
          if (!next.done) to = next.value;
          index += 1;
        }
        const share = exact - Math.floor(exact);
        const target = to ?? from;
        for (const side of [0, 1] as const) {
          sides[side][n] = (block[n] as number) * (from[side] + share * (target[side] - from[side]));
        }
      }
      yield [sides[0], sides[1]];
    }
  } finally {
    await places.return();
  }
}

async function* placesOf(where: AsyncIterable<Sides>, sampleRate: number): AsyncGenerator<Place, void> {
  const downmix = new Downmix(sampleRate);
  const keep = 1 - Math.exp(-Math.LN2 / (MEMORY_SECONDS * sampleRate));
  const hop = Math.round(HOP_SECONDS * sampleRate);
  let [left, right, middle] = [0, 0, 0];
  let place: Place = [1, 1];
  let until = hop;
  for await (const block of where) {
    const mono = downmix.push(block);
    for (let n = 0; n < mono.length; n++) {
      left += keep * ((block[0][n] as number) ** 2 - left);
      right += keep * ((block[1][n] as number) ** 2 - right);
      middle += keep * ((mono[n] as number) ** 2 - middle);
      until -= 1;
      if (until > 0) continue;
      until = hop;
      const level = (power: number): number => Math.min(MOST, Math.sqrt(power / middle));
      if (left + right > SILENCE && middle > SILENCE / 4) place = [level(left), level(right)];
      yield place;
    }
  }
}
