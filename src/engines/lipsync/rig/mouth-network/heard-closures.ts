import { FRAME_RATE } from "./mouth-features.ts";
import { ROW } from "./mouth-model.ts";

/** A time in which lips are heard to be closed, seconds of the stream. */
export type HeardClosure = { readonly centre: number; readonly half: number };

/** Logit from which on a frame counts as closed: sure of it, since a closure heard where none is hurts more than one missed. */
const THRESHOLD = 4;
/** The network names the time from the middle of one ramp to the middle of the other, as `coarticulate` draws them. */
const RAMP = 0.046;
/** Closed lips are so for this long to each side of the centre, at least, seconds. */
const SHORTEST_HALF = 0.022;

/** Runs of frames that the network takes for closed. `column` is the logit's place in a row. */
export function closuresIn(rows: Float32Array, column: number, first: number): readonly HeardClosure[] {
  const found: HeardClosure[] = [];
  const count = rows.length / ROW;
  let begin = -1;
  for (let i = 0; i <= count; i++) {
    const closed = i < count && (rows[i * ROW + column] as number) > THRESHOLD;
    if (closed && begin < 0) begin = i;
    if (closed || begin < 0) continue;
    const start = (first + begin) / FRAME_RATE;
    const end = (first + i) / FRAME_RATE;
    found.push({ centre: (start + end) / 2, half: Math.max(SHORTEST_HALF, (end - start - RAMP) / 2) });
    begin = -1;
  }
  return found;
}

/** How firmly lips are closed at `t`: 1 in a closure, 0 beyond its ramps, smooth between. */
export function strengthAt(closures: readonly HeardClosure[], t: number): number {
  let most = 0;
  for (const { centre, half } of closures) {
    const beyond = Math.abs(t - centre) - half;
    if (beyond >= RAMP) continue;
    const x = Math.min(1, 1 - beyond / RAMP);
    most = Math.max(most, x * x * (3 - 2 * x));
  }
  return most;
}
