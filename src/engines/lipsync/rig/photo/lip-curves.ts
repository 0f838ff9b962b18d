import type { FaceMarks, Point } from "../../../../library/face-marks.ts";
import { clamp01, smooth } from "../curves.ts";
import { edgeHeights } from "./edge-heights.ts";
import { type Axes, axesThrough, toAxes } from "./axes.ts";

/** Places along the lips at which their edges are kept, from the left corner to the right one. */
export const PLACES = 129;
/** Smoothings of a curve: marks are a few pixels apart. */
const SMOOTHINGS = 24;

/** A mouth as the picture shows it, in its own axes; lengths in frame pixels. */
export type LipCurves = {
  readonly axes: Axes;
  /** Half the distance of the corners. */
  readonly half: number;
  /** Edges at `PLACES` places. Between the corners of the opening and those of the lips the inner edges run together. */
  readonly outerUpper: Float64Array;
  readonly innerUpper: Float64Array;
  readonly innerLower: Float64Array;
  readonly outerLower: Float64Array;
  /** Where lips meet that are shut. */
  readonly line: Float64Array;
  /** How far the picture's mouth is open, 0 shut … 1 surely open. */
  readonly open: number;
  /** Largest height of the opening. */
  readonly gap: number;
  readonly noseY: number;
  readonly chinX: number;
  readonly chinY: number;
  /** Half the width of the face at the height of the mouth, to its nearer side. */
  readonly faceHalf: number;
};

/** Of the opening, how much the upper lip comes down to shut it; the rest the lower lip rises. */
const UPPER_SHARE = 0.6;
/** Width of the lips' edges that have teeth in them, pixels of the picture. */
const BLEED = 0.8;

/** Reads the lips' edges from marks in frame pixels; `scale` is frame pixels per pixel of the picture. */
export function lipCurves(marks: FaceMarks, scale: number): LipCurves {
  const left = marks.outerUpper[0] as Point;
  const right = marks.outerUpper[10] as Point;
  const { axes, half } = axesThrough(left, right);
  const place = (p: Point): Point => toAxes(axes, p);
  const curve = (points: readonly Point[]): Float64Array =>
    edgeHeights([[-half, 0], ...points.map(place), [half, 0]], half, PLACES, SMOOTHINGS);
  const outerUpper = curve(marks.outerUpper.slice(1, -1));
  const outerLower = curve(marks.outerLower.slice(1, -1));
  const innerUpper = curve(marks.innerUpper);
  const innerLower = curve(marks.innerLower);
  const line = new Float64Array(PLACES);
  let gap = 0;
  for (let i = 0; i < PLACES; i++) {
    gap = Math.max(gap, (innerLower[i] as number) - (innerUpper[i] as number));
  }
  const open = smooth(clamp01((gap / half - 0.07) / 0.14));
  // Where lips stand apart their edges have taken light from the teeth: these stay behind.
  const bleed = open * BLEED * Math.max(1, scale);
  for (let i = 0; i < PLACES; i++) {
    const upper = Math.max(innerUpper[i] as number, outerUpper[i] as number);
    const lower = Math.min(Math.max(innerLower[i] as number, upper), Math.max(upper, outerLower[i] as number));
    line[i] = upper + UPPER_SHARE * (lower - upper);
    const apart = Math.min(1, (lower - upper) / (2 * bleed + 1e-6));
    innerUpper[i] = upper - apart * Math.min(bleed, 0.3 * (upper - (outerUpper[i] as number)));
    innerLower[i] = lower + apart * Math.min(bleed, 0.3 * ((outerLower[i] as number) - lower));
  }
  const [chinX, chinY] = place(marks.chin);
  const jaw = marks.jaw.map(place);
  return {
    axes,
    half,
    outerUpper,
    innerUpper,
    innerLower,
    outerLower,
    line,
    open,
    gap,
    noseY: Math.min(place(marks.noseBase)[1], (outerUpper[PLACES >> 1] as number) - 0.12 * half),
    chinX,
    chinY: Math.max(chinY, (outerLower[PLACES >> 1] as number) + 0.3 * half),
    faceHalf: Math.max(1.25 * half, Math.min(-sideAt(jaw.slice(0, 11)), sideAt(jaw.slice(10)))),
  };
}

/** Where an outline crosses the height of the mouth. */
function sideAt(outline: readonly Point[]): number {
  for (let i = 1; i < outline.length; i++) {
    const [ax, ay] = outline[i - 1] as Point;
    const [bx, by] = outline[i] as Point;
    if (ay * by <= 0 && ay !== by) return ax + ((bx - ax) * -ay) / (by - ay);
  }
  return (outline[0] as Point)[0];
}
