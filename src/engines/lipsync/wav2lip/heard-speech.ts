import { MEL_BANDS, MEL_FRAMES } from "../../../graphs/wav2lip.ts";
import type { SpeechPart } from "../../speech/speech-engine.ts";
import type { LipsyncOptions } from "../lipsync-engine.ts";
import { firstColumn, MelStream } from "./mel-stream.ts";

/** Sound before a mouth's window that its mel is to know: a column looks 25 ms back, and a change of rate some more. */
const LEAD_SECONDS = 0.5;

/** What mouths are made from: the mel of the whole speech, of which a piece and what is around it are known. */
export class HeardSpeech {
  readonly #fps: number;
  readonly #offset: number;
  readonly #mel: MelStream;

  /** Frames are those of the whole speech; `first` is the first that is asked for. */
  constructor({ fps, firstFrame = 0, neighbours, face }: HeardOptions, first: number) {
    this.#fps = fps;
    this.#offset = face?.audioOffsetFrames ?? 0;
    const before = neighbours?.before ?? [];
    const known = before.reduce((sum, part) => sum + secondsOf(part), 0);
    const needed = (first + this.#offset) / fps - LEAD_SECONDS;
    let at = firstFrame / fps - known;
    // From a whole second on, whatever the rate: then all that follows is where it would be if nothing were left out.
    const from = neighbours ? Math.max(0, Math.floor(needed), Math.ceil(at - TOLERANCE)) : 0;
    this.#mel = new MelStream(from);
    for (const part of before) {
      const { samples, sampleRate } = part.audio;
      const left = Math.max(0, Math.round((from - at) * sampleRate));
      if (left < samples.length) this.#mel.push(samples.subarray(left), sampleRate);
      at += secondsOf(part);
    }
  }

  push({ audio }: SpeechPart): void {
    this.#mel.push(audio.samples, audio.sampleRate);
  }

  /** Says that nothing more is said. */
  end(): void {
    this.#mel.end();
  }

  /** Whether all is known that a frame's mouth is made from. */
  has(frame: number): boolean {
    return this.#mel.has(this.#columnOf(frame));
  }

  /** What a frame's mouth is made from, 80 bands by 16 columns; what only frames before it need is forgotten. */
  window(frame: number): Float32Array<ArrayBuffer> {
    const first = this.#columnOf(frame);
    const window = new Float32Array(MEL_BANDS * MEL_FRAMES);
    this.#mel.forget(first);
    this.#mel.window(first, window);
    return window;
  }

  /** The first of the columns that a frame's mouth is made from. */
  #columnOf(frame: number): number {
    return firstColumn(frame + this.#offset, this.#fps);
  }
}

export type HeardOptions = Pick<LipsyncOptions, "fps" | "firstFrame" | "neighbours" | "face">;

/** Durations are sums of floats. */
const TOLERANCE = 1e-6;

/** How long a part lasts. */
export const secondsOf = ({ audio }: SpeechPart): number => audio.samples.length / audio.sampleRate;
