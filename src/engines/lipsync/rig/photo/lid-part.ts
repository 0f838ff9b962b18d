import type { FaceMarks, Point } from "../../../../library/face-marks.ts";
import { bell, clamp01, smooth } from "../curves.ts";
import { type Axes, axesThrough, toAxes } from "./axes.ts";
import type { Colour, MovingPart } from "./part-painter.ts";
import { edgeHeights } from "./edge-heights.ts";

/** Places along an eye at which its lids' edges are kept. */
const PLACES = 65;
/** Smoothings of a lid's edge. */
const SMOOTHINGS = 8;
/** Part of the eye's height at its upper edge that belongs to the lid: lashes, and the lid's thickness. */
const LASHES = 0.12;
/** How far the upper lid falls when the eye is shut, and the lower one rises, in heights of the eye. */
const FALL = 1.05;
/** Shadow of a lid on the eye, and its reach in heights of the eye. */
const SHADOW = 0.22;
const SHADOW_REACH = 0.3;

/** An upper lid that comes down over its eye; the skin from the brow on is drawn after it. */
export class LidPart implements MovingPart {
  readonly axes: Axes;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  across = 0;
  down = 0;
  cover = 0;
  light = 1;
  readonly #half: number;
  readonly #upper: Float64Array;
  readonly #lower: Float64Array;
  readonly #height: number;
  readonly #soft: number;
  #shut = 0;

  constructor(eye: FaceMarks["eyes"][number], soft: number) {
    const { axes, half } = axesThrough(eye.upper[0] as Point, eye.upper[8] as Point);
    this.axes = axes;
    this.#half = half;
    const place = (p: Point): Point => toAxes(axes, p);
    const upper = eye.upper.map(place);
    const lower = eye.lower.map(place);
    this.#upper = edgeHeights(upper, half, PLACES, SMOOTHINGS);
    this.#lower = edgeHeights(lower, half, PLACES, SMOOTHINGS);
    let height = 0;
    for (let i = 0; i < PLACES; i++) {
      const open = Math.max(0, (this.#lower[i] as number) - (this.#upper[i] as number));
      this.#lower[i] = (this.#upper[i] as number) + open;
      this.#upper[i]! += LASHES * open;
      height = Math.max(height, open);
    }
    this.#height = Math.max(1, height);
    this.#soft = soft;
    this.left = -half;
    this.right = half;
    const lid = Math.min(...upper.map(([, y]) => y));
    this.top = Math.min(lid - 0.7 * this.#height, place(eye.brow)[1] + 0.1 * this.#height);
    this.bottom = Math.max(...lower.map(([, y]) => y)) + soft;
  }

  /** Shuts the eye, 0…1. */
  set(shut: number): void {
    this.#shut = shut;
  }

  locate(x: number, y: number): boolean {
    const at = ((x / this.#half + 1) / 2) * (PLACES - 1);
    const i = Math.min(PLACES - 2, at | 0);
    const f = at - i;
    const upper = (this.#upper[i] as number) * (1 - f) + (this.#upper[i + 1] as number) * f;
    const lower = (this.#lower[i] as number) * (1 - f) + (this.#lower[i + 1] as number) * f;
    const fallen = upper + this.#shut * FALL * (lower - upper);
    if (y > lower + this.#soft) return false;
    this.cover = 0;
    this.light = 1;
    if (y < fallen + this.#soft) {
      const share = smooth((y - this.top) / Math.max(1, fallen - this.top));
      this.down = (upper - fallen) * Math.min(1, share);
      this.cover = clamp01((y - fallen) / this.#soft + 0.5);
      // A lid that comes down turns away from the light.
      this.light = 1 - 0.1 * this.#shut * bell((y - fallen) / (0.5 * this.#height));
      return this.cover < 1;
    }
    this.down = 0;
    const shade = SHADOW * this.#shut * bell((y - fallen) / (SHADOW_REACH * this.#height));
    this.light = 1 - shade;
    return shade > 0.004;
  }

  own(): number {
    return 1;
  }

  /** Behind the lid is the eye as the picture has it. */
  behind(_x: number, _y: number, _share: number, _tone: Colour): void {}
}
