import type { Engine } from "../engine.ts";

/** One passage of a stereo sound: both sides, of one length. */
export type StereoPassage = readonly [left: Float32Array, right: Float32Array];

/** What a network takes out of a sound, by what is left: `karaoke` takes all but the lead voice. */
export type StemRole = "vocals" | "instrumental" | "karaoke" | "reverb" | "other";

/** What networks of several stems take out beside voices; `other` is what is none of those that the network knows. */
export const INSTRUMENTS = ["drums", "bass", "guitar", "piano", "other"] as const;

export type Instrument = (typeof INSTRUMENTS)[number];

/** A network, or another way, to take one stem out of a sound. */
export type StemModel = {
  readonly name: string;
  readonly role: StemRole;
  /** What else it takes out, each by itself; default nothing. */
  readonly instruments?: readonly Instrument[];
  /** Another one when it makes something else of the same sound. */
  readonly version: string;
};

export type SeparationOptions = {
  /** A name that `models()` lists. */
  readonly model: string;
  /**
   * Takes what the network hears in silence out of its answer, by a second run on the sound turned over: twice the work.
   * Default true.
   */
  readonly denoise?: boolean;
  /** Share of each window that the next one looks at again, 0.01…0.9. Default 0.25. */
  readonly overlap?: number;
  /** Which of the model's instruments are wanted; default none. */
  readonly instruments?: readonly Instrument[];
  /** Told what the caller should know, such as settings that had to be guessed. */
  readonly warn?: (message: string) => void;
};

/** A passage in two: together they are the sound that was given. */
export type SeparatedPassage = {
  /** What the network takes out. */
  readonly stem: StereoPassage;
  /** What is left. */
  readonly rest: StereoPassage;
  /** The instruments that were asked for, in that order: parts of both. */
  readonly instruments?: readonly StereoPassage[];
};

/** A sound in, one part of it and all else out. */
export interface StemSeparator extends Engine {
  /** Hz of the sound that it takes and gives. */
  readonly sampleRate: number;
  /** The networks that can be used. */
  models(): Promise<readonly StemModel[]>;
  /**
   * As long as the sound to the sample, and in its scale: level and place of the stems are those that they have in it.
   * Memory does not grow with the length: blocks of the sound are pulled as the result is. What is not a number in the
   * sound counts as silence.
   * @throws AppError `not_found` for an unknown network; `model_unusable`; `engine_failed`; `cancelled`
   */
  separate(
    sound: AsyncIterable<StereoPassage>,
    options: SeparationOptions,
    signal: AbortSignal,
  ): AsyncGenerator<SeparatedPassage, void>;
}
