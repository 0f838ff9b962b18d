import type { RgbPicture } from "../../../faces/face-finder.ts";
import { type Box, type FaceMarks, mapMarks, type Point } from "../../../../library/face-marks.ts";
import { darkestLine, heightAt } from "./lip-line.ts";

/**
 * Marks of a calm face whose box, from ear to ear and brow to chin, is 1 by 1: where nobody found better ones. The mouth
 * is 0.4 wide, its middle at (0.5, 0.78).
 */
const LIP_HALF = 0.2;
const LIP_Y = 0.78;
const UPPER_LIP = 0.042;
const LOWER_LIP = 0.058;

/** Steps along a lip, −1…1. */
const STEPS = Array.from({ length: 11 }, (_, i) => (i - 5) / 5);
const lip = (height: (t: number) => number): [number, number][] =>
  STEPS.map((t) => [0.5 + LIP_HALF * t, LIP_Y + height(t)]);
const bow = (t: number): number => 1 - t * t - 0.18 * Math.exp(-((t / 0.16) ** 2));

const CALM: FaceMarks = {
  outerUpper: lip((t) => -UPPER_LIP * Math.max(0, bow(t))),
  innerUpper: lip(() => 0),
  innerLower: lip(() => 0),
  outerLower: lip((t) => LOWER_LIP * (1 - Math.abs(t) ** 2.4)),
  noseBase: [0.5, 0.635],
  chin: [0.5, 1],
  forehead: [0.5, -0.22],
  jaw: Array.from({ length: 21 }, (_, i) => {
    const angle = (Math.PI * (i - 10)) / 21;
    return [0.5 + 0.5 * Math.sign(angle) * Math.abs(Math.sin(angle)) ** 0.8, 0.35 + 0.65 * Math.cos(angle)];
  }),
  eyes: [],
};

/** Mean place and size of the mouth in a face's box. */
const MOUTH_IN_FACE = { x: 0.3, y: LIP_Y - UPPER_LIP, width: 2 * LIP_HALF, height: UPPER_LIP + LOWER_LIP };

/** Marks from the caller's boxes alone: a calm face in the box, its lip line laid on the picture's. */
export function marksFromBoxes(picture: RgbPicture, face: Box | undefined, mouth: Box | undefined): FaceMarks {
  const box = face ?? faceAround(mouth as Box);
  const laid = mapMarks(CALM, ([x, y]) => [box[0] + x * box[2], box[1] + y * box[3]]);
  const placed = mouth ? fitMouth(laid, mouth) : laid;
  return onLipLine(picture, placed);
}

/** Moves and scales the lips of `marks` so that they fill the caller's box; nose and chin give way where they must. */
export function fitMouth(marks: FaceMarks, box: Box): FaceMarks {
  const lips = [...marks.outerUpper, ...marks.outerLower];
  const left = Math.min(...lips.map(([x]) => x));
  const top = Math.min(...lips.map(([, y]) => y));
  const width = Math.max(1e-6, Math.max(...lips.map(([x]) => x)) - left);
  const height = Math.max(1e-6, Math.max(...lips.map(([, y]) => y)) - top);
  const move = ([x, y]: Point): [number, number] => [
    box[0] + ((x - left) * box[2]) / width,
    box[1] + ((y - top) * box[3]) / height,
  ];
  const all = (points: readonly Point[]): [number, number][] => points.map(move);
  return {
    ...marks,
    outerUpper: all(marks.outerUpper),
    innerUpper: all(marks.innerUpper),
    innerLower: all(marks.innerLower),
    outerLower: all(marks.outerLower),
    noseBase: [marks.noseBase[0], Math.min(marks.noseBase[1], box[1] - 0.12 * box[2])],
    chin: [marks.chin[0], Math.max(marks.chin[1], box[1] + box[3] + 0.3 * box[2])],
  };
}

/** The face's box that goes with a mouth's. */
function faceAround([x, y, width, height]: Box): Box {
  const w = width / MOUTH_IN_FACE.width;
  const h = Math.max(1.2 * w, height / MOUTH_IN_FACE.height / 2);
  return [x + width / 2 - w / 2, y + height / 2 - LIP_Y * h, w, h];
}

/** Lays the lips' line on the darkest way from corner to corner; the outer edges move along. */
function onLipLine(picture: RgbPicture, marks: FaceMarks): FaceMarks {
  const left = marks.outerUpper[0] as Point;
  const right = marks.outerUpper[10] as Point;
  const reach = Math.max(2, Math.round(0.16 * (right[0] - left[0])));
  if (right[0] - left[0] < 8) return marks;
  const middle = (left[1] + right[1]) / 2;
  const line = darkestLine(picture, left[0], right[0], () => middle, reach);
  const shift = ([x, y]: Point): [number, number] => [x, y + heightAt(line, x) - middle];
  const all = (points: readonly Point[]): [number, number][] => points.map(shift);
  return {
    ...marks,
    outerUpper: all(marks.outerUpper),
    innerUpper: all(marks.innerUpper),
    innerLower: all(marks.innerLower),
    outerLower: all(marks.outerLower),
  };
}
