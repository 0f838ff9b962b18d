/** Voicing by where the power of a frame lies. */

/** Power is compared below the second frequency with that up to the third, from the first one on, in Hz. */
const FROM_HZ = 60;
const MIDDLE_HZ = 4000;
const TO_HZ = 7900;

/** Share of the power below 4 kHz from which a frame is a clear voice. */
export const VOICED_SHARE = 0.85;

/** Share of the power between 60 Hz and 7.9 kHz (or Nyquist) that lies below 4 kHz; 0 of nothing. */
export function lowShare(power: Float32Array, binHz: number): number {
  const from = Math.ceil(FROM_HZ / binHz);
  const middle = Math.min(power.length, Math.ceil(MIDDLE_HZ / binHz));
  const to = Math.min(power.length, Math.ceil(TO_HZ / binHz));
  let low = 0;
  for (let k = from; k < middle; k++) low += power[k] as number;
  let all = low;
  for (let k = middle; k < to; k++) all += power[k] as number;
  return all > 0 ? low / all : 0;
}
