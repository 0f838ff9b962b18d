import { BINS, HOP, SAMPLE_RATE } from "./spectra.ts";

/** Time in which the room that is thought of lets a sound fall by 60 dB, in seconds. */
const DECAY = 0.8;

/** Frames after which what is left of a sound is its echo: the frames themselves no longer overlap. */
const LATER = 4;

/** How fast the mean of a bin's power follows it, and the least that is left of a bin. */
const FOLLOW = 0.4;
const LEAST = 0.1;

/**
 * The share of each bin that is no late echo of what was there before, if the room's echoes fall exponentially (Lebart,
 * Boucher, Denbigh: A New Method Based on Spectral Subtraction for Speech Dereverberation, 2001).
 * @param power [frames, BINS]
 */
export function withoutEchoes(power: Float32Array, frames: number): Float32Array {
  const shares = new Float32Array(power.length);
  const fall = 10 ** ((-6 * LATER * HOP) / (SAMPLE_RATE * DECAY));
  const means = new Float32Array(power.length);
  for (let frame = 0; frame < frames; frame++) {
    for (let k = 0; k < BINS; k++) {
      const at = frame * BINS + k;
      const now = power[at] as number;
      const before = frame > 0 ? (means[at - BINS] as number) : 0;
      means[at] = before + FOLLOW * (now - before);
      const echo = frame < LATER ? 0 : fall * (means[at - LATER * BINS] as number);
      shares[at] = now > 0 ? Math.max(LEAST, 1 - echo / now) : 0;
    }
  }
  return shares;
}
