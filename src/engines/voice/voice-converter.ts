import type { VoiceProfile } from "../../library/voice-profile.ts";
import type { MonoStream } from "../../signal/audio.ts";
import type { Engine } from "../engine.ts";

/** A voice that recordings can be converted to. */
export type VoiceModelInfo = {
  readonly name: string;
  readonly description: string;
  readonly gender: "female" | "male" | "neutral";
};

/** Settings of retrieval-based voices (RVC); a converter without a use for one ignores it and warns. */
export type RetrievalSettings = {
  /** Share of the retrieved features, 0…1. */
  readonly indexRate: number;
  /** Above 2 the f0 track is smoothed by a median filter, 0…7. */
  readonly filterRadius: number;
  /** 0 follows the source's loudness, 1 keeps the model's. */
  readonly rmsMixRate: number;
  /** Protection of voiceless consonants, 0…0.5; 0.5 is off. */
  readonly protect: number;
  readonly f0Method: string;
  /** Samples at 16 kHz. */
  readonly crepeHopLength: number;
  /** Which of a voice's speakers, from 0; default the first. */
  readonly speaker?: number;
  /** The pitch to sing from its first point to its last, in place of what is found there. Points by time. */
  readonly f0Curve?: readonly F0Point[];
};

/** Seconds from the start, and Hz; 0 where nothing is sung. */
export type F0Point = readonly [seconds: number, hz: number];

/** How to convert. */
export type ConversionOptions = {
  /** Shift of f0 in semitones on top of the mapping to the target. */
  readonly pitch: number;
  /**
   * How f0 goes to the target: `range` maps median and spread (speech); `octave` moves by the whole octaves that bring
   * the median nearest to where the target sings, some semitones above its speech, so that a song stays in key.
   */
  readonly pitchMapping: "range" | "octave";
  /** Of who speaks in the source, where it is known; else it is measured on the first seconds of the source. */
  readonly sourceProfile?: VoiceProfile;
  readonly retrieval?: RetrievalSettings;
  /** Told what the caller should know, such as a setting without effect. */
  readonly warn?: (message: string) => void;
  /** Told what finds the pitch of the source, by a converter that lets callers choose. */
  readonly foundPitch?: (method: string) => void;
  /**
   * Told how many seconds of the source the work is done for, by a converter that works on more than comes out at once:
   * that grows while nothing does come.
   */
  readonly worked?: (seconds: number) => void;
  /** Makes the output the same bit for bit, whatever ran before. */
  readonly seed?: number;
};

/** Sound in, the same words and melody in another voice out. */
export interface VoiceConverter extends Engine {
  voices(): Promise<readonly VoiceModelInfo[]>;
  /**
   * What is to be known of a speaker to convert to their voice.
   * @throws AppError `invalid_audio` when the recording is too short, or has no voice in it
   */
  profile?(reference: MonoStream, signal: AbortSignal): Promise<VoiceProfile>;
  /**
   * As long as the source to the sample, when both rates are equal; else ⌈n · out / in⌉ samples. Memory does not grow
   * with the length: blocks of the source are pulled as the result is.
   * @param target a name that `voices()` lists, or what `profile` answered
   * @throws AppError `not_found` for an unknown voice; `cancelled`; while reading, `engine_failed`
   */
  convert(
    source: MonoStream,
    target: string | VoiceProfile,
    options: ConversionOptions,
    signal: AbortSignal,
  ): Promise<MonoStream>;
}
