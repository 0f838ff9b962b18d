import type { SpeechPart } from "../engines/speech/speech-engine.ts";

/** Sound in, sound out: at least as long, in blocks of any length. */
export type SoundProcess = (blocks: AsyncIterable<Float32Array>) => AsyncIterable<Float32Array>;

/**
 * Parts of speech with another sound and the same times: theirs passes through `process` in one go, and is cut where it
 * was joined. What comes out in the end beyond what went in, such as an echo, is a part of its own without text.
 */
export async function* withSound(
  parts: AsyncIterable<SpeechPart>,
  process: SoundProcess,
): AsyncGenerator<SpeechPart, void> {
  const waiting: SpeechPart[] = [];
  let last: SpeechPart | undefined;
  async function* sound(): AsyncGenerator<Float32Array, void> {
    for await (const part of parts) {
      waiting.push(part);
      yield part.audio.samples;
    }
  }
  const held = new SampleQueue();
  for await (const block of process(sound())) {
    held.push(block);
    for (let part = waiting[0]; part && held.length >= part.audio.samples.length; part = waiting[0]) {
      waiting.shift();
      last = part;
      yield sounding(part, held.take(part.audio.samples.length));
    }
  }
  for (const part of waiting) {
    last = part;
    yield sounding(part, held.take(part.audio.samples.length));
  }
  if (!last || held.length === 0) return;
  const { language, audio } = last;
  const end = held.length / audio.sampleRate;
  yield sounding({ text: "", language, audio, phonemes: [{ ipa: "", start: 0, end }] }, held.take(held.length));
}

function sounding(part: SpeechPart, samples: Float32Array): SpeechPart {
  return { ...part, audio: { sampleRate: part.audio.sampleRate, samples } };
}

/** Samples that came in blocks and are taken in others. */
class SampleQueue {
  #samples = new Float32Array(1 << 15);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(block: Float32Array): void {
    if (this.#length + block.length > this.#samples.length) {
      const larger = new Float32Array(2 * (this.#length + block.length));
      larger.set(this.#samples.subarray(0, this.#length));
      this.#samples = larger;
    }
    this.#samples.set(block, this.#length);
    this.#length += block.length;
  }

  /** The oldest `count` samples; silence for what is missing. */
  take(count: number): Float32Array {
    const taken = new Float32Array(count);
    const there = Math.min(count, this.#length);
    taken.set(this.#samples.subarray(0, there));
    this.#samples.copyWithin(0, there, this.#length);
    this.#length -= there;
    return taken;
  }
}
