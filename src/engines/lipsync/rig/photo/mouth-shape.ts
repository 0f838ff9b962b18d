import { clamp01, smooth } from "../curves.ts";
import { PARAMETER } from "../mouth-parameters.ts";
import { type LipCurves, PLACES } from "./lip-curves.ts";

/** Columns per frame pixel in which a mouth is shaped. */
export const COLUMNS_PER_PIXEL = 2;

/** What the smile parameter of a resting mouth is: it leaves the picture's corners where they are. */
const REST_SMILE = 0.55;
/** Fall of the chin at jaw 1, and of the inner lower lip against it; raise and drop of the lips at 1: in mouth widths. */
const JAW = 0.21;
const INNER_FALL = 1.2;
const UPPER_RAISE = 0.065;
const LOWER_DROP = 0.08;
/** Corners follow the jaw by this share, and rise with a smile by this much of half a mouth. */
const CORNER_FALL = 0.3;
const SMILE_LIFT = 0.2;
/** A jaw that falls draws the corners in: by this part of half a mouth. */
const OPEN_NARROW = 0.1;
/** The opening of a ring ends before the corners: by this part of half a mouth. */
const RING_INSET = 0.22;
/** A ring opens upward too: share of the chin's fall that rounded lips rise by. */
const ROUND_ARCH = 0.22;
/** A grin that is shut to speak is a little narrower. */
const RELAXED = 0.09;
/** Stretching a photographed mouth shows more than drawing one does: share of a change of width that is carried out. */
const WIDTH_SHARE = 0.75;
/** Part of a smile's curve that goes when the corners leave their rest, and when the lips make a ring. */
const UNSMILED = 0.4;
const RING_FLAT = 0.25;
/** How far beside the corners the cheeks follow them, in half mouth widths. */
const CHEEK = 0.9;
/** Depth under the chin that follows it, in mouth widths. */
const THROAT = 0.5;

/**
 * A mouth shape as a table of columns across the face, in the axes of the mouth, frame pixels: for each the heights at
 * which the lips' edges and the chin come to lie, and what is to be added to a height there to find it in the picture.
 */
export class MouthShape {
  readonly curves: LipCurves;
  readonly columns: number;
  /** Place of the first column; the last is as far on the other side. */
  readonly first: number;
  readonly outerUpper: Float64Array;
  readonly innerUpper: Float64Array;
  readonly innerLower: Float64Array;
  readonly outerLower: Float64Array;
  readonly chin: Float64Array;
  /** Displacements at these heights, frame to picture. */
  readonly moveOuterUpper: Float64Array;
  readonly moveInnerUpper: Float64Array;
  readonly moveInnerLower: Float64Array;
  readonly moveOuterLower: Float64Array;
  readonly moveChin: Float64Array;
  /** The same across, where the lips are. */
  readonly moveAcross: Float64Array;
  /** Place along the lips, −1…1, and beyond at the cheeks. */
  readonly along: Float64Array;
  /** Above this nothing moves. */
  readonly top: number;
  /** Below this nothing ever moves. */
  readonly bottom: number;
  /** Fall of the chin, half the width of the lips and of their opening, frame pixels. */
  fall = 0;
  /** How much of a ring the lips make, 0…1. */
  round = 0;
  halfWidth = 1;
  innerHalf = 1;
  readonly #jaw: Float64Array;
  /** Full fall of the jaw, frame pixels. */
  readonly #drop: number;

  constructor(curves: LipCurves) {
    this.curves = curves;
    const { half, faceHalf, chinX, chinY, noseY } = curves;
    const reach = Math.max(half * (1 + CHEEK), faceHalf + Math.abs(chinX));
    this.first = -reach;
    this.columns = Math.ceil(2 * reach * COLUMNS_PER_PIXEL) + 1;
    const column = (): Float64Array => new Float64Array(this.columns);
    this.outerUpper = column();
    this.innerUpper = column();
    this.innerLower = column();
    this.outerLower = column();
    this.chin = column();
    this.moveOuterUpper = column();
    this.moveInnerUpper = column();
    this.moveInnerLower = column();
    this.moveOuterLower = column();
    this.moveChin = column();
    this.moveAcross = column();
    this.along = column();
    this.#jaw = column();
    this.#drop = 2 * half * JAW;
    this.top = noseY;
    this.bottom = chinY + this.#drop + 2 * half * THROAT;
    for (let i = 0; i < this.columns; i++) {
      const x = (this.#place(i) - chinX * 0.5) / faceHalf;
      this.#jaw[i] = Math.abs(x) < 1 ? (1 - x * x) ** 1.5 : 0;
    }
  }

  #place(column: number): number {
    return this.first + column / COLUMNS_PER_PIXEL;
  }

  /** Fills the table for a vector of mouth parameters. */
  shape(mouth: Float64Array): void {
    const { half, open, chinY, line } = this.curves;
    const value = (index: number): number => mouth[index] as number;
    const width = 2 * half;
    const jaw = value(PARAMETER.jaw);
    const round = clamp01(value(PARAMETER.round));
    const press = clamp01(value(PARAMETER.press));
    const tuck = clamp01(value(PARAMETER.tuck));
    const grin = value(PARAMETER.smile) - REST_SMILE;
    this.fall = this.#drop * jaw;
    this.round = round;
    const arch = ROUND_ARCH * round * this.fall;
    const raise = (width * UPPER_RAISE * value(PARAMETER.upper) + arch) * (1 - press);
    const drop = width * LOWER_DROP * value(PARAMETER.lower) * (1 - press);
    const innerFall = this.fall * INNER_FALL * (1 - press) * (1 - 0.9 * tuck);
    const cornerFall = this.fall * CORNER_FALL;
    const lift = SMILE_LIFT * half * grin;
    const relaxed = half * (1 - RELAXED * open);
    this.halfWidth =
      relaxed * (1 + WIDTH_SHARE * (value(PARAMETER.width) - 1)) * (1 + 0.05 * grin) * (1 - OPEN_NARROW * jaw);
    this.innerHalf = this.halfWidth * (1 - 0.07 - RING_INSET * round * round);
    const lens = 0.92 - 0.4 * round - 0.2 * clamp01(jaw * 1.2) * (1 - round);
    const middle = line[line.length >> 1] as number;
    const flat = clamp01((UNSMILED * -grin) / REST_SMILE + RING_FLAT * round) * (1 - 0.5 * press);
    const form = {
      middle,
      flat,
      raise,
      drop,
      innerFall,
      cornerFall,
      lift,
      lens,
      thinUpper: (1 + 0.16 * round) * (1 - 0.36 * press) * (1 - 0.1 * jaw) * (1 - 0.12 * grin),
      thinLower: (1 - 0.04 * round) * (1 - 0.34 * press) * (1 - 0.4 * tuck) * (1 - 0.08 * grin),
      tuckUp: 0.067 * half * tuck,
      outerFall: this.fall * (1 - 0.45 * Math.max(press, tuck)) + drop * 0.72,
    };
    const cheek = half * CHEEK;
    for (let i = 0; i < this.columns; i++) {
      const x = this.#place(i);
      const side = Math.abs(x) / this.halfWidth;
      this.along[i] = x / this.halfWidth;
      const chinFall = this.fall * (this.#jaw[i] as number);
      this.chin[i] = chinY + chinFall;
      this.moveChin[i] = -chinFall;
      if (side < 1) {
        this.moveAcross[i] = x * (half / this.halfWidth - 1);
        this.#lips(i, x, form);
      } else {
        const fade = 1 - smooth((Math.abs(x) - this.halfWidth) / cheek);
        this.moveAcross[i] = Math.sign(x) * (half - this.halfWidth) * fade;
        const corner = (cornerFall - lift + middle * flat) * fade;
        for (const edge of [this.outerUpper, this.innerUpper, this.innerLower, this.outerLower]) edge[i] = corner;
        for (const move of [this.moveOuterUpper, this.moveInnerUpper, this.moveInnerLower, this.moveOuterLower]) {
          move[i] = -corner;
        }
      }
    }
  }

  /** The column at a place, or −1 outside of them. */
  columnAt(x: number): number {
    const i = ((x - this.first) * COLUMNS_PER_PIXEL + 0.5) | 0;
    return x < this.first || i >= this.columns ? -1 : i;
  }

  /** Edges and displacements of a column between the corners. */
  #lips(i: number, x: number, form: Form): void {
    const c = this.curves;
    const t = x / this.halfWidth;
    const at = ((t + 1) / 2) * (PLACES - 1);
    const sourceOuterUpper = read(c.outerUpper, at);
    const sourceInnerUpper = read(c.innerUpper, at);
    const sourceInnerLower = read(c.innerLower, at);
    const sourceOuterLower = read(c.outerLower, at);
    const rest = read(c.line, at);
    // What the picture's opening takes from the lips they have back when they meet.
    const upperBody = sourceInnerUpper - sourceOuterUpper + 0.3 * (rest - sourceInnerUpper);
    const lowerBody = sourceOuterLower - sourceInnerLower + 0.3 * (sourceInnerLower - rest);
    const reach = Math.min(1, Math.abs(t));
    const s = Math.min(1, Math.abs(x) / this.innerHalf);
    const open = s < 1 ? (1 - s * s) ** form.lens : 0;
    const openUpper = s < 1 ? (1 - s * s) ** (0.5 * form.lens + 0.22) : 0;
    const belly = (1 - reach ** 2.5) ** 0.93;
    const line = rest + (form.middle - rest) * form.flat - form.lift * reach ** 2.1 + form.cornerFall * reach * reach;
    const outerUpper = line - upperBody * form.thinUpper - form.raise * 0.85 * (1 - reach * reach);
    const outerLower =
      line + lowerBody * form.thinLower + form.outerFall * (1 - reach * reach) ** 0.8 - 0.7 * form.tuckUp * belly;
    const innerUpper = Math.max(line - form.raise * openUpper, outerUpper + 0.2 * upperBody);
    const innerLower = Math.max(
      innerUpper,
      Math.min(line + open * (form.innerFall + form.drop) - 0.45 * form.tuckUp * belly, outerLower - 0.32 * lowerBody),
    );
    this.outerUpper[i] = outerUpper;
    this.innerUpper[i] = innerUpper;
    this.innerLower[i] = innerLower;
    this.outerLower[i] = Math.max(outerLower, innerLower);
    this.moveOuterUpper[i] = sourceOuterUpper - outerUpper;
    this.moveInnerUpper[i] = sourceInnerUpper - innerUpper;
    this.moveInnerLower[i] = sourceInnerLower - innerLower;
    this.moveOuterLower[i] = sourceOuterLower - this.outerLower[i];
  }
}

type Form = {
  readonly middle: number;
  readonly flat: number;
  readonly raise: number;
  readonly drop: number;
  readonly innerFall: number;
  readonly cornerFall: number;
  readonly lift: number;
  readonly lens: number;
  readonly thinUpper: number;
  readonly thinLower: number;
  readonly tuckUp: number;
  readonly outerFall: number;
};

/** A curve between two of its places. */
function read(curve: Float64Array, at: number): number {
  const i = Math.min(PLACES - 2, Math.max(0, Math.floor(at)));
  const f = at - i;
  return (curve[i] as number) * (1 - f) + (curve[i + 1] as number) * f;
}
