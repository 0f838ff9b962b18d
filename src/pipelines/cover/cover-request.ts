import type { RetrievalSettings } from "../../engines/voice/voice-converter.ts";
import type { ReverbSettings } from "../../signal/effects/reverb.ts";
import type { TargetVoice } from "../target-voice.ts";
import type { Stem } from "./stems.ts";

/** A song to make. */
export type CoverRequest = {
  readonly vocal: Stem;
  readonly instrument: Stem;
  readonly backup: Stem | undefined;
  readonly voice: TargetVoice;
  /** Semitones: of the vocal alone, and of all. */
  readonly pitch: number;
  readonly pitchOfAll: number;
  readonly retrieval: RetrievalSettings;
  readonly reverb: ReverbSettings;
  /** dB on top of the usual levels. */
  readonly gains: { readonly main: number; readonly backup: number; readonly instrument: number };
  readonly format: CoverFormat;
};

/** The file to make: `bitrate` in kbit/s is MP3's, `bits` those of the other two. */
export type CoverFormat =
  | { readonly container: "mp3"; readonly bitrate: 128 | 192 | 320 }
  | { readonly container: "wav" | "flac"; readonly bits: 16 | 24 };
