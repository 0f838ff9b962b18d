/**
 * The eleven numbers that make a mouth shape, and where each one sits in a parameter vector.
 * Vectors are `Float64Array`s of `PARAMETER_COUNT`, reused from frame to frame.
 */
export const PARAMETER = {
  /** 0…1; at 1 the lower inner lip has dropped 0.34 mouth widths. */
  jaw: 0,
  /** Corner distance as a factor of the resting one, 0.6…1.15. */
  width: 1,
  /** 0…1; lips drawn forward into a ring. */
  round: 2,
  /** Raise of the upper lip, 0…1. */
  upper: 3,
  /** Drop of the lower lip against the jaw, 0…1. */
  lower: 4,
  /** How much of the upper teeth shows, 0…1. */
  teethUpper: 5,
  /** How much of the lower teeth shows, 0…1. */
  teethLower: 6,
  /** Height of the tongue, 0…1. */
  tongue: 7,
  /** Corners up and out, 0…1.2. */
  smile: 8,
  /** Lips rolled in and pressed together, 0…1. */
  press: 9,
  /** Lower lip under the upper teeth, 0…1. */
  tuck: 10,
} as const;

/** Name of a mouth parameter. */
export type ParameterName = keyof typeof PARAMETER;

/** Length of a parameter vector. */
export const PARAMETER_COUNT = 11;

/** A full set of mouth parameters, by name. */
export type MouthTarget = Readonly<Record<ParameterName, number>>;

/** A target as a vector, in the order of `PARAMETER`. */
export function toVector(target: MouthTarget): Float64Array {
  const vector = new Float64Array(PARAMETER_COUNT);
  for (const [name, index] of Object.entries(PARAMETER)) vector[index] = target[name as ParameterName];
  return vector;
}
