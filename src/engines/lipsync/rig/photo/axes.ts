import type { Point } from "../../../../library/face-marks.ts";

/** The axes of a part of a face in the frame: across from corner to corner, and down. Lengths in them are frame pixels. */
export type Axes = {
  /** Middle of the corners, frame pixels. */
  readonly x: number;
  readonly y: number;
  /** Direction of the first axis. */
  readonly cos: number;
  readonly sin: number;
};

/** Axes through two corners, and half the distance of these. */
export function axesThrough(left: Point, right: Point): { readonly axes: Axes; readonly half: number } {
  const width = Math.max(1, Math.hypot(right[0] - left[0], right[1] - left[1]));
  const axes: Axes = {
    x: (left[0] + right[0]) / 2,
    y: (left[1] + right[1]) / 2,
    cos: (right[0] - left[0]) / width,
    sin: (right[1] - left[1]) / width,
  };
  return { axes, half: width / 2 };
}

/** A place of the frame in a part's axes. */
export function toAxes({ x, y, cos, sin }: Axes, [px, py]: Point): Point {
  return [(px - x) * cos + (py - y) * sin, (py - y) * cos - (px - x) * sin];
}

/** A place in a part's axes in the frame. */
export function fromAxes({ x, y, cos, sin }: Axes, [across, down]: Point): Point {
  return [x + across * cos - down * sin, y + across * sin + down * cos];
}

/** Turn, size and place of a face against the first picture: x' = a·x − b·y + c, y' = b·x + a·y + d. */
export type Similarity = readonly [a: number, b: number, c: number, d: number];

export const IDENTITY: Similarity = [1, 0, 0, 0];
