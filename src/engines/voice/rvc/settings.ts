import { AppError } from "../../../errors.ts";
import type { RetrievalSettings } from "../voice-converter.ts";

/** What callers get who say nothing. */
export const RVC_DEFAULTS: Required<RetrievalSettings> = {
  indexRate: 0.5,
  filterRadius: 3,
  rmsMixRate: 0.25,
  protect: 0.33,
  f0Method: "rmvpe",
  crepeHopLength: 128,
  speaker: 0,
};

/** @throws AppError `invalid_input` for a setting out of its range, or a speaker that a voice does not have */
export function checkSettings(
  { indexRate, filterRadius, rmsMixRate, protect, speaker = 0 }: RetrievalSettings,
  name: string,
  speakers: number,
): void {
  const within = (what: string, value: number, most: number): void => {
    if (value >= 0 && value <= most) return;
    throw new AppError("invalid_input", `\`${what}\` is a number from 0 to ${most}.`);
  };
  within("index_rate", indexRate, 1);
  within("filter_radius", filterRadius, 7);
  within("rms_mix_rate", rmsMixRate, 1);
  within("protect", protect, 0.5);
  if (Number.isInteger(speaker) && speaker >= 0 && speaker < speakers) return;
  throw new AppError(
    "invalid_input",
    `The voice "${name}" has ${speakers === 1 ? "one speaker, 0" : `the speakers 0 to ${speakers - 1}`}: there is no speaker ${speaker}.`,
    { violations: [{ path: "params.speaker_id", message: `Must be a whole number from 0 to ${speakers - 1}.` }] },
  );
}
