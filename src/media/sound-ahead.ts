import { orAborted, untilAborted } from "./cancellable.ts";
import type { VideoClock } from "./video-clock.ts";

/** Chunks of sound that are pulled before they can be written, while there are pictures to come. */
const CHUNKS_AHEAD = 2;

/**
 * Sound that is pulled before it can be written. An encoder holds back pictures, and ffmpeg asks for no sound beyond the
 * last picture that it let go: when the pictures have ended, the rest of the sound must be counted without being written,
 * or neither stream could be closed.
 */
export class SoundAhead {
  readonly #audio: AsyncIterable<Float32Array>;
  readonly #channels: number;
  readonly #clock: VideoClock;
  readonly #stop: AbortSignal;
  readonly #chunks: Float32Array[] = [];
  #ended = false;
  #wake = Promise.withResolvers<void>();

  constructor(audio: AsyncIterable<Float32Array>, channels: number, clock: VideoClock, stop: AbortSignal) {
    this.#audio = audio;
    this.#channels = channels;
    this.#clock = clock;
    this.#stop = stop;
  }

  /** Pulls to the end of the sound; while there are pictures to come, no more than a few chunks ahead. */
  async pull(): Promise<void> {
    try {
      for await (const chunk of untilAborted(this.#audio, this.#stop)) {
        this.#chunks.push(chunk);
        this.#clock.addSamples(chunk.length / this.#channels);
        this.#announce();
        while (this.#chunks.length > CHUNKS_AHEAD && !this.#clock.framesEnded) {
          await orAborted(Promise.race([this.#clock.nextFrame(), this.#wake.promise]), this.#stop);
        }
      }
      this.#clock.endSamples();
    } finally {
      this.#ended = true;
      this.#announce();
    }
  }

  /** The next chunk to write; undefined when there is none left. */
  async next(): Promise<Float32Array | undefined> {
    while (this.#chunks.length === 0 && !this.#ended) await orAborted(this.#wake.promise, this.#stop);
    const chunk = this.#chunks.shift();
    this.#announce();
    return chunk;
  }

  #announce(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
