import { type FaceMarks, faceBox, type Point } from "../../../../library/face-marks.ts";
import { IDENTITY, type Similarity } from "./axes.ts";
import { sample } from "./sample.ts";

/** Points at which a face is compared, about. */
const POINTS = 2400;
const MOST_STEPS = 24;
/** A step under this, in pixels at the face's rim, ends the search. */
const SMALL_STEP = 0.01;
/** Differences beyond this many grey levels count less: a blink, a hand. */
const ODD = 14;

/** Luma of a picture. */
export type GrayPicture = { readonly width: number; readonly height: number; readonly data: Uint8Array };

/**
 * Follows a face through a video: finds the turn, size and place that bring its first picture onto another one, by
 * least squares over the face from the brow to the nose (Lucas and Kanade; the steps are solved on the first picture).
 * Every picture is compared to the first, so nothing drifts.
 */
export class FaceTracker {
  readonly #first: GrayPicture;
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  readonly #value: Float64Array;
  readonly #slopes: Float64Array;
  readonly #centre: Point;
  readonly #radius: number;
  #last: Similarity = IDENTITY;

  /** @param marks where the face is in `first`, pixels of it */
  constructor(first: GrayPicture, marks: FaceMarks) {
    const [left, top, width, height] = faceBox(marks);
    this.#first = blurred(first);
    this.#centre = [left + width / 2, top + 0.45 * height];
    this.#radius = Math.max(width, height) / 2;
    const step = Math.max(1, Math.sqrt((0.8 * width * 0.55 * height) / POINTS));
    const places: Point[] = [];
    // The mouth moves by itself, and hair hangs over the forehead's upper part.
    for (let y = top + 0.15 * height; y < top + 0.7 * height; y += step) {
      for (let x = left + 0.1 * width; x < left + 0.9 * width; x += step) {
        if (x > 2 && y > 2 && x < first.width - 3 && y < first.height - 3) places.push([x, y]);
      }
    }
    this.#x = Float64Array.from(places, ([x]) => x - this.#centre[0]);
    this.#y = Float64Array.from(places, ([, y]) => y - this.#centre[1]);
    this.#value = Float64Array.from(places, ([x, y]) => this.#read(this.#first, x, y));
    this.#slopes = new Float64Array(4 * places.length);
    for (const [i, [x, y]] of places.entries()) {
      const dx = (this.#read(this.#first, x + 1, y) - this.#read(this.#first, x - 1, y)) / 2;
      const dy = (this.#read(this.#first, x, y + 1) - this.#read(this.#first, x, y - 1)) / 2;
      const [u, v] = [this.#x[i] as number, this.#y[i] as number];
      this.#slopes.set([dx * u + dy * v, -dx * v + dy * u, dx, dy], 4 * i);
    }
  }

  #read({ data, width, height }: GrayPicture, x: number, y: number): number {
    return sample(data, width, height, x, y);
  }

  /** Where the face lies in the next picture. `fit` is the mean difference left, grey levels. */
  follow(picture: GrayPicture): { readonly place: Similarity; readonly fit: number } {
    const seen = blurred(picture);
    const [cx, cy] = this.#centre;
    let [a, b, c, d] = centred(this.#last, cx, cy);
    let fit = Infinity;
    for (let step = 0; step < MOST_STEPS; step++) {
      const found = this.#step(seen, a, b, c, d);
      fit = found.fit;
      const [p, q, r, s] = found.change;
      // The step is taken on the first picture, so its inverse is applied before what is known.
      const size = (1 + p) ** 2 + q ** 2;
      const [ia, ib] = [(1 + p) / size, -q / size];
      const [ic, id] = [-(ia * r - ib * s), -(ib * r + ia * s)];
      [a, b, c, d] = [a * ia - b * ib, a * ib + b * ia, a * ic - b * id + c, b * ic + a * id + d];
      if (Math.hypot(r, s) + Math.hypot(p, q) * this.#radius < SMALL_STEP) break;
    }
    const sane = Math.hypot(a, b) > 0.5 && Math.hypot(a, b) < 2 && Number.isFinite(c + d);
    if (sane) this.#last = [a, b, cx + c - a * cx + b * cy, cy + d - b * cx - a * cy];
    return { place: this.#last, fit };
  }

  /** One step of the search: the change of place that the differences ask for. */
  #step(
    seen: GrayPicture,
    a: number,
    b: number,
    c: number,
    d: number,
  ): { change: readonly [number, number, number, number]; fit: number } {
    const [cx, cy] = this.#centre;
    const count = this.#x.length;
    const shown = new Float64Array(count);
    let mean = 0;
    let meanFirst = 0;
    for (let i = 0; i < count; i++) {
      const x = this.#x[i] as number;
      const y = this.#y[i] as number;
      shown[i] = this.#read(seen, cx + a * x - b * y + c, cy + b * x + a * y + d);
      mean += shown[i] as number;
      meanFirst += this.#value[i] as number;
    }
    // The light may have changed.
    const lighter = (mean - meanFirst) / count;
    const matrix = new Float64Array(16);
    const right = new Float64Array(4);
    let fit = 0;
    for (let i = 0; i < count; i++) {
      const error = (shown[i] as number) - (this.#value[i] as number) - lighter;
      const weight = 1 / (1 + (error / ODD) ** 2);
      fit += Math.abs(error);
      for (let row = 0; row < 4; row++) {
        const slope = (this.#slopes[4 * i + row] as number) * weight;
        right[row]! += slope * error;
        for (let column = 0; column < 4; column++) {
          matrix[4 * row + column]! += slope * (this.#slopes[4 * i + column] as number);
        }
      }
    }
    return { change: solve(matrix, right), fit: fit / Math.max(1, count) };
  }
}

/** A similarity about a centre: turn and size there, and the way that the centre goes. */
function centred([a, b, c, d]: Similarity, cx: number, cy: number): [number, number, number, number] {
  return [a, b, a * cx - b * cy + c - cx, b * cx + a * cy + d - cy];
}

/** Solves four equations by elimination; a face without any slope has no answer, and does not move. */
function solve(matrix: Float64Array, right: Float64Array): [number, number, number, number] {
  const at = (row: number, column: number): number => matrix[4 * row + column] as number;
  for (let pivot = 0; pivot < 4; pivot++) {
    if (Math.abs(at(pivot, pivot)) < 1e-9) return [0, 0, 0, 0];
    for (let row = pivot + 1; row < 4; row++) {
      const factor = at(row, pivot) / at(pivot, pivot);
      for (let column = pivot; column < 4; column++) matrix[4 * row + column]! -= factor * at(pivot, column);
      right[row]! -= factor * (right[pivot] as number);
    }
  }
  const out: [number, number, number, number] = [0, 0, 0, 0];
  for (let row = 3; row >= 0; row--) {
    let value = right[row] as number;
    for (let column = row + 1; column < 4; column++) value -= at(row, column) * (out[column] as number);
    out[row] = value / at(row, row);
  }
  return out;
}

/** Each pixel with its neighbours, 1 2 1 both ways: slopes of grain lead nowhere. */
function blurred({ width, height, data }: GrayPicture): GrayPicture {
  const half = new Uint16Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const left = data[x > 0 ? at - 1 : at] as number;
      const right = data[x < width - 1 ? at + 1 : at] as number;
      half[at] = left + 2 * (data[at] as number) + right;
    }
  }
  const out = new Uint8Array(width * height);
  for (let at = 0; at < out.length; at++) {
    const above = half[at >= width ? at - width : at] as number;
    const below = half[at < out.length - width ? at + width : at] as number;
    out[at] = (above + 2 * (half[at] as number) + below + 8) >> 4;
  }
  return { width, height, data: out };
}
