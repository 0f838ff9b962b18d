import { BIN_HZ, BINS, HOP, SAMPLE_RATE } from "./spectra.ts";

/** Bands by which moments are compared, evenly spaced in pitch over what music has most of. */
const BANDS = 80;
const LOWEST_HZ = 80;
const HIGHEST_HZ = 10_000;

/** Frames between a moment and those that it is compared with, and among these. */
const APART = Math.round((0.8 * SAMPLE_RATE) / HOP);

/** Moments that have to be alike, and most that are asked. */
const FEWEST = 3;
const MOST = 14;

/**
 * What comes again and again in a sound, after REPET-SIM (Rafii, Pardo: Music/Voice Separation Using the Similarity
 * Matrix, 2012): for every frame the median of those that sound most like it. Accompaniments repeat; voices hardly.
 * @param magnitudes [frames, BINS], of which the answer is made
 * @param loudness [frames, BINS] powers by which moments are compared
 */
export function repeatingPart(magnitudes: Float32Array, loudness: Float32Array, frames: number): Float32Array {
  const looks = looksOf(loudness, frames);
  const repeating = new Float32Array(frames * BINS);
  const likeness = new Float32Array(frames);
  const sorted = new Float32Array(MOST);
  for (let frame = 0; frame < frames; frame++) {
    compare(looks, frame, likeness);
    const alike = mostAlike(likeness);
    const count = alike.length;
    if (count < FEWEST) continue;
    const middle = count >> 1;
    for (let k = 0; k < BINS; k++) {
      for (let n = 0; n < count; n++) {
        const value = magnitudes[(alike[n] as number) * BINS + k] as number;
        let at = n;
        for (; at > 0 && (sorted[at - 1] as number) > value; at--) sorted[at] = sorted[at - 1] as number;
        sorted[at] = value;
      }
      repeating[frame * BINS + k] = sorted[middle] as number;
    }
  }
  return repeating;
}

/** What frames sound like: levels by band, as vectors of length 1. */
function looksOf(power: Float32Array, frames: number): Float32Array {
  const edges = Array.from({ length: BANDS + 1 }, (_, band) =>
    Math.round((LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ) ** (band / BANDS)) / BIN_HZ),
  );
  const looks = new Float32Array(frames * BANDS);
  for (let frame = 0; frame < frames; frame++) {
    let all = 0;
    for (let band = 0; band < BANDS; band++) {
      const from = edges[band] as number;
      const to = Math.max(from + 1, edges[band + 1] as number);
      let sum = 0;
      for (let k = from; k < to; k++) sum += power[frame * BINS + k] as number;
      looks[frame * BANDS + band] = Math.sqrt(sum);
      all += sum;
    }
    const scale = all > 0 ? 1 / Math.sqrt(all) : 0;
    for (let band = 0; band < BANDS; band++) {
      looks[frame * BANDS + band] = scale * (looks[frame * BANDS + band] as number);
    }
  }
  return looks;
}

/** Cosines of one frame and all that are far enough from it; 0 for the others. */
function compare(looks: Float32Array, frame: number, likeness: Float32Array): void {
  const own = looks.subarray(frame * BANDS, (frame + 1) * BANDS);
  for (let other = 0; other < likeness.length; other++) {
    let sum = 0;
    if (Math.abs(other - frame) >= APART) {
      const at = other * BANDS;
      for (let band = 0; band < BANDS; band++) sum += (own[band] as number) * (looks[at + band] as number);
    }
    likeness[other] = sum;
  }
}

/** The frames that are most alike, apart from each other. */
function mostAlike(likeness: Float32Array): number[] {
  const found: number[] = [];
  while (found.length < MOST) {
    let best = 0;
    for (let frame = 1; frame < likeness.length; frame++) {
      if ((likeness[frame] as number) > (likeness[best] as number)) best = frame;
    }
    if (!((likeness[best] as number) > 0)) break;
    found.push(best);
    likeness.fill(0, Math.max(0, best - APART), best + APART + 1);
  }
  return found;
}
