import { BIN_HZ, BINS } from "./spectra.ts";

/** Pitches that a lead voice may have, from low to high, in Hz, and steps of an octave. */
const LOWEST_HZ = 90;
const HIGHEST_HZ = 1000;
const STEPS = 48;

/** Harmonics that are asked, how much each counts beside the one below, and the highest frequency of one in Hz. */
const HARMONICS = 12;
const FALL = 0.86;
const HIGHEST_HARMONIC_HZ = 5500;

/** How much what lies between harmonics counts against a pitch. */
const BETWEEN = 0.8;

/** Bins on either side whose mean is what a harmonic has to stand out from. */
const AROUND = 12;

/** What frames without a pitch, beginnings, and steps cost; in usual saliences of the strongest pitch. */
const COST = { unvoiced: 0.35, onset: 1.2, leap: 1.4, step: 0.0375 } as const;

/** Steps that a voice glides in one frame. */
const REACH = 6;

const CANDIDATES = Float64Array.from(
  { length: Math.floor(STEPS * Math.log2(HIGHEST_HZ / LOWEST_HZ)) + 1 },
  (_, step) => LOWEST_HZ * 2 ** (step / STEPS),
);

/**
 * The pitch of the strongest voice of each frame in Hz, 0 where there is none: that whose harmonics stand out most, on
 * the smoothest way through the sound (Viterbi).
 * @param magnitudes [frames, BINS]
 */
export function melodyOf(magnitudes: Float32Array, frames: number): Float64Array {
  const count = CANDIDATES.length;
  const salience = new Float32Array(frames * count);
  let usual = 0;
  for (let frame = 0; frame < frames; frame++) {
    const of = salience.subarray(frame * count, (frame + 1) * count);
    salienceOf(magnitudes.subarray(frame * BINS, (frame + 1) * BINS), of);
    usual += of.reduce((most, value) => Math.max(most, value), 0);
  }
  if (usual === 0) return new Float64Array(frames);
  return smoothest(salience, usual / frames, frames);
}

/** How much each pitch stands out in a frame. */
function salienceOf(magnitudes: Float32Array, salience: Float32Array): void {
  const highest = Math.floor(HIGHEST_HARMONIC_HZ / BIN_HZ);
  const levels = new Float32Array(highest + AROUND);
  for (let k = 0; k < levels.length; k++) levels[k] = Math.sqrt(magnitudes[k] as number);
  const peaks = new Float32Array(highest);
  let sum = 0;
  for (let k = 0; k < AROUND; k++) sum += levels[k] as number;
  for (let k = 0; k < highest; k++) {
    sum += levels[k + AROUND] ?? 0;
    if (k > AROUND) sum -= levels[k - AROUND - 1] as number;
    peaks[k] = Math.max(0, (levels[k] as number) - sum / (2 * AROUND + 1));
  }
  for (let candidate = 0; candidate < CANDIDATES.length; candidate++) {
    const bins = (CANDIDATES[candidate] as number) / BIN_HZ;
    let weight = 1;
    let total = 0;
    for (let harmonic = 1; harmonic <= HARMONICS; harmonic++) {
      const k = Math.floor(harmonic * bins);
      if (k + 1 >= highest) break;
      const peak = Math.max(peaks[k] as number, peaks[k + 1] as number);
      total += weight * (peak - BETWEEN * (peaks[Math.round((harmonic - 0.5) * bins)] as number));
      weight *= FALL;
    }
    salience[candidate] = Math.max(0, total);
  }
}

/** The way through the pitches whose salience, less what its turns cost, is greatest. */
function smoothest(salience: Float32Array, usual: number, frames: number): Float64Array {
  const count = CANDIDATES.length;
  /** The last state has no pitch. */
  const states = count + 1;
  let score = new Float64Array(states);
  let next = new Float64Array(states);
  const from = new Int16Array(frames * states);
  const onset = COST.onset * usual;
  const leap = COST.leap * usual + onset;
  const step = COST.step * usual;
  for (let frame = 0; frame < frames; frame++) {
    const best = highestOf(score, count);
    const silent = score[count] as number;
    const leaped = (score[best] as number) - leap;
    const begun = silent - onset;
    for (let state = 0; state < count; state++) {
      let most = Math.max(begun, leaped);
      let came = begun >= leaped ? count : best;
      const last = Math.min(count - 1, state + REACH);
      for (let near = Math.max(0, state - REACH); near <= last; near++) {
        const glided = (score[near] as number) - step * Math.abs(near - state);
        if (glided <= most) continue;
        most = glided;
        came = near;
      }
      next[state] = most + (salience[frame * count + state] as number);
      from[frame * states + state] = came;
    }
    const ended = (score[best] as number) - onset;
    next[count] = Math.max(silent, ended) + COST.unvoiced * usual;
    from[frame * states + count] = silent >= ended ? count : best;
    [score, next] = [next, score];
  }
  const pitches = new Float64Array(frames);
  let state = highestOf(score, states);
  for (let frame = frames - 1; frame >= 0; frame--) {
    pitches[frame] = CANDIDATES[state] ?? 0;
    state = from[frame * states + state] as number;
  }
  return pitches;
}

function highestOf(values: Float64Array, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}
