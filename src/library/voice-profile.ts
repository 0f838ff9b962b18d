import { z } from "zod";

/** Points of the long-term spectrum, spaced evenly on the mel scale from 0 Hz to `SPECTRUM_TOP_HZ`. */
export const SPECTRUM_POINTS = 48;

/** Hz of the last point of the long-term spectrum. */
export const SPECTRUM_TOP_HZ = 11_025;

/** The same of the envelopes of single frames. */
export const FRAME_POINTS = 80;
export const FRAME_TOP_HZ = 8000;

/** Hz of the edges between the bands of the aperiodicity. */
export const APERIODICITY_EDGES_HZ = [1000, 2000, 4000, 8000] as const;

/** What is known of a speaker's voice: kept as JSON beside a stored reference recording. */
export const voiceProfileSchema = z.strictObject({
  version: z.literal(2),
  /** Of voiced frames, Hz: median, 10th and 90th percentile. */
  f0: z.strictObject({ median: z.number().positive(), low: z.number().positive(), high: z.number().positive() }),
  /** Length of the vocal tract against an average adult's, about 0.75 (a child) to 1.2; formants go with its inverse. */
  vocalTract: z.number().positive(),
  /**
   * Trimmed means of the first four formants over voiced frames, Hz, in rising order, as they are found below a ceiling (Hz)
   * that suits the voice; and as they are found below other ceilings, for comparison with voices that those suit.
   */
  formants: z.array(z.number().positive()).length(4),
  formantCeiling: z.number().positive(),
  /** The same below `formantCeiling`, as windows of the sound itself show them: harmonics of the voice pull at them. */
  soundingFormants: z.array(z.number().positive()).length(4).optional(),
  otherFormants: z
    .array(z.strictObject({ ceiling: z.number().positive(), formants: z.array(z.number().positive()).length(4) }))
    .max(4)
    .optional(),
  /** Level of voiced frames in dB, mean 0, at `SPECTRUM_POINTS` mel-spaced frequencies. */
  spectrum: z.array(z.number()).length(SPECTRUM_POINTS),
  /** Hz up to which the recording has sound: what the spectrum says above is of no worth. */
  bandwidth: z.number().positive(),
  /** Mean aperiodicity of voiced frames, 0…1, in the bands that `APERIODICITY_EDGES_HZ` parts. */
  aperiodicity: z.array(z.number().min(0).max(1)).length(5),
  /**
   * Envelopes of some voiced frames, to try changes on: base64 of `FRAME_POINTS` bytes each, at mel-spaced frequencies
   * from 0 Hz to `FRAME_TOP_HZ`; 255 is the frame's loudest point, and each step less half a decibel.
   */
  frames: z.base64().max(200_000).optional(),
  /** Seconds of voice that this was measured on. */
  voicedSeconds: z.number().nonnegative(),
});

export type VoiceProfile = z.infer<typeof voiceProfileSchema>;
