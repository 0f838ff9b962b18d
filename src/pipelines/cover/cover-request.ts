import type { RetrievalSettings } from "../../engines/voice/voice-converter.ts";
import type { ReverbSettings } from "../../signal/effects/reverb.ts";
import type { TargetVoice } from "../target-voice.ts";
import type { Stem } from "./stems.ts";
import type { StereoStream } from "./stereo.ts";

/** What a mix is made of. */
export type CoverTrack = "main" | "instrument" | "backup";

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
  /** Of what is random in the conversion; the same one makes the same song. */
  readonly seed?: number | undefined;
  readonly reverb: ReverbSettings;
  /** Where the new voice stands: in the middle, or where the old one stood. */
  readonly placement: "middle" | "source";
  /** dB on top of the usual levels. */
  readonly gains: { readonly main: number; readonly backup: number; readonly instrument: number };
  readonly format: CoverFormat;
  /** Sees each track on its way into the mix, before its level; its blocks are changed later. */
  readonly tap?: (track: CoverTrack, sound: StereoStream, sampleRate: number) => StereoStream;
};

/** The file to make: `bitrate` in kbit/s is MP3's, `bits` those of the other two. */
export type CoverFormat =
  | { readonly container: "mp3"; readonly bitrate: 128 | 192 | 320 }
  | { readonly container: "wav" | "flac"; readonly bits: 16 | 24 };
