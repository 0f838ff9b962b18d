import { bell, clamp01, smooth } from "../curves.ts";
import { PARAMETER } from "../mouth-parameters.ts";
import type { Axes } from "./axes.ts";
import { PLACES } from "./lip-curves.ts";
import type { MouthInside } from "./mouth-inside.ts";
import { COLUMNS_PER_PIXEL, type MouthShape } from "./mouth-shape.ts";
import type { Colour, MovingPart } from "./part-painter.ts";

/** How dark the line is that lips make which the picture shows apart, and its reach in half mouth widths. */
const LINE_DARK = 0.5;
const LINE_REACH = 0.035;

/** The lower face with its lips, jaw and cheeks where a mouth shape has them. */
export class MouthPart implements MovingPart {
  readonly axes: Axes;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  across = 0;
  down = 0;
  cover = 0;
  light = 1;
  readonly #shape: MouthShape;
  readonly #inside: MouthInside;
  /** Softness of the lips' edges, frame pixels. */
  readonly #soft: number;
  /** The picture's own opening by column, where it shows teeth. */
  readonly #ownTop: Float64Array;
  readonly #ownBottom: Float64Array;
  readonly #showsTeeth: boolean;
  /** How much of the picture's own teeth shows: lips that are drawn forward stand before them. */
  #lit = 1;

  constructor(shape: MouthShape, inside: MouthInside, soft: number) {
    const { curves } = shape;
    this.axes = curves.axes;
    this.left = shape.first;
    this.right = -shape.first;
    this.top = shape.top;
    this.bottom = shape.bottom;
    this.#shape = shape;
    this.#inside = inside;
    this.#soft = soft;
    this.#showsTeeth = curves.open > 0.5;
    this.#ownTop = new Float64Array(shape.columns);
    this.#ownBottom = new Float64Array(shape.columns);
    for (let i = 0; i < shape.columns; i++) {
      const x = shape.first + i / COLUMNS_PER_PIXEL;
      const at = Math.round(clamp01((x / curves.half + 1) / 2) * (PLACES - 1));
      this.#ownTop[i] = curves.innerUpper[at] as number;
      this.#ownBottom[i] = curves.innerLower[at] as number;
    }
  }

  /** Shapes the mouth. */
  set(mouth: Float64Array): void {
    this.#shape.shape(mouth);
    this.#inside.prepare(mouth, this.#showsTeeth);
    this.#lit = (1 - 0.15 * this.#shape.round) * smooth((mouth[PARAMETER.teethUpper] as number) / 0.22);
  }

  locate(x: number, y: number): boolean {
    const shape = this.#shape;
    const i = shape.columnAt(x);
    if (i < 0) return false;
    const outerUpper = shape.outerUpper[i] as number;
    const outerLower = shape.outerLower[i] as number;
    let across = shape.moveAcross[i] as number;
    let down: number;
    this.cover = 0;
    this.light = 1;
    if (y < outerUpper) {
      const share = smooth((y - shape.top) / (outerUpper - shape.top));
      down = (shape.moveOuterUpper[i] as number) * share;
      across *= share;
    } else if (y > outerLower) {
      const chin = shape.chin[i] as number;
      const lip = shape.moveOuterLower[i] as number;
      const jaw = shape.moveChin[i] as number;
      if (y < chin) {
        const share = smooth((y - outerLower) / (chin - outerLower));
        down = lip + (jaw - lip) * share;
        across *= 1 - share;
      } else {
        down = jaw * (1 - smooth((y - chin) / (shape.bottom - chin)));
        across = 0;
      }
    } else {
      down = this.#lip(i, y, outerUpper, outerLower);
    }
    this.across = across;
    this.down = down;
    return down !== 0 || across !== 0 || this.cover > 0 || this.light !== 1;
  }

  /** Displacement on a lip; finds what covers and shades it. */
  #lip(i: number, y: number, outerUpper: number, outerLower: number): number {
    const shape = this.#shape;
    const upper = shape.innerUpper[i] as number;
    const lower = shape.innerLower[i] as number;
    const gap = lower - upper;
    const soft = this.#soft;
    if (gap > 0) {
      this.cover = clamp01((y - upper) / soft + 0.5) * clamp01((lower - y) / soft + 0.5) * clamp01(gap / soft);
    }
    const { curves, along } = shape;
    const shut = 1 - clamp01(gap / (0.1 * curves.half));
    if (curves.open > 0 && shut > 0) {
      const reach = Math.max(0.8, LINE_REACH * curves.half);
      const end = 1 - clamp01((Math.abs(along[i] as number) - 0.86) / 0.14);
      this.light = 1 - LINE_DARK * curves.open * shut * end * bell((y - (upper + lower) / 2) / reach);
    }
    if (y < (upper + lower) / 2) {
      const share = y >= upper ? 1 : (y - outerUpper) / Math.max(1e-6, upper - outerUpper);
      const from = shape.moveOuterUpper[i] as number;
      return from + ((shape.moveInnerUpper[i] as number) - from) * share;
    }
    const share = y <= lower ? 1 : (outerLower - y) / Math.max(1e-6, outerLower - lower);
    const from = shape.moveOuterLower[i] as number;
    return from + ((shape.moveInnerLower[i] as number) - from) * share;
  }

  own(x: number, y: number): number {
    if (!this.#showsTeeth) return 0;
    const i = this.#shape.columnAt(x);
    const soft = this.#soft;
    return (
      clamp01((y - (this.#ownTop[i] as number)) / soft) * clamp01(((this.#ownBottom[i] as number) - y) / soft - 0.6)
    );
  }

  behind(x: number, y: number, share: number, tone: Colour): void {
    const shape = this.#shape;
    const i = shape.columnAt(x);
    this.#inside.at(x, y, shape.innerUpper[i] as number, shape.innerLower[i] as number, share * this.#lit, tone);
  }
}
