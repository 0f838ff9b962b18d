import { z } from "zod";

const point = z.tuple([z.number(), z.number()]);
const curve = (points: number) => z.array(point).length(points);

const eye = z.strictObject({
  /** Edges of the lids, from the corner at the picture's left to the one at its right. */
  upper: curve(9),
  lower: curve(9),
  /** Lower edge of the brow above the eye's middle. */
  brow: point,
});

/** Where the parts of a face are, in pixels of the upright picture. Left and right are the picture's. */
export const faceMarksSchema = z.strictObject({
  /** Edges of the lips, from the left corner to the right one. Upper ones first, from outside to inside. */
  outerUpper: curve(11),
  innerUpper: curve(11),
  innerLower: curve(11),
  outerLower: curve(11),
  /** Where the nose meets the upper lip's skin. */
  noseBase: point,
  chin: point,
  forehead: point,
  /** Outline of the lower face from the left ear over the chin (the middle point) to the right ear. */
  jaw: curve(21),
  /** The left eye and the right one, or none where they were not found. */
  eyes: z.array(eye).max(2),
});

export type FaceMarks = z.infer<typeof faceMarksSchema>;

/** A place in a picture, pixels: across, down. */
export type Point = readonly [x: number, y: number];

/** Left, top, width and height, in pixels. */
export type Box = readonly [x: number, y: number, width: number, height: number];

/** Applies `move` to every mark. */
export function mapMarks(marks: FaceMarks, move: (point: Point) => Point): FaceMarks {
  const one = (p: Point): [number, number] => [...move(p)];
  const all = (points: readonly Point[]): [number, number][] => points.map(one);
  return {
    outerUpper: all(marks.outerUpper),
    innerUpper: all(marks.innerUpper),
    innerLower: all(marks.innerLower),
    outerLower: all(marks.outerLower),
    noseBase: one(marks.noseBase),
    chin: one(marks.chin),
    forehead: one(marks.forehead),
    jaw: all(marks.jaw),
    eyes: marks.eyes.map((e) => ({ upper: all(e.upper), lower: all(e.lower), brow: one(e.brow) })),
  };
}

/** The box that the face's outline fills, from forehead to chin. */
export function faceBox(marks: FaceMarks): Box {
  const points = [...marks.jaw, marks.forehead, marks.chin];
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}
