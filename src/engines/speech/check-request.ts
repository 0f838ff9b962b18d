import { AppError } from "../../errors.ts";
import { MAX_SEED } from "../../limits/inputs.ts";
import type { SpeechRequest } from "./speech-engine.ts";

/**
 * The borders of the system check these too; an engine is not to be broken by one that does not.
 * @throws AppError `invalid_input`
 */
export function checkNumbers({ rate, pitch, sampleRate, seed = 0 }: SpeechRequest): void {
  if (!(rate >= 0.5 && rate <= 2)) throw new AppError("invalid_input", "The speaking rate goes from 0.5 to 2.");
  if (!(pitch >= -12 && pitch <= 12)) throw new AppError("invalid_input", "The pitch goes from -12 to 12 semitones.");
  if (!Number.isInteger(sampleRate) || sampleRate < 8_000 || sampleRate > 96_000) {
    throw new AppError("invalid_input", "The sample rate goes from 8000 to 96000 Hz.");
  }
  if (!Number.isInteger(seed) || seed < 0 || seed > MAX_SEED) {
    throw new AppError("invalid_input", `The seed is a whole number from 0 to ${MAX_SEED}.`);
  }
}
