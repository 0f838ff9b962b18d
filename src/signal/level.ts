import { integratedLoudness } from "./loudness.ts";
import { limit } from "./true-peak.ts";

/** Loudness of every sentence of speech, in LUFS of the one channel. */
export const TARGET_LUFS = -18;
/** Highest true peak of speech, in dBTP. */
export const MAX_TRUE_PEAK_DB = -1;

/**
 * Brings a sentence to the loudness of speech, in place, with its peaks under the ceiling. Silence stays silence.
 */
export function bringToLevel(samples: Float32Array, sampleRate: number): void {
  const ceiling = 10 ** (MAX_TRUE_PEAK_DB / 20);
  // The limiter takes a little away, hence twice.
  for (let pass = 0; pass < 2; pass++) {
    const gainDb = TARGET_LUFS - integratedLoudness([samples], sampleRate);
    if (!Number.isFinite(gainDb) || (pass > 0 && Math.abs(gainDb) < 0.2)) return;
    const gain = 10 ** (gainDb / 20);
    for (let n = 0; n < samples.length; n++) samples[n] = (samples[n] as number) * gain;
    if (!limit(samples, sampleRate, ceiling)) return;
  }
}
