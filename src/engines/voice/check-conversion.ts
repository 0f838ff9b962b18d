import { AppError } from "../../errors.ts";
import { suggest } from "../catalog.ts";
import type { ConversionOptions } from "./voice-converter.ts";

/** Rates that are converted, in Hz. */
const RATES = { lowest: 8_000, highest: 192_000 } as const;
/** Most characters of an unknown name that an error repeats. */
const LONGEST_SHOWN = 60;

/** @throws AppError `invalid_audio` for a rate at which no voice is converted */
export function checkRate(sampleRate: number): void {
  if (Number.isInteger(sampleRate) && sampleRate >= RATES.lowest && sampleRate <= RATES.highest) return;
  throw new AppError(
    "invalid_audio",
    `Voices are converted at sample rates from ${RATES.lowest} to ${RATES.highest} Hz; this recording has ${sampleRate}.`,
  );
}

/** @throws AppError `invalid_audio`, `invalid_input` or `cancelled` where a conversion cannot begin */
export function checkConversion(sampleRate: number, { pitch }: ConversionOptions, signal: AbortSignal): void {
  checkRate(sampleRate);
  if (!Number.isFinite(pitch)) throw new AppError("invalid_input", "The pitch is a number of semitones.");
  if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
}

/** What is said of a voice that there is not. */
export function unknownVoice(name: string, known: readonly string[]): AppError {
  return new AppError("not_found", `There is no voice "${name.slice(0, LONGEST_SHOWN)}". ${suggest(name, known)}`);
}
