/** Third stage of Harvest: from scored candidates to a curve. */
import type { Candidates } from "./harvest-refine.ts";
import { type Section, voicedSections } from "./voiced-sections.ts";

/** Largest jump from frame to frame, as a share. */
const LARGEST_JUMP = 0.008;
/** Voiced stretches of fewer steps go out, in frames. */
const SHORTEST = 6;
/** Largest change while a stretch grows, as a share; how far it may grow; and gaps after which it stops, in frames. */
const GROWTH_CHANGE = 0.18;
const GROWTH_REACH = 100;
const GROWTH_PATIENCE = 4;
/** A grown stretch must last this many periods: a share of 2200 over its mean f0, in frames of 1 ms. */
const PERIODS_MS = 2200;
/** Gaps of fewer frames are bridged. */
const BRIDGED = 9;

/** A voiced stretch that grows: `values[0]` belongs to frame `offset`; everything outside is 0. */
type Stretch = Section & { readonly offset: number; readonly values: Float64Array };

/** Curve of f0 in Hz, one value per frame of 1 ms, 0 where unvoiced. */
export function growContour(candidates: Candidates): Float64Array {
  const steady = dropShort(dropJumps(bestOf(candidates)));
  const stretches = voicedSections(steady).map((section) => stretchOf(steady, section));
  for (const stretch of stretches) {
    const { start, end } = stretch;
    stretch.end = grow(stretch, candidates, end, Math.min(steady.length - 2, end + GROWTH_REACH), 1);
    stretch.start = grow(stretch, candidates, start, Math.max(1, start - GROWTH_REACH), -1);
  }
  const lasting = longEnough(stretches);
  return bridgeGaps(lasting.length > 0 ? merge(lasting, candidates, steady.length) : steady);
}

function bestOf({ starts, f0, scores }: Candidates): Float64Array {
  const best = new Float64Array(starts.length - 1);
  for (let i = 0; i < best.length; i++) {
    let score = 0;
    for (let j = starts[i] as number; j < (starts[i + 1] as number); j++) {
      if ((scores[j] as number) > score) {
        score = scores[j] as number;
        best[i] = f0[j] as number;
      }
    }
  }
  return best;
}

/** A value stays if it continues the line of the two before or lies near the one before. */
function dropJumps(best: Float64Array): Float64Array {
  const result = new Float64Array(best.length);
  for (let i = 2; i < best.length; i++) {
    const hz = best[i] as number;
    if (hz === 0) continue;
    const before = best[i - 1] as number;
    const expected = 2 * before - (best[i - 2] as number);
    const offLine = Math.abs((hz - expected) / expected) > LARGEST_JUMP;
    result[i] = offLine && Math.abs(hz - before) / before > LARGEST_JUMP ? 0 : hz;
  }
  return result;
}

function dropShort(contour: Float64Array): Float64Array {
  const result = contour.slice();
  for (const { start, end } of voicedSections(contour)) {
    if (end - start < SHORTEST) result.fill(0, start, end + 1);
  }
  return result;
}

function stretchOf(contour: Float64Array, { start, end }: Section): Stretch {
  const offset = start - GROWTH_REACH - 2;
  const values = new Float64Array(end - start + 1 + 2 * (GROWTH_REACH + 2));
  values.set(contour.subarray(start, end + 1), start - offset);
  return { start, end, offset, values };
}

function valueAt({ offset, values }: Stretch, frame: number): number {
  return values[frame - offset] ?? 0;
}

/** The candidate of a frame that lies nearest to `expected`, the later one of two; 0 when none is near enough. */
function nearestCandidate({ starts, f0 }: Candidates, frame: number, expected: number): number {
  let best = 0;
  let error = GROWTH_CHANGE;
  for (let j = starts[frame] as number; j < (starts[frame + 1] as number); j++) {
    const distance = Math.abs(expected - (f0[j] as number)) / expected;
    if (distance <= error) {
      error = distance;
      best = f0[j] as number;
    }
  }
  return best;
}

/** Lets one end of a stretch grow along the candidates towards `last`; returns the new end. */
function grow(stretch: Stretch, candidates: Candidates, origin: number, last: number, step: 1 | -1): number {
  let current = valueAt(stretch, origin);
  let end = origin;
  let gaps = 0;
  const steps = Math.abs(last - origin);
  for (let i = 0; i <= steps && gaps < GROWTH_PATIENCE; i++) {
    const frame = origin + step * (i + 1);
    const next = nearestCandidate(candidates, frame, current);
    stretch.values[frame - stretch.offset] = next;
    if (next === 0) {
      gaps++;
    } else {
      current = next;
      gaps = 0;
      end = frame;
    }
  }
  return end;
}

/** The stretches that last long enough for their pitch. */
function longEnough(stretches: readonly Stretch[]): Stretch[] {
  // The mean is carried on from one stretch to the next, as the published program does.
  let mean = 0;
  return stretches.filter((stretch) => {
    const { start, end } = stretch;
    for (let i = start; i < end; i++) mean += valueAt(stretch, i);
    mean /= end - start;
    return PERIODS_MS / mean < end - start;
  });
}

/** Lays the stretches over one another in order of time; where two overlap, the better scores win. */
function merge(stretches: readonly Stretch[], candidates: Candidates, frames: number): Float64Array {
  const merged = new Float64Array(frames);
  const current = stretches[0] as Stretch;
  paint(merged, current, current.start, current.end);
  let { start, end } = current;
  for (const stretch of inOrder(stretches).slice(1)) {
    if (stretch === current) continue;
    if (stretch.start > end) {
      paint(merged, stretch, stretch.start, stretch.end);
      ({ start, end } = stretch);
    } else if (start > stretch.start || end < stretch.end) {
      let older = 0;
      let newer = 0;
      for (let i = stretch.start; i <= end; i++) {
        older += scoreOf(candidates, i, merged[i] as number);
        newer += scoreOf(candidates, i, valueAt(stretch, i));
      }
      paint(merged, stretch, older > newer ? end : stretch.start, stretch.end);
      end = stretch.end;
    }
  }
  return merged;
}

/**
 * By first frame. An early stretch moves up one place only, as in the published program: what overlaps so much that
 * this matters is laid down in that order.
 */
function inOrder(stretches: readonly Stretch[]): Stretch[] {
  const order = [...stretches];
  for (let i = 1; i < order.length; i++) {
    for (let j = i - 1; j >= 0; j--) {
      const earlier = order[j] as Stretch;
      const later = order[i] as Stretch;
      if (earlier.start <= later.start) break;
      order[j] = later;
      order[i] = earlier;
    }
  }
  return order;
}

function paint(contour: Float64Array, stretch: Stretch, from: number, to: number): void {
  for (let i = from; i <= to; i++) contour[i] = valueAt(stretch, i);
}

/** Best score of the candidates of a frame that have exactly this f0. */
function scoreOf({ starts, f0, scores }: Candidates, frame: number, hz: number): number {
  let score = 0;
  for (let j = starts[frame] as number; j < (starts[frame + 1] as number); j++) {
    if (f0[j] === hz && (scores[j] as number) > score) score = scores[j] as number;
  }
  return score;
}

/** Short gaps between voiced stretches become lines. */
function bridgeGaps(contour: Float64Array): Float64Array {
  const result = contour.slice();
  const sections = voicedSections(contour);
  for (let s = 1; s < sections.length; s++) {
    const { end } = sections[s - 1] as Section;
    const { start } = sections[s] as Section;
    const gap = start - end - 1;
    if (gap >= BRIDGED) continue;
    // The line starts 1 Hz above and ends 1 Hz below its neighbours, as the published program does.
    const low = (contour[end] as number) + 1;
    const slope = ((contour[start] as number) - 1 - low) / (gap + 1);
    for (let i = 1; i <= gap; i++) result[end + i] = low + slope * i;
  }
  return result;
}
