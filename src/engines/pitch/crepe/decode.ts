/** Pitches of CREPE's network, 20 cents apart; cents above 10 Hz. */
const PITCHES = 360;
const STEP_CENTS = 20;
const FIRST_CENTS = 1997.379_408_437_619_1;
const BASE_HZ = 10;
/** A step of so many pitches from one frame to the next does not occur, unless nothing else explains what is heard. */
const REACH = 12;
/** Likelihood of what does not occur: the smallest normal number of float32. */
const NEVER = Math.log(2 ** -126);
/** Under this a frame is not sung. */
const VOICED = 0.1;

export type CrepeRange = {
  /** Hz. */
  readonly floor: number;
  readonly ceiling: number;
};

export type CrepePitch = {
  /** Hz of each frame: there is one always. */
  readonly f0: Float64Array<ArrayBuffer>;
  /** How likely the pitch is, from 0 to 1. */
  readonly periodicity: Float64Array<ArrayBuffer>;
};

/**
 * The likeliest course of the pitch through all frames (Viterbi 1967), as torchcrepe finds it, but for the noise that it
 * adds to hide its steps of 20 cents, and for the frames being looked at all at once and not in batches.
 * @param salience [frames, 360] from 0 to 1
 */
export function decodeCrepe(salience: Float32Array, { floor, ceiling }: CrepeRange): CrepePitch {
  const frames = Math.floor(salience.length / PITCHES);
  const f0 = new Float64Array(frames);
  const periodicity = new Float64Array(frames);
  if (frames === 0) return { f0, periodicity };
  const place = (hz: number): number => (1200 * Math.log2(hz / BASE_HZ) - FIRST_CENTS) / STEP_CENTS;
  const [from, to] = [Math.floor(place(floor)), Math.ceil(place(ceiling))];
  const moves = movesBetween();
  const cameFrom = new Uint16Array(frames * PITCHES);
  let value = new Float64Array(PITCHES);
  let next = new Float64Array(PITCHES);
  const heard = new Float64Array(PITCHES);
  for (let frame = 0; frame < frames; frame++) {
    logLikelihoods(salience, frame * PITCHES, from, to, heard);
    if (frame === 0) {
      value.set(heard);
      continue;
    }
    const best = largest(value);
    const jump = (value[best] as number) + NEVER;
    for (let pitch = 0; pitch < PITCHES; pitch++) {
      let most = jump;
      let origin = best;
      const last = Math.min(PITCHES - 1, pitch + REACH - 1);
      for (let at = Math.max(0, pitch - REACH + 1); at <= last; at++) {
        const sum = (value[at] as number) + (moves[at * PITCHES + pitch] as number);
        if (sum > most || (sum === most && at < origin)) {
          most = sum;
          origin = at;
        }
      }
      next[pitch] = most + (heard[pitch] as number);
      cameFrom[frame * PITCHES + pitch] = origin;
    }
    [value, next] = [next, value];
  }
  let pitch = largest(value);
  for (let frame = frames - 1; frame >= 0; frame--) {
    f0[frame] = BASE_HZ * 2 ** ((FIRST_CENTS + STEP_CENTS * pitch) / 1200);
    periodicity[frame] = salience[frame * PITCHES + pitch] as number;
    pitch = cameFrom[frame * PITCHES + pitch] as number;
  }
  return { f0, periodicity };
}

/** The course smoothed, and 0 where nothing is sung: means of three frames, judged by the median of three likelihoods. */
export function voicedOnly({ f0, periodicity }: CrepePitch): Float64Array<ArrayBuffer> {
  const around = (values: Float64Array, at: number): Float64Array => values.subarray(Math.max(0, at - 1), at + 2);
  return f0.map((_, frame) => {
    const sorted = around(periodicity, frame).toSorted();
    // Of two, at the ends, the lower one.
    if ((sorted[Math.floor((sorted.length - 1) / 2)] as number) < VOICED) return 0;
    const near = around(f0, frame);
    return near.reduce((sum, hz) => sum + hz, 0) / near.length;
  });
}

/** Logarithms of the softmax of a frame's saliences; outside of the range nothing is likely. */
function logLikelihoods(salience: Float32Array, row: number, from: number, to: number, out: Float64Array): void {
  const [first, last] = [Math.max(0, from), Math.min(PITCHES, to)];
  let sum = 0;
  for (let i = first; i < last; i++) sum += Math.exp(salience[row + i] as number);
  out.fill(NEVER);
  for (let i = first; i < last; i++) out[i] = (salience[row + i] as number) - Math.log(sum);
}

/** Logarithms of the likelihoods of steps, [from, to]: the further, the less likely. */
function movesBetween(): Float64Array {
  const moves = new Float64Array(PITCHES * PITCHES);
  const weight = (from: number, to: number): number => Math.max(REACH - Math.abs(from - to), 0);
  for (let from = 0; from < PITCHES; from++) {
    let sum = 0;
    for (let to = 0; to < PITCHES; to++) sum += weight(from, to);
    for (let to = 0; to < PITCHES; to++) moves[from * PITCHES + to] = Math.log(weight(from, to) / sum + 2 ** -126);
  }
  return moves;
}

/** Where the largest is; of several, the first. */
function largest(values: Float64Array): number {
  let at = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[at] as number)) at = i;
  return at;
}
