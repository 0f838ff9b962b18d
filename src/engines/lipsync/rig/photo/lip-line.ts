import type { FaceMarks, Point } from "../../../../library/face-marks.ts";
import type { RgbPicture } from "../../../faces/face-finder.ts";

/** How much darker, in grey levels, a line must be to lie at the edge of where it is looked for. */
const FAR_COST = 22;
/** What a step up or down costs between two columns. */
const STEP_COST = 5;
const STEPS = [-2, -1, 0, 1, 2] as const;
/** Of what lies between the lips' inner edges, the part that must be teeth or dark for a mouth to count as open. */
const OPEN_SHARE = 0.45;

/** A line in a picture: its height, pixels, in each column from `left` on. */
export type PictureLine = { readonly left: number; readonly heights: Float64Array };

/**
 * The darkest way across a picture near a guess: the seam of shut lips is darker than both of them.
 * @param guess where the line should be, by column
 * @param reach how far above and below it is looked for, pixels
 */
export function darkestLine(
  picture: RgbPicture,
  from: number,
  to: number,
  guess: (x: number) => number,
  reach: number,
): PictureLine {
  const left = Math.max(0, Math.round(from));
  const columns = Math.max(1, Math.min(picture.width - 1, Math.round(to)) - left + 1);
  const rows = 2 * reach + 1;
  const best = new Float64Array(columns * rows);
  const came = new Int8Array(columns * rows);
  for (let x = 0; x < columns; x++) {
    const middle = Math.round(guess(left + x));
    const moved = x === 0 ? 0 : middle - Math.round(guess(left + x - 1));
    for (let r = 0; r < rows; r++) {
      const far = (r - reach) / reach;
      let least = x === 0 ? 0 : Infinity;
      for (const step of x > 0 ? STEPS : []) {
        const before = r + moved + step;
        if (before < 0 || before >= rows) continue;
        const sum = (best[(x - 1) * rows + before] as number) + STEP_COST * Math.abs(step);
        if (sum >= least) continue;
        least = sum;
        came[x * rows + r] = moved + step;
      }
      best[x * rows + r] = least + lightAt(picture, left + x, middle + r - reach) + FAR_COST * far * far;
    }
  }
  const heights = new Float64Array(columns);
  let r = 0;
  for (let i = 1; i < rows; i++) {
    if ((best[(columns - 1) * rows + i] as number) < (best[(columns - 1) * rows + r] as number)) r = i;
  }
  for (let x = columns - 1; x >= 0; x--) {
    heights[x] = Math.round(guess(left + x)) + r - reach;
    r = Math.min(rows - 1, Math.max(0, r + (came[x * rows + r] as number)));
  }
  return { left, heights };
}

/** A line's height around a column, the mean of seven. */
export function heightAt({ left, heights }: PictureLine, x: number): number {
  const at = Math.min(heights.length - 1, Math.max(0, Math.round(x) - left));
  let sum = 0;
  let count = 0;
  for (let i = Math.max(0, at - 3); i <= Math.min(heights.length - 1, at + 3); i++, count++)
    sum += heights[i] as number;
  return sum / count;
}

/**
 * Settles whether the lips are apart: a finder that has learnt from smiles sees an opening where there is none. Where
 * what lies between the inner edges looks like lips, these are laid together on the darkest line.
 */
export function settleLips(picture: RgbPicture, marks: FaceMarks): FaceMarks {
  if (openShare(picture, marks) >= OPEN_SHARE) return marks;
  const upper = marks.innerUpper as readonly Point[];
  const lower = marks.innerLower as readonly Point[];
  const middle = (x: number): number => (readCurve(upper, x) + readCurve(lower, x)) / 2;
  const half = ((upper[10] as Point)[0] - (upper[0] as Point)[0]) / 2;
  const thick = Math.max(...lower.map(([, y], i) => y - (upper[i] as Point)[1]));
  const reach = Math.max(2, Math.round(0.5 * thick + 0.06 * half));
  const line = darkestLine(picture, (upper[0] as Point)[0], (upper[10] as Point)[0], middle, reach);
  const laid = upper.map(([x], i): [number, number] => {
    // Lips are a little thick at least on either side of their seam.
    const over = (marks.outerUpper[i] as Point)[1];
    const under = (marks.outerLower[i] as Point)[1];
    const room = 0.15 * (under - over);
    return [x, Math.min(under - room, Math.max(over + room, heightAt(line, x)))];
  });
  return { ...marks, innerUpper: laid, innerLower: laid.map(([x, y]): [number, number] => [x, y]) };
}

/** Part of the room between the lips' inner edges that is darker than lips, or paler. */
function openShare(picture: RgbPicture, marks: FaceMarks): number {
  const lip = { light: 0, red: 0, count: 0 };
  const visit = (from: readonly Point[], to: readonly Point[], act: (light: number, red: number) => void): void => {
    const [left, right] = [(from[2] as Point)[0], (from[8] as Point)[0]];
    for (let x = left; x <= right; x++) {
      const [top, bottom] = [readCurve(from, x), readCurve(to, x)];
      for (let y = top + 0.2 * (bottom - top); y <= bottom - 0.2 * (bottom - top); y++) {
        const light = lightAt(picture, Math.round(x), Math.round(y));
        act(light, rednessAt(picture, Math.round(x), Math.round(y)));
      }
    }
  };
  const learn = (light: number, red: number): void => {
    lip.light += light;
    lip.red += red;
    lip.count++;
  };
  visit(marks.outerUpper, marks.innerUpper, learn);
  visit(marks.innerLower, marks.outerLower, learn);
  const [light, red] = [lip.light / Math.max(1, lip.count), lip.red / Math.max(1, lip.count)];
  let inside = 0;
  let all = 0;
  visit(marks.innerUpper, marks.innerLower, (here, redness) => {
    const pale = (red > 0.04 && redness < 0.55 * red && here > 0.6 * light) || here > 1.35 * light;
    if (here < 0.5 * light || pale) inside++;
    all++;
  });
  return all === 0 ? 0 : inside / all;
}

/** Height of a curve at a column. */
function readCurve(points: readonly Point[], x: number): number {
  let i = 0;
  while (i < points.length - 2 && (points[i + 1] as Point)[0] < x) i++;
  const [ax, ay] = points[i] as Point;
  const [bx, by] = points[i + 1] as Point;
  if (bx <= ax) return ay;
  return ay + (by - ay) * Math.min(1, Math.max(0, (x - ax) / (bx - ax)));
}

/** Light of a pixel and its neighbours above and below, 0…255. */
function lightAt({ width, height, data }: RgbPicture, x: number, y: number): number {
  let sum = 0;
  const column = Math.min(width - 1, Math.max(0, x));
  for (let step = -1; step <= 1; step++) {
    const row = Math.min(height - 1, Math.max(0, y + step));
    const at = (row * width + column) * 3;
    sum += 0.25 * (data[at] as number) + 0.65 * (data[at + 1] as number) + 0.1 * (data[at + 2] as number);
  }
  return sum / 3;
}

/** How much redder than green a pixel is, −1…1. */
function rednessAt({ width, height, data }: RgbPicture, x: number, y: number): number {
  const at = (Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))) * 3;
  const [r, g] = [data[at] as number, data[at + 1] as number];
  return r + g === 0 ? 0 : (r - g) / (r + g);
}
