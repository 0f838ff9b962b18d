import { faceBox, type FaceMarks } from "../../../../library/face-marks.ts";
import { smooth } from "../curves.ts";
import type { FramePlanes } from "../frame-planes.ts";
import type { Pose } from "../pose.ts";
import { chromaOffset, RUN, type Source } from "./picture-source.ts";
import { sample } from "./sample.ts";

/** Room around the face, in its widths and heights, that moves fully with it (hair), and in which that fades. */
const HAIR = { side: 0.26, above: 0.36 } as const;
const FADE = { side: 0.5, above: 0.4, below: 0.7 } as const;
/** Motion of a drawn head, u of the 720p frame, that a photographed one takes over: more would show that it is flat. */
const SHARE = { place: 0.9, roll: 0.6, turn: 0.45 } as const;

/**
 * Lets a photographed head sway: it is moved and tilted as a whole, its middle a little more than its sides, as a nose
 * does that stands out; around it the motion fades into a background that stays.
 */
export class HeadMotion {
  /** Largest displacement, frame pixels. */
  readonly reach = 12;
  readonly #finer: number;
  readonly #picture: { readonly luma: Plane; readonly blue: Plane; readonly red: Plane };
  readonly #unit: number;
  readonly #weightX: Float32Array;
  readonly #weightY: Float32Array;
  readonly #domeX: Float32Array;
  readonly #domeY: Float32Array;
  readonly #pivotX: number;
  readonly #pivotY: number;
  readonly #box: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };
  #moveX = 0;
  #moveY = 0;
  #roll = 0;
  #yaw = 0;
  #pitch = 0;
  /** What `at` found: what is to be added to a pixel's place to find it in the picture. */
  x = 0;
  y = 0;

  /**
   * @param marks where the face is in the frame
   * @param source the picture that is moved
   */
  constructor(marks: FaceMarks, { planes, finer }: Source, width: number, height: number) {
    this.#finer = finer;
    this.#picture = {
      luma: { samples: planes.y, width: planes.width, height: planes.height },
      blue: { samples: planes.u, width: planes.chromaWidth, height: planes.chromaHeight },
      red: { samples: planes.v, width: planes.chromaWidth, height: planes.chromaHeight },
    };
    const [left, top, w, h] = faceBox(marks);
    const cx = left + w / 2;
    this.#unit = height / 720;
    this.#pivotX = cx;
    this.#pivotY = top + 1.35 * h;
    const inner = w * (0.5 + HAIR.side);
    const outer = inner + w * FADE.side;
    const above = top - h * HAIR.above;
    const below = top + h;
    this.#weightX = table(width, (x) => 1 - smooth((Math.abs(x - cx) - inner) / (outer - inner)));
    this.#weightY = table(height, (y) =>
      y < above ? 1 - smooth((above - y) / (h * FADE.above)) : 1 - smooth((y - below) / (h * FADE.below)),
    );
    this.#domeX = table(width, (x) => smooth(1 - ((x - cx) / (w * 0.56)) ** 2));
    this.#domeY = table(height, (y) => smooth(1 - ((y - top - 0.55 * h) / (h * 0.62)) ** 2));
    const even = (value: number, most: number): number => Math.max(0, Math.min(most, 2 * Math.round(value / 2)));
    this.#box = {
      left: even(cx - outer, width),
      right: even(cx + outer, width),
      top: even(above - h * FADE.above, height),
      bottom: even(below + h * FADE.below, height),
    };
  }

  /** Takes over a head's pose. */
  set(pose: Pose): void {
    const u = this.#unit;
    this.#moveX = pose.x * u * SHARE.place;
    this.#moveY = pose.y * u * SHARE.place;
    this.#roll = pose.roll * SHARE.roll;
    this.#yaw = pose.yaw * u * SHARE.turn;
    this.#pitch = pose.pitch * u * SHARE.turn;
  }

  /** Finds the displacement of a pixel. */
  at(px: number, py: number): void {
    const column = Math.min(this.#weightX.length - 1, px | 0);
    const row = py | 0;
    const weight = (this.#weightX[column] as number) * (this.#weightY[row] as number);
    const dome = (this.#domeX[column] as number) * (this.#domeY[row] as number);
    this.x = -weight * (this.#moveX - this.#roll * (py - this.#pivotY)) - this.#yaw * dome;
    this.y = -weight * (this.#moveY + this.#roll * (px - this.#pivotX)) - this.#pitch * dome;
  }

  /** Draws all that moves with the head; the parts of the face come after. */
  draw(frame: FramePlanes): void {
    const finer = this.#finer;
    const { luma, blue, red } = this.#picture;
    const { left, right, top, bottom } = this.#box;
    const half = (finer - 1) / 2;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x += RUN) {
        this.#run(x, y, Math.min(RUN, right - x), finer, half, half);
        runOf(frame.y, y * frame.width + x, luma, this.#span);
      }
    }
    const [beside, below] = chromaOffset(finer);
    for (let cy = top >> 1; cy < bottom >> 1; cy++) {
      for (let cx = left >> 1; cx < right >> 1; cx += RUN / 2) {
        const count = Math.min(RUN / 2, (right >> 1) - cx);
        this.#run(2 * cx, 2 * cy + 0.5, 2 * count, finer / 2, beside, below);
        const span = this.#span;
        span.count = count;
        span.stepX *= 2;
        span.stepY *= 2;
        const to = cy * frame.chromaWidth + cx;
        runOf(frame.u, to, blue, span);
        runOf(frame.v, to, red, span);
      }
    }
  }

  readonly #span: Span = { count: 0, x: 0, y: 0, stepX: 0, stepY: 0 };

  /** Where a run of pixels begins in a plane, and its steps. */
  #run(px: number, py: number, count: number, scale: number, beside: number, below: number): void {
    this.at(px, py);
    const { x, y } = this;
    this.at(px + count, py);
    const span = this.#span;
    span.count = count;
    span.x = scale * (px + x) + beside;
    span.y = scale * (py + y) + below;
    span.stepX = (scale * (count + this.x - x)) / count;
    span.stepY = (scale * (this.y - y)) / count;
  }
}

type Span = { count: number; x: number; y: number; stepX: number; stepY: number };

/** A plane with its size. */
type Plane = { readonly samples: Uint8Array; readonly width: number; readonly height: number };

/** Samples along a line, bilinear, in 1/65536. */
function runOf(out: Uint8Array, start: number, plane: Plane, span: Span): void {
  const { width, height, samples } = plane;
  const { count } = span;
  const lastX = span.x + count * span.stepX;
  const lastY = span.y + count * span.stepY;
  const within =
    Math.min(span.x, lastX) >= 0 &&
    Math.max(span.x, lastX) < width - 1 &&
    Math.min(span.y, lastY) >= 0 &&
    Math.max(span.y, lastY) < height - 1;
  if (!within) return runAtEdge(out, start, plane, span);
  let x = (span.x * 65536) | 0;
  let y = (span.y * 65536) | 0;
  const stepX = (span.stepX * 65536) | 0;
  const stepY = (span.stepY * 65536) | 0;
  for (let to = start, end = start + count; to < end; to++) {
    const at = Math.imul(y >> 16, width) + (x >> 16);
    const fx = (x >> 8) & 255;
    const fy = (y >> 8) & 255;
    x = (x + stepX) | 0;
    y = (y + stepY) | 0;
    const a = samples[at] as number;
    const c = samples[at + width] as number;
    const upper = (a << 8) + Math.imul((samples[at + 1] as number) - a, fx);
    const lower = (c << 8) + Math.imul((samples[at + width + 1] as number) - c, fx);
    out[to] = ((upper << 8) + Math.imul(lower - upper, fy) + 32768) >> 16;
  }
}

/** The same where a place may be beyond the plane's edge, which then stands for it. */
function runAtEdge(out: Uint8Array, start: number, { samples, width, height }: Plane, span: Span): void {
  for (let i = 0; i < span.count; i++) {
    out[start + i] = sample(samples, width, height, span.x + i * span.stepX, span.y + i * span.stepY) + 0.5;
  }
}

const table = (length: number, value: (at: number) => number): Float32Array =>
  Float32Array.from({ length }, (_, at) => value(at));
