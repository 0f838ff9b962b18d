/** Where the glottal pulses of a pitch curve lie. */

/** f0 that stands for unvoiced stretches, in Hz: noise is renewed at this rate. */
const UNVOICED_F0 = 500;
const TURN = 2 * Math.PI;

/** Pulses in order of time. */
export type Pulses = {
  readonly count: number;
  /** Last sample before the pulse. */
  readonly samples: Int32Array;
  /** From there to the pulse, in samples, 0…1. */
  readonly shifts: Float64Array;
  /** 1 where voiced. */
  readonly voiced: Uint8Array;
};

/** Pulses within `length` samples; `f0` in Hz every `framePeriod` s, below `lowest` Hz unvoiced. */
export function placePulses(
  f0: Float64Array,
  framePeriod: number,
  sampleRate: number,
  length: number,
  lowest: number,
): Pulses {
  const frames = f0.length;
  const curve = new Float64Array(frames + 1);
  for (let i = 0; i < frames; i++) curve[i] = (f0[i] as number) >= lowest ? (f0[i] as number) : 0;
  // One frame more, on the line of the last two; so is its voicing.
  const beyond = Math.max(0, frames - 2);
  curve[frames] = 2 * (curve[frames - 1] as number) - (curve[beyond] as number);
  const voicing = (i: number): number => ((curve[i] as number) === 0 ? 0 : 1);
  const lastVoicing = 2 * voicing(frames - 1) - voicing(beyond);

  const samples = new Int32Array(length);
  const shifts = new Float64Array(length);
  const voiced = new Uint8Array(length);
  let count = 0;
  let total = 0;
  let wrapped = 0;
  let wasVoiced = false;
  let k = 1;
  for (let n = 0; n < length; n++) {
    const time = n / sampleRate;
    while (k < frames && k * framePeriod <= time) k++;
    const from = (k - 1) * framePeriod;
    const share = (time - from) / (k * framePeriod - from);
    const v0 = voicing(k - 1);
    const v1 = k === frames ? lastVoicing : voicing(k);
    const isVoiced = v0 + share * (v1 - v0) > 0.5;
    const low = curve[k - 1] as number;
    const hz = isVoiced ? low + share * ((curve[k] as number) - low) : UNVOICED_F0;
    total += (TURN * hz) / sampleRate;
    const previous = wrapped;
    wrapped = total % TURN;
    if (n > 0 && Math.abs(wrapped - previous) > Math.PI) {
      const before = previous - TURN;
      samples[count] = n - 1;
      shifts[count] = -before / (wrapped - before);
      voiced[count] = wasVoiced ? 1 : 0;
      count++;
    }
    wasVoiced = isVoiced;
  }
  return { count, samples, shifts, voiced };
}
