import { HEARD_BEFORE, type Neighbours } from "../../engines/lipsync/lipsync-engine.ts";
import type { SpeechPart } from "../../engines/speech/speech-engine.ts";
import { STREAM_FPS } from "../../media/fragmented-mp4.ts";
import type { ChunkSpeech } from "./chunk-speech.ts";

/** What a chunk says, and its place in the whole. */
export type PlacedSpeech = ChunkSpeech & {
  /** Frames of the chunks before it. */
  readonly firstFrame: number;
};

/**
 * The speech of a text's chunks, one after the other: each is spoken when it is first asked for, after the one before it.
 */
export class ChunkSpeeches {
  readonly #texts: readonly string[];
  readonly #speak: (text: string) => Promise<ChunkSpeech>;
  /** In order, those that were asked for; what is forgotten has gone. */
  readonly #spoken: (Promise<PlacedSpeech> | undefined)[] = [];
  #forgotten = 0;

  constructor(texts: readonly string[], speak: (text: string) => Promise<ChunkSpeech>) {
    this.#texts = texts;
    this.#speak = speak;
  }

  /** The speech of one chunk. @throws as speaking it, or one before it, does */
  of(index: number): Promise<PlacedSpeech> {
    while (this.#spoken.length <= index) {
      const placed = this.#place(this.#texts[this.#spoken.length] as string, this.#spoken.at(-1));
      // What fails is told by whoever needs it.
      placed.catch(() => undefined);
      this.#spoken.push(placed);
    }
    return this.#spoken[index] as Promise<PlacedSpeech>;
  }

  /** What is heard before a chunk, and after it. Those after it are spoken when they are read. */
  async neighbours(index: number): Promise<Neighbours> {
    const before: SpeechPart[] = [];
    const { firstFrame } = await this.of(index);
    for (let at = index - 1, known = firstFrame; at >= 0; at--) {
      if (firstFrame - known >= HEARD_BEFORE * STREAM_FPS) break;
      const speech = await this.#spoken[at];
      if (!speech) break;
      before.unshift(...speech.parts);
      known = speech.firstFrame;
    }
    return { before, after: this.#after(index) };
  }

  /** Says that chunks up to this one are made: their speech is kept only as far as the next one hears it. */
  async forget(index: number): Promise<void> {
    const { firstFrame, frames } = await this.of(index);
    const heardFrom = firstFrame + frames - HEARD_BEFORE * STREAM_FPS;
    for (; this.#forgotten <= index; this.#forgotten++) {
      const speech = await this.#spoken[this.#forgotten];
      if (!speech || speech.firstFrame + speech.frames > heardFrom) return;
      this.#spoken[this.#forgotten] = undefined;
    }
  }

  async #place(text: string, before: Promise<PlacedSpeech> | undefined): Promise<PlacedSpeech> {
    const last = await before;
    return { ...(await this.#speak(text)), firstFrame: last ? last.firstFrame + last.frames : 0 };
  }

  async *#after(index: number): AsyncGenerator<SpeechPart, void> {
    for (let at = index + 1; at < this.#texts.length; at++) {
      // Where the next chunk cannot be spoken this one can be shown all the same: silence follows it.
      const speech = await this.of(at).catch(() => undefined);
      if (!speech) return;
      yield* speech.parts;
    }
  }
}
