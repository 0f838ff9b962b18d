import type { MonoAudio } from "../../signal/audio.ts";
import type { Engine } from "../engine.ts";

/** A stretch of time in seconds from the start of the part it belongs to. */
export type Span = { readonly start: number; readonly end: number };

/** A word of the input text and when it is heard. */
export type TimedWord = Span & { readonly text: string };

/**
 * A phoneme and when it is heard. `ipa` is the engine's own symbol with length, stress and modifier marks as given
 * (`ˈoː`, `tɕʰ`); an empty string is silence. Spans are contiguous and cover the whole part.
 */
export type TimedPhoneme = Span & { readonly ipa: string };

/** One sentence of speech. */
export type SpeechPart = {
  /** The text that was spoken, as the caller wrote it. */
  readonly text: string;
  /** ISO 639-1. */
  readonly language: string;
  /** Mono, at the requested rate; starts and ends in silence. */
  readonly audio: MonoAudio;
  /** Absent where the engine knows no timings. */
  readonly words?: readonly TimedWord[];
  /** Absent where the engine knows no timings. */
  readonly phonemes?: readonly TimedPhoneme[];
};

/** What to say, and how. */
export type SpeechRequest = {
  readonly text: string;
  /** ISO 639-1; found from the script of the text when absent. */
  readonly language?: string;
  /** A voice name that `voices()` lists. */
  readonly voice: string;
  /** Speaking rate as a factor, 0.5…2. */
  readonly rate: number;
  /** Shift of the voice's pitch in semitones, −12…12. */
  readonly pitch: number;
  /** Hz of the audio that comes back. */
  readonly sampleRate: number;
  /** Whether the times of words are wanted; they may cost a second pass. Default true. */
  readonly words?: boolean;
  /** Makes the sound the same bit for bit, whatever was spoken before: a whole number, 0…2³²−1. */
  readonly seed?: number;
  /** For generative engines. */
  readonly sampling?: Sampling;
};

/** How a generative engine draws its tokens; what is absent is the engine's own. */
export type Sampling = {
  /** 0…2. */
  readonly temperature?: number;
  /** 0…1. */
  readonly topP?: number;
  /** 0 or more. */
  readonly topK?: number;
  /** 1…8192. */
  readonly maxNewTokens?: number;
};

/** Params of generation, by the names that callers give them. */
export type GenerationParam = "seed" | "temperature" | "top_p" | "top_k" | "max_new_tokens";

/** A voice as callers see it. */
export type VoiceInfo = {
  readonly name: string;
  readonly description: string;
  readonly gender: "female" | "male" | "neutral";
  /** What an adaptation to another speaker needs to know of the voice, where it was measured. */
  readonly measured?: MeasuredVoice;
};

/** A voice in two numbers. */
export type MeasuredVoice = {
  /** Median pitch in Hz. */
  readonly f0: number;
  /** Length of the vocal tract against an average adult's. */
  readonly vocalTract: number;
};

/** Text in, sentences of speech out, each as soon as it is made. */
export interface SpeechEngine extends Engine {
  /** Who speaks when the caller names nobody; `Custom` stands for it. */
  readonly defaultVoice: string;
  /** Params of generation that have an effect. Default: `seed` alone. */
  readonly honours?: readonly GenerationParam[];
  voices(): Promise<readonly VoiceInfo[]>;
  /** Starts what the first sentence would wait for. Costs nothing when it runs already. */
  warmUp?(): void;
  /** Yields at least one part. Throws `AppError`: `invalid_input`, `engine_unavailable`, `engine_failed`, `cancelled`. */
  synthesize(request: SpeechRequest, signal: AbortSignal): AsyncIterable<SpeechPart>;
}
