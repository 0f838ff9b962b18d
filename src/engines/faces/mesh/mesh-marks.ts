import type { FaceMarks, Point } from "../../../library/face-marks.ts";

/** Which of the mesh's 468 points are which marks; each list from the picture's left to its right. */
const OUTER_UPPER = [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291];
const OUTER_LOWER = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291];
const INNER_UPPER = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308];
const INNER_LOWER = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308];
const JAW = [234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454];
const EYES = [
  { upper: [33, 246, 161, 160, 159, 158, 157, 173, 133], lower: [33, 7, 163, 144, 145, 153, 154, 155, 133], brow: 52 },
  {
    upper: [362, 398, 384, 385, 386, 387, 388, 466, 263],
    lower: [362, 382, 381, 380, 374, 373, 390, 249, 263],
    brow: 282,
  },
];
const NOSE_BASE = 2;
const CHIN = 152;
const FOREHEAD = 10;

/** The marks of a mesh: x and y of each point in turn. */
export function marksOf(mesh: Float32Array): FaceMarks {
  const at = (index: number): [number, number] => [mesh[2 * index] as number, mesh[2 * index + 1] as number];
  const all = (indices: readonly number[]): [number, number][] => indices.map(at);
  return {
    outerUpper: all(OUTER_UPPER),
    innerUpper: all(INNER_UPPER),
    innerLower: all(INNER_LOWER),
    outerLower: all(OUTER_LOWER),
    noseBase: at(NOSE_BASE),
    chin: at(CHIN),
    forehead: at(FOREHEAD),
    jaw: all(JAW),
    eyes: EYES.map(({ upper, lower, brow }) => ({ upper: all(upper), lower: all(lower), brow: at(brow) })),
  };
}

/** Distance of two points. */
export const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

/**
 * Whether marks make a face: parts in their order from the forehead down, seen in the face's own axes, and not squeezed
 * to nothing, as a mesh that was laid on a wall or a cat is.
 */
export function plausible(marks: FaceMarks): boolean {
  const [fx, fy] = marks.forehead;
  const down: Point = [marks.chin[0] - fx, marks.chin[1] - fy];
  const height = Math.hypot(...down);
  if (height < 16) return false;
  const along = ([x, y]: Point): number => ((x - fx) * down[0] + (y - fy) * down[1]) / height ** 2;
  const middle = (points: readonly Point[]): Point => points[points.length >> 1] as Point;
  const eyes = marks.eyes.map(({ upper }) => along(middle(upper)));
  const order = [
    0.1,
    ...(eyes.length > 0 ? [Math.max(...eyes)] : []),
    along(marks.noseBase),
    along(middle(marks.outerUpper)),
    along(middle(marks.outerLower)),
    0.97,
  ];
  const inOrder = order.every((value, i) => i === 0 || value > (order[i - 1] as number));
  const width = distance(marks.outerUpper[0] as Point, marks.outerUpper[10] as Point);
  return inOrder && width > 0.12 * height && width < 0.9 * height;
}
