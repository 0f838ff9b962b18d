import { AppError } from "../../../errors.ts";
import type { F0Point, RetrievalSettings } from "../voice-converter.ts";

/** What callers get who say nothing. */
export const RVC_DEFAULTS: Required<RetrievalSettings> = {
  indexRate: 0.5,
  filterRadius: 3,
  rmsMixRate: 0.25,
  protect: 0.33,
  f0Method: "rmvpe",
  crepeHopLength: 128,
  speaker: 0,
  f0Curve: [],
};

/** Highest pitch of a curve. */
const MOST_HZ = 4000;

/** @throws AppError `invalid_input` for a setting out of its range, or a speaker that a voice does not have */
export function checkSettings(
  { indexRate, filterRadius, rmsMixRate, protect, speaker = 0, f0Curve = [] }: RetrievalSettings,
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
  const inOrder = f0Curve.every(([seconds], i) => i === 0 || seconds > (f0Curve[i - 1] as F0Point)[0]);
  if (!inOrder || !f0Curve.every(([seconds, hz]) => seconds >= 0 && hz >= 0 && hz <= MOST_HZ)) {
    throw new AppError(
      "invalid_input",
      `\`f0_curve\` is a list of [seconds, Hz], each later than the one before it, of 0 to ${MOST_HZ} Hz.`,
      { violations: [{ path: "params.f0_curve", message: "Must be points in the order of their times." }] },
    );
  }
  if (Number.isInteger(speaker) && speaker >= 0 && speaker < speakers) return;
  throw new AppError(
    "invalid_input",
    `The voice "${name}" has ${speakers === 1 ? "one speaker, 0" : `the speakers 0 to ${speakers - 1}`}: there is no speaker ${speaker}.`,
    { violations: [{ path: "params.speaker_id", message: `Must be a whole number from 0 to ${speakers - 1}.` }] },
  );
}
