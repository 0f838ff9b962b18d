/** Last stage of Harvest: a zero-phase Butterworth low-pass filter over each voiced stretch. */
import { voicedSections } from "./voiced-sections.ts";

/** Edge of the filter as a share of half the frame rate: 30 Hz at frames of 1 ms. */
const EDGE = 0.06;
/** Frames before and after a stretch, at its outer values; what the filter remembers has died away by then. */
const PADDING = 300;

const warped = Math.tan((Math.PI * EDGE) / 2);
const scale = 1 + Math.SQRT2 * warped + warped ** 2;
const B0 = warped ** 2 / scale;
const A1 = (2 * (1 - warped ** 2)) / scale;
const A2 = -(1 - Math.SQRT2 * warped + warped ** 2) / scale;

/** `contour`: f0 every ms in Hz, 0 where unvoiced. Returns the curve with each stretch smoothed by itself. */
export function smoothContour(contour: Float64Array): Float64Array {
  const padded = new Float64Array(contour.length + 2);
  padded.set(contour, 1);
  const result = new Float64Array(contour.length);
  for (const { start, end } of voicedSections(padded)) {
    const stretch = new Float64Array(end - start + 1 + 2 * PADDING);
    stretch.fill(padded[start] as number, 0, PADDING);
    stretch.set(padded.subarray(start, end + 1), PADDING);
    stretch.fill(padded[end] as number, PADDING + end - start + 1);
    pass(stretch, 1);
    pass(stretch, -1);
    result.set(stretch.subarray(PADDING, PADDING + end - start + 1), start - 1);
  }
  return result;
}

/** Filters in place, from rest, towards the end (`step` 1) or towards the start (`step` −1). */
function pass(values: Float64Array, step: 1 | -1): void {
  let w1 = 0;
  let w2 = 0;
  for (let count = 0, n = step === 1 ? 0 : values.length - 1; count < values.length; count++, n += step) {
    const w = (values[n] as number) + A1 * w1 + A2 * w2;
    values[n] = B0 * (w + 2 * w1 + w2);
    w2 = w1;
    w1 = w;
  }
}
