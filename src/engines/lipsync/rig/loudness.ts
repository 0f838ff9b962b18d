import type { MonoAudio } from "../../../signal/audio.ts";

/** How loud a stretch of speech is against the rest of its part. */
export type Loudness = {
  /** Seconds between two values of `track`. */
  readonly step: number;
  /** 0 (40 dB under the loud syllables, or less) … 1 (as loud as the loudest tenth). */
  readonly track: Float32Array;
  /** True where there is nothing to hear. */
  readonly silent: boolean;
  /** Highest value from `start` to `end`, seconds. */
  between(start: number, end: number): number;
};

const STEP = 0.01;
const FLOOR_DB = -40;

/** Root mean square per 10 ms on a decibel scale, against the 90th percentile of the part. */
export function loudnessOf(audio: MonoAudio): Loudness {
  const hop = Math.max(1, Math.round(audio.sampleRate * STEP));
  const count = Math.max(1, Math.ceil(audio.samples.length / hop));
  const track = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const from = i * hop;
    const to = Math.min(audio.samples.length, from + hop);
    let energy = 0;
    for (let j = from; j < to; j++) energy += (audio.samples[j] as number) ** 2;
    track[i] = Math.sqrt(energy / Math.max(1, to - from));
  }
  const loud = Float32Array.from(track).sort()[Math.floor((count - 1) * 0.9)] as number;
  for (let i = 0; i < count; i++) {
    const level = track[i] as number;
    const db = level > 0 && loud > 0 ? 20 * Math.log10(level / loud) : FLOOR_DB;
    track[i] = Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
  }
  return {
    step: STEP,
    track,
    silent: loud < 1e-3,
    between(start, end) {
      const first = Math.max(0, Math.floor(start / STEP));
      const last = Math.min(count - 1, Math.max(first, Math.ceil(end / STEP) - 1));
      let peak = 0;
      for (let i = first; i <= last; i++) peak = Math.max(peak, track[i] as number);
      return peak;
    },
  };
}
