/** The pitch as RVC's voices take it, made of what a pitch tracker found. */

/** The range of RVC's notes, Hz: what lies outside is the lowest or highest of them. */
export const RVC_F0 = { floor: 50, ceiling: 1100 } as const;
const NOTES = 255;

const mel = (hz: number): number => 1127 * Math.log(1 + hz / 700);
const LOW = mel(RVC_F0.floor);
const STEP = (NOTES - 1) / (mel(RVC_F0.ceiling) - LOW);

export type F0Settings = {
  /** How it was found: Harvest's and DIO's are smoothed, the networks' are not. */
  readonly method: string;
  readonly semitones: number;
  /** Above 2 Harvest's is smoothed; DIO's always is. */
  readonly filterRadius: number;
};

/** The pitch shifted, and smoothed where RVC does so. Hz; 0 where there is no voice. */
export function preparedF0(values: Float64Array, { method, semitones, filterRadius }: F0Settings): Float64Array {
  const smooth = method === "dio" || (method === "harvest" && filterRadius > 2);
  const factor = 2 ** (semitones / 12);
  return (smooth ? medianOfThree(values) : values).map((hz) => hz * factor);
}

/** The note of each frame, 1 to 255 in equal steps of mel, to the nearest even half; 1 where there is no voice. */
export function coarsePitch(f0: ArrayLike<number>): BigInt64Array<ArrayBuffer> {
  const notes = new BigInt64Array(f0.length);
  for (let i = 0; i < f0.length; i++) notes[i] = BigInt(noteOf(f0[i] as number));
  return notes;
}

function noteOf(hz: number): number {
  const note = notePlace(hz);
  const below = Math.floor(note);
  const rest = note - below;
  if (rest !== 0.5) return Math.round(note);
  return below % 2 === 0 ? below : below + 1;
}

/** Where a pitch lies among the notes, before it is rounded. */
export function notePlace(hz: number): number {
  return hz > 0 ? Math.min(NOTES, Math.max(1, (mel(hz) - LOW) * STEP + 1)) : 1;
}

/** Medians of three; before the first and after the last stands 0 (`scipy.signal.medfilt`). */
function medianOfThree(values: Float64Array): Float64Array {
  return values.map((b, i) => {
    const [a, c] = [values[i - 1] ?? 0, values[i + 1] ?? 0];
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  });
}
