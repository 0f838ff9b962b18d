/** From DIO's best candidates to a curve: jumps and short runs go out, and what is left grows along the candidates. */

const TINY = 1e-12;

/**
 * `best`: f0 of the best band at each frame; `candidates`: f0 of every band, row after row (0: none);
 * `allowedRange`: largest change from frame to frame, as a share. Returns f0 in Hz, 0 where unvoiced.
 */
export function settleContour(
  best: Float64Array,
  candidates: Float64Array,
  framePeriod: number,
  floor: number,
  allowedRange: number,
): Float64Array {
  const frames = best.length;
  // Two periods of the lowest tone to either side.
  const shortest = Math.trunc(0.5 + 1000 / framePeriod / floor) * 2 + 1;
  if (frames <= shortest) return new Float64Array(frames);
  const steady = dropShortRuns(dropJumps(best, shortest, allowedRange), (shortest - 1) / 2);
  const { starts, ends } = sections(steady);
  const grown = steady.slice();
  for (let i = 0; i < ends.length; i++) {
    const limit = i === ends.length - 1 ? frames - 1 : (ends[i + 1] as number);
    for (let j = ends[i] as number; j < limit; j++) {
      const next = follow(at(grown, j), at(grown, j - 1), candidates, frames, j + 1, allowedRange);
      grown[j + 1] = next;
      if (next === 0) break;
    }
  }
  for (let i = starts.length - 1; i >= 0; i--) {
    const limit = i === 0 ? 1 : (starts[i - 1] as number);
    for (let j = starts[i] as number; j > limit; j--) {
      const next = follow(at(grown, j), at(grown, j + 1), candidates, frames, j - 1, allowedRange);
      grown[j - 1] = next;
      if (next === 0) break;
    }
  }
  return grown;
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}

/** Frames that differ too much from the one before become 0, and so do both ends. */
function dropJumps(best: Float64Array, shortest: number, allowedRange: number): Float64Array {
  const frames = best.length;
  const base = best.slice();
  base.fill(0, 0, shortest);
  base.fill(0, Math.max(0, frames - shortest));
  const result = new Float64Array(frames);
  for (let i = shortest; i < frames; i++) {
    const change = Math.abs((at(base, i) - at(base, i - 1)) / (TINY + at(base, i)));
    if (change < allowedRange) result[i] = at(base, i);
  }
  return result;
}

/** Keeps a frame only where no frame within `half` of it is 0. */
function dropShortRuns(contour: Float64Array, half: number): Float64Array {
  const result = contour.slice();
  for (let i = half; i < contour.length - half; i++) {
    for (let j = i - half; j <= i + half; j++) {
      if (contour[j] === 0) {
        result[i] = 0;
        break;
      }
    }
  }
  return result;
}

/** First and last frames of the voiced sections. */
function sections(contour: Float64Array): { starts: number[]; ends: number[] } {
  const starts: number[] = [];
  const ends: number[] = [];
  for (let i = 1; i < contour.length; i++) {
    if (contour[i] === 0 && contour[i - 1] !== 0) ends.push(i - 1);
    else if (contour[i - 1] === 0 && contour[i] !== 0) starts.push(i);
  }
  return { starts, ends };
}

/** The candidate at `frame` that lies nearest to where the curve is heading; 0 when none is near enough. */
function follow(
  current: number,
  past: number,
  candidates: Float64Array,
  frames: number,
  frame: number,
  allowedRange: number,
): number {
  const expected = (current * 3 - past) / 2;
  let best = candidates[frame] as number;
  let error = Math.abs(expected - best);
  for (let k = frame + frames; k < candidates.length; k += frames) {
    const distance = Math.abs(expected - (candidates[k] as number));
    if (distance < error) {
      error = distance;
      best = candidates[k] as number;
    }
  }
  return Math.abs(1 - best / expected) > allowedRange ? 0 : best;
}
