import type { StereoBlock, StereoStream } from "./stereo.ts";

/**
 * The tracks on top of each other, from their common beginning to the end of the longest, in blocks of `length`.
 * @param stop called when one of them fails, so that the others need not be waited for
 */
export async function* mix(
  tracks: readonly StereoStream[],
  length: number,
  stop: () => void,
): AsyncGenerator<StereoBlock, void> {
  const readers = tracks.map((track) => new BlockReader(track));
  try {
    for (;;) {
      const left = new Float32Array(length);
      const right = new Float32Array(length);
      let longest = 0;
      for (const reader of readers) longest = Math.max(longest, await reader.addTo(left, right));
      if (longest > 0) yield [left.subarray(0, longest), right.subarray(0, longest)];
      if (longest < length) return;
    }
  } catch (error) {
    stop();
    throw error;
  } finally {
    await Promise.allSettled(readers.map((reader) => reader.close()));
  }
}

/** Adds a track's sound to passages of any length. */
class BlockReader {
  readonly #source: AsyncIterator<StereoBlock>;
  #block: StereoBlock | undefined;
  #at = 0;
  #ended = false;

  constructor(track: StereoStream) {
    this.#source = track[Symbol.asyncIterator]();
  }

  /** Adds the next samples; answers how many there were, which is fewer than asked for only at the end. */
  async addTo(left: Float32Array, right: Float32Array): Promise<number> {
    let done = 0;
    while (done < left.length) {
      const block = await this.#next();
      if (!block) return done;
      const count = Math.min(left.length - done, block[0].length - this.#at);
      add(left, done, block[0], this.#at, count);
      add(right, done, block[1], this.#at, count);
      this.#at += count;
      done += count;
    }
    return done;
  }

  async close(): Promise<void> {
    if (!this.#ended) await this.#source.return?.();
    this.#ended = true;
  }

  async #next(): Promise<StereoBlock | undefined> {
    while (!this.#ended && (!this.#block || this.#at >= this.#block[0].length)) {
      const step = await this.#source.next();
      this.#ended = step.done === true;
      this.#block = step.done ? undefined : step.value;
      this.#at = 0;
    }
    return this.#ended ? undefined : this.#block;
  }
}

function add(to: Float32Array, at: number, from: Float32Array, start: number, count: number): void {
  for (let n = 0; n < count; n++) to[at + n] = (to[at + n] as number) + (from[start + n] as number);
}
