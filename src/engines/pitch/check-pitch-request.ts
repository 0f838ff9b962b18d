import { AppError } from "../../errors.ts";
import type { MonoAudio } from "../../signal/audio.ts";
import type { PitchOptions } from "./pitch-estimator.ts";

/** @throws AppError `invalid_input` for a range or hop that makes no sense; `invalid_audio` for sound that is none */
export function checkPitchRequest(
  { sampleRate, samples }: MonoAudio,
  { floor, ceiling, hopSeconds }: PitchOptions,
): void {
  if (!(floor >= 20 && ceiling > floor && ceiling <= 4000)) {
    throw new AppError(
      "invalid_input",
      "The range of the pitch lies within 20 and 4000 Hz, its floor below its ceiling.",
    );
  }
  if (!(hopSeconds >= 0.001 && hopSeconds <= 1)) {
    throw new AppError("invalid_input", "Frames of the pitch lie 0.001 to 1 s apart.");
  }
  if (!Number.isInteger(sampleRate) || sampleRate < 4000) {
    throw new AppError("invalid_audio", `Sound for a pitch has 4000 samples a second at least, not ${sampleRate}.`);
  }
  if (samples.length === 0) throw new AppError("invalid_audio", "There is no sound to find a pitch in.");
}
