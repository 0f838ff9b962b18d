/**
 * Smooth curves through points that rise, without a bump between them.
 * Method: F. N. Fritsch, R. E. Carlson, *Monotone piecewise cubic interpolation*, SIAM J. Numer. Anal. 17, 1980.
 */

/** A point of a curve. */
export type CurvePoint = readonly [x: number, y: number];

/** y at each of `xs` (rising); the curve goes through `points` (x rising strictly) and is flat beyond them. */
export function monotoneCurve(points: readonly CurvePoint[], xs: Float64Array): Float64Array {
  const slopes = tangents(points);
  const result = new Float64Array(xs.length);
  const last = points.length - 1;
  let piece = 0;
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i] as number;
    while (piece < last && x > (points[piece + 1] as CurvePoint)[0]) piece++;
    const [x0, y0] = points[piece] as CurvePoint;
    if (x <= x0 || piece === last) {
      result[i] = y0;
      continue;
    }
    const [x1, y1] = points[piece + 1] as CurvePoint;
    const width = x1 - x0;
    const t = (x - x0) / width;
    const rest = 1 - t;
    result[i] =
      y0 * (1 + 2 * t) * rest * rest +
      (slopes[piece] as number) * width * t * rest * rest +
      y1 * t * t * (3 - 2 * t) -
      (slopes[piece + 1] as number) * width * t * t * rest;
  }
  return result;
}

/** Slope at each point: the weighted harmonic mean of the slopes to either side, 0 at a turn. */
function tangents(points: readonly CurvePoint[]): Float64Array {
  const count = points.length;
  const slopes = new Float64Array(count);
  if (count < 2) return slopes;
  const widths = new Float64Array(count - 1);
  const chords = new Float64Array(count - 1);
  for (let i = 0; i + 1 < count; i++) {
    const [x0, y0] = points[i] as CurvePoint;
    const [x1, y1] = points[i + 1] as CurvePoint;
    widths[i] = x1 - x0;
    chords[i] = (y1 - y0) / (x1 - x0);
  }
  slopes[0] = chords[0] as number;
  slopes[count - 1] = chords[count - 2] as number;
  for (let i = 1; i + 1 < count; i++) {
    const before = chords[i - 1] as number;
    const after = chords[i] as number;
    if (before * after <= 0) continue;
    const near = 2 * (widths[i] as number) + (widths[i - 1] as number);
    const far = (widths[i] as number) + 2 * (widths[i - 1] as number);
    slopes[i] = (near + far) / (near / before + far / after);
  }
  return slopes;
}
