import type { FramePlanes } from "../frame-planes.ts";
import { type Axes, fromAxes, type Similarity } from "./axes.ts";
import type { HeadMotion } from "./head-motion.ts";
import { chromaOffset, RUN, type Source } from "./picture-source.ts";
import { sample } from "./sample.ts";

/** A part of a face that moves: what it shows at a place of its axes. */
export interface MovingPart {
  readonly axes: Axes;
  /** What of its axes it may ever change. */
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Finds, for a place, the fields below; false where nothing has moved. */
  locate(x: number, y: number): boolean;
  /** What is to be added to the place to find it in the picture. */
  readonly across: number;
  readonly down: number;
  /** Share of what lies behind the part, which `behind` has the colour of. */
  readonly cover: number;
  /** Light on the part, 1 as in the picture. */
  readonly light: number;
  /** Share of the picture in what lies behind. */
  own(x: number, y: number): number;
  /** Finds the colour of what lies behind, `share` of it being the picture's. */
  behind(x: number, y: number, share: number, tone: Colour): void;
}

/** A colour, BT.709 limited range; written over. */
export type Colour = { y: number; u: number; v: number };

/** What a drawing needs besides the part. */
export type Drawing = {
  readonly source: Source;
  /** How the whole face lies against where its marks are. */
  readonly place: Similarity;
  readonly motion: HeadMotion | undefined;
};

/** Draws one part of a face over a frame that shows the rest; pixels where the part has not moved are left alone. */
export function paintPart(frame: FramePlanes, part: MovingPart, drawing: Drawing): void {
  const { motion, place } = drawing;
  const box = boxOf(frame, part, place, motion?.reach ?? 0);
  const view = new View(part.axes, drawing);
  for (let y = box.top; y < box.bottom; y++) {
    for (let x = box.left; x < box.right; x += RUN) {
      const count = Math.min(RUN, box.right - x);
      view.run(x, y, count, 1);
      paintLuma(frame.y, y * frame.width + x, count, part, view);
    }
  }
  // Chroma sits at the left of a pair of pixels, between two rows.
  for (let cy = box.top >> 1; cy < box.bottom >> 1; cy++) {
    for (let cx = box.left >> 1; cx < box.right >> 1; cx += RUN / 2) {
      const count = Math.min(RUN / 2, (box.right >> 1) - cx);
      view.run(2 * cx, 2 * cy + 0.5, 2 * count, 2);
      paintChroma(frame, cy * frame.chromaWidth + cx, count, part, view);
    }
  }
}

const tone: Colour = { y: 0, u: 0, v: 0 };

function paintLuma(out: Uint8Array, start: number, count: number, part: MovingPart, view: View): void {
  const { outX, outY, stepHomeX, stepHomeY, stepX, stepY } = view;
  const { y: plane, width, height } = view.source.planes;
  const { finer } = view.source;
  const half = (finer - 1) / 2;
  const { left, right, top, bottom } = part;
  let { x, y, homeX, homeY } = view;
  for (
    let to = start, end = start + count;
    to < end;
    to++, x += stepX, y += stepY, homeX += stepHomeX, homeY += stepHomeY
  ) {
    if (x <= left || x >= right || y <= top || y >= bottom || !part.locate(x, y)) continue;
    const fromX = homeX + part.across * outX - part.down * outY;
    const fromY = homeY + part.across * outY + part.down * outX;
    const shown = sample(plane, width, height, finer * fromX + half, finer * fromY + half);
    let value = 16 + (shown - 16) * part.light;
    if (part.cover > 0) {
      const share = part.own(x, y);
      if (share > 0) tone.y = sample(plane, width, height, finer * homeX + half, finer * homeY + half);
      part.behind(x, y, share, tone);
      value += (tone.y - value) * part.cover;
    }
    out[to] = value + 0.5;
  }
}

function paintChroma(frame: FramePlanes, start: number, count: number, part: MovingPart, view: View): void {
  const { outX, outY, stepHomeX, stepHomeY, stepX, stepY } = view;
  const { u: blue, v: red, chromaWidth: width, chromaHeight: height } = view.source.planes;
  const { finer } = view.source;
  const [beside, below] = chromaOffset(finer);
  const scale = finer / 2;
  const { left, right, top, bottom } = part;
  let { x, y, homeX, homeY } = view;
  for (
    let to = start, end = start + count;
    to < end;
    to++, x += stepX, y += stepY, homeX += stepHomeX, homeY += stepHomeY
  ) {
    if (x <= left || x >= right || y <= top || y >= bottom || !part.locate(x, y)) continue;
    const tx = scale * (homeX + part.across * outX - part.down * outY) + beside;
    const ty = scale * (homeY + part.across * outY + part.down * outX) + below;
    let u = sample(blue, width, height, tx, ty);
    let v = sample(red, width, height, tx, ty);
    if (part.cover > 0) {
      const share = part.own(x, y);
      if (share > 0) {
        tone.u = sample(blue, width, height, scale * homeX + beside, scale * homeY + below);
        tone.v = sample(red, width, height, scale * homeX + beside, scale * homeY + below);
      }
      part.behind(x, y, share, tone);
      u += (tone.u - u) * part.cover;
      v += (tone.v - v) * part.cover;
    }
    frame.u[to] = u + 0.5;
    frame.v[to] = v + 0.5;
  }
}

/** Goes from runs of the frame's pixels through the head's motion into a part's axes. */
class View {
  readonly source: Source;
  /** A part's first axis in the frame, as long as the face is large. */
  readonly outX: number;
  readonly outY: number;
  /** Place of the run's first pixel in the part's axes, and in the picture if the part had not moved; and the steps. */
  x = 0;
  y = 0;
  stepX = 0;
  stepY = 0;
  homeX = 0;
  homeY = 0;
  stepHomeX = 0;
  stepHomeY = 0;
  readonly #motion: HeadMotion | undefined;
  readonly #x: number;
  readonly #y: number;
  readonly #inX: number;
  readonly #inY: number;

  constructor(axes: Axes, { source, place, motion }: Drawing) {
    const [a, b, c, d] = place;
    this.source = source;
    this.#motion = motion;
    this.#x = a * axes.x - b * axes.y + c;
    this.#y = b * axes.x + a * axes.y + d;
    this.outX = a * axes.cos - b * axes.sin;
    this.outY = b * axes.cos + a * axes.sin;
    const size = this.outX ** 2 + this.outY ** 2;
    this.#inX = this.outX / size;
    this.#inY = this.outY / size;
  }

  /** Takes up a run that begins at a pixel; `stride` pixels to a step. */
  run(px: number, py: number, pixels: number, stride: number): void {
    let [x, y, stepX, stepY] = [px, py, stride, 0];
    const motion = this.#motion;
    if (motion) {
      motion.at(px, py);
      x += motion.x;
      y += motion.y;
      motion.at(px + pixels, py);
      stepX = ((px + pixels + motion.x - x) * stride) / pixels;
      stepY = ((py + motion.y - y) * stride) / pixels;
    }
    this.homeX = x;
    this.homeY = y;
    this.stepHomeX = stepX;
    this.stepHomeY = stepY;
    const dx = x - this.#x;
    const dy = y - this.#y;
    this.x = dx * this.#inX + dy * this.#inY;
    this.y = dy * this.#inX - dx * this.#inY;
    this.stepX = stepX * this.#inX + stepY * this.#inY;
    this.stepY = stepY * this.#inX - stepX * this.#inY;
  }
}

/** A rectangle of the frame, whole pixels, even at every side. */
type PixelBox = { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };

/** The part of the frame that a part may change, with `room` pixels around it. */
function boxOf({ width, height }: FramePlanes, part: MovingPart, [a, b, c, d]: Similarity, room: number): PixelBox {
  const corners = [
    [part.left, part.top],
    [part.right, part.top],
    [part.left, part.bottom],
    [part.right, part.bottom],
  ] as const;
  const places = corners.map((corner) => fromAxes(part.axes, corner));
  const xs = places.map(([x, y]) => a * x - b * y + c);
  const ys = places.map(([x, y]) => b * x + a * y + d);
  const low = (values: readonly number[], most: number): number =>
    Math.max(0, Math.min(most, Math.floor((Math.min(...values) - room) / 2) * 2));
  const high = (values: readonly number[], most: number): number =>
    Math.max(0, Math.min(most, Math.ceil((Math.max(...values) + room) / 2) * 2));
  return { left: low(xs, width), right: high(xs, width), top: low(ys, height), bottom: high(ys, height) };
}
