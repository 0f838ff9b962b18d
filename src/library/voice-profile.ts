import { z } from "zod";

/** Points of the long-term spectrum, spaced evenly on the mel scale from 0 Hz to `SPECTRUM_TOP_HZ`. */
export const SPECTRUM_POINTS = 48;

/** Hz of the last point of the long-term spectrum. */
export const SPECTRUM_TOP_HZ = 11_025;

/** What is known of a speaker's voice: kept as JSON beside a stored reference recording. */
export const voiceProfileSchema = z.strictObject({
  version: z.literal(1),
  /** Of voiced frames, Hz: median, 10th and 90th percentile. */
  f0: z.strictObject({ median: z.number().positive(), low: z.number().positive(), high: z.number().positive() }),
  /** Length of the vocal tract against an average adult's, about 0.75 (a child) to 1.2; formants go with its inverse. */
  vocalTract: z.number().positive(),
  /** Level of voiced frames in dB, mean 0, at `SPECTRUM_POINTS` mel-spaced frequencies. */
  spectrum: z.array(z.number()).length(SPECTRUM_POINTS),
  /** Mean aperiodicity of voiced frames, 0…1, in bands of 0–1, 1–2, 2–4, 4–8 kHz and above. */
  aperiodicity: z.array(z.number().min(0).max(1)).length(5),
  /** Seconds of voice that this was measured on. */
  voicedSeconds: z.number().nonnegative(),
});

export type VoiceProfile = z.infer<typeof voiceProfileSchema>;
