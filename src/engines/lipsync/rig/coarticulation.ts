import type { MouthEvent } from "./mouth-events.ts";
import { PARAMETER, PARAMETER_COUNT, toVector } from "./mouth-parameters.ts";

/** A mouth over time: one part of speech, whatever drives it. Times are seconds from the start of the part. */
export interface MouthSource {
  /** Writes the mouth at time `t` into `out`. Before and after the part it is at rest. */
  sample(t: number, out: Float64Array): void;
  /** Centres of the full closures, ascending: a frame next to each one has to show it. */
  readonly closures: Float64Array;
}

/** How far a sound reaches beyond its own time, per parameter: standard deviation in seconds. */
const SIGMA = toVector({
  jaw: 0.042,
  width: 0.055,
  round: 0.06,
  upper: 0.036,
  lower: 0.036,
  teethUpper: 0.042,
  teethLower: 0.042,
  tongue: 0.032,
  smile: 0.12,
  press: 0.027,
  tuck: 0.027,
});
/** Lips are ready before the sound: seconds by which a sound's time is moved ahead. */
const ANTICIPATION = 0.03;
const ROUNDING_ANTICIPATION = 0.045;
/** No kernel reaches further than this, in seconds: three times the widest. */
const REACH = 0.4;

/** Seconds beyond which a longer sound insists no more. */
const LONGEST = 0.2;

/** A closure sits a little ahead of the middle of its sound. */
const CLOSURE_AT = 0.45;
const CLOSURE_LEAD = 0.01;
const CLOSURE_HALF_WIDTH = 0.022;
const CLOSURE_SHARE = 0.26;
const CLOSURE_RAMP = 0.046;
/** The jaw is too heavy to follow: lips meet over a jaw that is still part of the way down. */
const CLOSURE_JAW = 0.4;
/** Lips closed inside a rounded word stay rounded: how much of width and rounding a closure overrides. */
const CLOSURE_ROUNDING = 0.5;
const LABIODENTAL_ROUNDING = 0.85;

type Closure = { readonly centre: number; readonly half: number; readonly index: number; readonly rounding: number };

function closureOf(event: MouthEvent, index: number): Closure | undefined {
  const { name } = event.viseme;
  if (name !== "PP" && name !== "FF") return undefined;
  const duration = event.end - event.start;
  return {
    centre: event.start + CLOSURE_AT * duration - CLOSURE_LEAD,
    half: Math.max(CLOSURE_HALF_WIDTH, CLOSURE_SHARE * duration),
    index,
    rounding: name === "PP" ? CLOSURE_ROUNDING : LABIODENTAL_ROUNDING,
  };
}

/** 1 inside the closure, 0 beyond its ramps, smooth between. */
function strength(closure: Closure, t: number): number {
  const beyond = Math.abs(t - closure.centre) - closure.half;
  if (beyond <= 0) return 1;
  if (beyond >= CLOSURE_RAMP) return 0;
  const x = 1 - beyond / CLOSURE_RAMP;
  return x * x * (3 - 2 * x);
}

/** First index whose value is at least `limit`; values ascend. */
function lowerBound(values: Float64Array, limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Blends the targets of neighbouring sounds: each sound dominates in its own time and fades beyond it by a Gaussian
 * whose width depends on the parameter. Closures override the blend, so that no vowel holds lips open on p, b, m.
 */
export function coarticulate(events: readonly MouthEvent[]): MouthSource {
  const ends = Float64Array.from(events, (event) => event.end);
  const targets = events.map((event) => toVector(event.viseme.target));
  const weights = events.map((event) => {
    const duration = Math.min(LONGEST, event.end - event.start);
    return event.viseme.weight * (duration / 0.08) ** 0.3;
  });
  const closures = events.map(closureOf).filter((closure) => closure !== undefined);
  const sums = new Float64Array(PARAMETER_COUNT);
  const totals = new Float64Array(PARAMETER_COUNT);

  const blend = (t: number): void => {
    sums.fill(0);
    totals.fill(0);
    for (let i = lowerBound(ends, t - REACH); i < events.length; i++) {
      const event = events[i] as MouthEvent;
      if (event.start > t + REACH) break;
      const target = targets[i] as Float64Array;
      const weight = weights[i] as number;
      for (let p = 0; p < PARAMETER_COUNT; p++) {
        const lead = p === PARAMETER.width || p === PARAMETER.round ? ROUNDING_ANTICIPATION : ANTICIPATION;
        const at = t + lead;
        // Silence is not readied for: the last sound keeps its shape to its end.
        const until = event.viseme.name === "rest" ? event.start - t : event.start - at;
        const distance = until > 0 ? until : at > event.end ? at - event.end : 0;
        const z = distance / (SIGMA[p] as number);
        if (z > 4) continue;
        const dominance = weight * Math.exp(-0.5 * z * z);
        sums[p]! += dominance * (target[p] as number);
        totals[p]! += dominance;
      }
    }
  };

  const close = (closure: Closure, t: number, out: Float64Array): void => {
    const lips = strength(closure, t);
    const target = targets[closure.index] as Float64Array;
    for (let p = 0; p < PARAMETER_COUNT; p++) {
      if (p === PARAMETER.smile) continue;
      const rounding = p === PARAMETER.width || p === PARAMETER.round;
      const share = rounding ? lips * closure.rounding : p === PARAMETER.jaw ? lips * CLOSURE_JAW : lips;
      out[p]! += share * ((target[p] as number) - (out[p] as number));
    }
  };

  /** The weaker of two overlapping closures first, so that a complete one is never undone by a neighbour. */
  const override = (t: number, out: Float64Array): void => {
    let before: Closure | undefined;
    let strongest: Closure | undefined;
    for (const closure of closures) {
      if (Math.abs(closure.centre - t) > closure.half + CLOSURE_RAMP) continue;
      if (!strongest || strength(closure, t) >= strength(strongest, t)) [before, strongest] = [strongest, closure];
      else before = closure;
    }
    if (before) close(before, t, out);
    if (strongest) close(strongest, t, out);
  };

  return {
    closures: Float64Array.from(closures, (closure) => closure.centre),
    sample(t, out) {
      const last = events.length - 1;
      const clamped = Math.min((ends[last] as number) - 1e-6, Math.max((events[0] as MouthEvent).start, t));
      blend(clamped);
      for (let p = 0; p < PARAMETER_COUNT; p++) out[p] = (sums[p] as number) / (totals[p] as number);
      override(clamped, out);
    },
  };
}
