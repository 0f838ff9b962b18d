import { z } from "zod";

/** Params that say how to speak, shared by the operations that do. */
export const speechParams = {
  language: z
    .string()
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$/, "must be a language code such as ko, ru, kk or en")
    .optional()
    .describe("ISO 639-1 code. Found from the script of the text when absent."),
  rate: z.number().min(0.5).max(2).default(1).describe("Speaking rate, 1 is the voice's own."),
  pitch: z.number().min(-12).max(12).default(0).describe("Shift of the voice's pitch in semitones."),
};

/** Hz at which speech is made. */
export const SPEECH_SAMPLE_RATE = 24_000;

/** The text to speak. Its length in code points is checked where it is spoken. */
export const textParam = z.string().describe("What to say, at most 20,000 code points.");
