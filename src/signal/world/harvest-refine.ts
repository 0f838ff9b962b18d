/** Second stage of Harvest: candidates of the neighbouring frames are tried as well, refined, scored and sifted. */
import type { Proposals } from "./harvest-candidates.ts";
import { HarmonicProbe } from "./instantaneous-frequency.ts";

/** Frames to either side whose candidates are tried too. */
const SPREAD = 3;
const MOST_HARMONICS = 6;
const LOWEST_SCORE = 2.5;
/** Largest distance to a candidate of a neighbouring frame, as a share. */
const NEIGHBOUR = 0.05;

/** Scored candidates: those of frame i lie at `starts[i]`…`starts[i + 1] − 1`. f0 in Hz, 0 for one that was dropped. */
export type Candidates = {
  readonly starts: Int32Array;
  readonly f0: Float64Array;
  readonly scores: Float64Array;
};

/** `signal` at `rate` Hz; `times` of the frames in s; range of f0 in Hz. */
export function refineCandidates(
  signal: Float64Array,
  rate: number,
  times: Float64Array,
  proposals: Proposals,
  floor: number,
  ceiling: number,
): Candidates {
  const candidates = spread(proposals);
  const { starts, f0, scores } = candidates;
  const probe = new HarmonicProbe(signal, rate);
  const frames = times.length;
  for (let i = 0; i < frames; i++) {
    for (let j = starts[i] as number; j < (starts[i + 1] as number); j++) {
      const guess = f0[j] as number;
      probe.place(times[i] as number, guess, "first");
      probe.measure(guess, Math.min(Math.trunc(rate / 2 / guess), MOST_HARMONICS));
      const good = probe.f0 >= floor && probe.f0 <= ceiling && probe.score >= LOWEST_SCORE;
      f0[j] = good ? probe.f0 : 0;
      scores[j] = good ? probe.score : 0;
    }
  }
  dropLonely(candidates, frames);
  return candidates;
}

/** Each frame gets its own candidates, then those of the frames before, then of those after, nearest first. */
function spread({ slots, counts, f0: proposed }: Proposals): Candidates {
  const frames = counts.length;
  const starts = new Int32Array(frames + 1);
  for (let i = 0; i < frames; i++) {
    let count = 0;
    for (let k = Math.max(0, i - SPREAD); k <= Math.min(frames - 1, i + SPREAD); k++) count += counts[k] as number;
    starts[i + 1] = (starts[i] as number) + count;
  }
  const total = starts[frames] as number;
  const f0 = new Float64Array(total);
  let at = 0;
  const copy = (frame: number): void => {
    if (frame < 0 || frame >= frames) return;
    for (let s = 0; s < (counts[frame] as number); s++) f0[at++] = proposed[frame * slots + s] as number;
  };
  for (let i = 0; i < frames; i++) {
    copy(i);
    for (let k = 1; k <= SPREAD; k++) copy(i - k);
    for (let k = 1; k <= SPREAD; k++) copy(i + k);
  }
  return { starts, f0, scores: new Float64Array(total) };
}

/** Drops what has nothing near it in the frames on either side. */
function dropLonely({ starts, f0, scores }: Candidates, frames: number): void {
  const before = f0.slice();
  for (let i = 1; i < frames - 1; i++) {
    for (let j = starts[i] as number; j < (starts[i + 1] as number); j++) {
      const hz = before[j] as number;
      if (hz === 0) continue;
      const behind = hasNear(before, hz, starts[i - 1] as number, starts[i] as number);
      if (behind || hasNear(before, hz, starts[i + 1] as number, starts[i + 2] as number)) continue;
      f0[j] = 0;
      scores[j] = 0;
    }
  }
}

function hasNear(f0: Float64Array, hz: number, from: number, to: number): boolean {
  for (let j = from; j < to; j++) {
    if (Math.abs(hz - (f0[j] as number)) / hz <= NEIGHBOUR) return true;
  }
  return false;
}
