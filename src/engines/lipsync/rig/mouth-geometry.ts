import type { AvatarSheet } from "./avatar-sheet.ts";
import { clamp01 } from "./curves.ts";
import { PARAMETER } from "./mouth-parameters.ts";

/** What the smile parameter of a resting mouth is; the sheet's `corner_lift` belongs to it. */
export const REST_SMILE = 0.55;

/** Raise of the upper and drop of the lower lip at 1, in mouth widths. */
const UPPER_RAISE = 0.07;
const LOWER_DROP = 0.09;
/** The inner lower lip falls further than the chin: its share of the jaw's drop. */
const INNER_FALL = 1.2;
/** Corners follow the jaw by this share. */
const CORNER_FALL = 0.3;
/** Edge of the upper teeth below the lip line at rest, and of the lower teeth below theirs, u per half width. */
const UPPER_TEETH = 0.125;
const LOWER_TEETH = 0.045;

/** A ring opens upward too: share of the chin's fall that rounded lips rise by. */
const ROUND_ARCH = 0.22;

/**
 * The outlines of a mouth, one value per column: outer and inner edge of the upper lip, inner and outer edge of the
 * lower lip, all in u of the frame. Columns are texels of the head's texture.
 */
export class MouthGeometry {
  readonly columns: number;
  readonly left: number;
  readonly step: number;
  readonly outerUpper: Float64Array;
  readonly innerUpper: Float64Array;
  readonly innerLower: Float64Array;
  readonly outerLower: Float64Array;
  /** Place along the lips, −1 at the left corner … 1 at the right one. */
  readonly along: Float64Array;
  /** Place along the opening, 0 in the middle … 1 at its corners and beyond. */
  readonly inside: Float64Array;
  /** Half the outer and the inner width, u. */
  halfWidth = 1;
  innerHalf = 1;
  /** Height of the corners and of the middle of the opening's edges, u. */
  cornerY = 0;
  middleUpper = 0;
  middleLower = 0;
  /** Edges of the teeth in the middle, u: the upper row belongs to the skull, the lower one to the jaw. */
  upperTeeth = 0;
  lowerTeeth = 0;
  /** Fall of the chin, u. */
  fall = 0;
  readonly #sheet: AvatarSheet;

  /**
   * @param left place of the first column's middle, u
   * @param step distance of columns, u
   */
  constructor(sheet: AvatarSheet, columns: number, left: number, step: number) {
    this.#sheet = sheet;
    this.columns = columns;
    this.left = left;
    this.step = step;
    this.outerUpper = new Float64Array(columns);
    this.innerUpper = new Float64Array(columns);
    this.innerLower = new Float64Array(columns);
    this.outerLower = new Float64Array(columns);
    this.along = new Float64Array(columns);
    this.inside = new Float64Array(columns);
  }

  /** Fills the outlines for a vector of mouth parameters. */
  shape(mouth: Float64Array): void {
    const { cx, cy, half_width: half, upper_height: upperHeight, lower_height: lowerHeight } = this.#sheet.mouth;
    const value = (index: number): number => mouth[index] as number;
    const jaw = value(PARAMETER.jaw);
    const round = clamp01(value(PARAMETER.round));
    const smile = value(PARAMETER.smile);
    const press = clamp01(value(PARAMETER.press));
    const tuck = clamp01(value(PARAMETER.tuck));
    const arch = ROUND_ARCH * round * this.#sheet.jaw.drop * jaw;
    const raise = (2 * half * UPPER_RAISE * value(PARAMETER.upper) + arch) * (1 - press);
    const drop = 2 * half * LOWER_DROP * value(PARAMETER.lower) * (1 - press);
    const grin = smile - REST_SMILE;

    this.fall = this.#sheet.jaw.drop * jaw;
    // Closed or tucked lips meet in their place whatever the jaw does: the lower lip is drawn up over it.
    const innerFall = this.fall * INNER_FALL * (1 - press) * (1 - 0.9 * tuck);
    const cornerFall = this.fall * CORNER_FALL;
    const lift = (this.#sheet.mouth.corner_lift * smile) / REST_SMILE;
    this.halfWidth = half * value(PARAMETER.width) * (1 + 0.06 * grin);
    const inset = 0.07 + 0.36 * round * round;
    this.innerHalf = this.halfWidth * (1 - inset);
    this.cornerY = cy - lift + cornerFall;

    const thinU = (1 + 0.16 * round) * (1 - 0.36 * press) * (1 - 0.1 * jaw) * (1 - 0.14 * grin);
    const thickUpper = upperHeight * thinU;
    const thickLower = lowerHeight * (1 - 0.06 * round) * (1 - 0.34 * press) * (1 - 0.45 * tuck) * (1 - 0.1 * grin);
    const bow = 0.17 * (1 - 0.5 * round) * (1 - 0.4 * press);
    const lens = 0.92 - 0.4 * round - 0.2 * clamp01(jaw * 1.2) * (1 - round);
    const apart = clamp01((raise + drop + innerFall) / 5);
    const tubercle = 1.3 * (1 - 0.6 * press) * (1 - apart) * (half / 45);
    const tuckUp = 3 * tuck * (half / 45);
    const outerFall = this.fall * (1 - 0.45 * Math.max(press, tuck)) + drop * 0.72 - tuckUp * 0.7;

    for (let i = 0; i < this.columns; i++) {
      const x = this.left + i * this.step - cx;
      const t = x / this.halfWidth;
      const side = Math.abs(t);
      const s = Math.min(1, Math.abs(x) / this.innerHalf);
      this.along[i] = t;
      this.inside[i] = Math.abs(x) / this.innerHalf;
      const reach = Math.min(1, side);
      // The lip line: corners up, a dip under the cupid's bow, the two cushions of the lower lip beside it.
      const rise = lift * reach ** 2.1;
      const base = cy - rise + cornerFall * reach * reach;
      const line = base + tubercle * (Math.exp(-((t / 0.15) ** 2)) - 0.45 * Math.exp(-(((side - 0.36) / 0.17) ** 2)));
      const open = s < 1 ? (1 - s * s) ** lens : 0;
      const openUpper = s < 1 ? (1 - s * s) ** (0.5 * lens + 0.22) : 0;
      const flank = side < 0.24 ? 0 : (reach - 0.24) / 0.76;
      const crest = side < 0.24 ? 1 - bow * 0.5 * (Math.cos((Math.PI * t) / 0.24) + 1) : 1 - flank ** 1.6;
      const belly = (1 - reach ** 2.5) ** 0.93;
      const outerOpen = (1 - reach * reach) ** 0.8;
      const innerUpper = line - raise * openUpper;
      const innerLower = line + open * (innerFall + drop) - 0.45 * tuckUp * belly;
      const outerUpper = line - thickUpper * crest - raise * 0.85 * (1 - reach * reach);
      const outerLower = base + thickLower * belly + outerFall * outerOpen;
      this.outerUpper[i] = outerUpper;
      this.innerUpper[i] = Math.max(innerUpper, outerUpper + 0.18 * thickUpper * crest);
      this.outerLower[i] = outerLower;
      this.innerLower[i] = Math.max(
        this.innerUpper[i] as number,
        Math.min(innerLower, outerLower - 0.3 * thickLower * belly),
      );
    }
    this.middleUpper = cy - raise;
    this.middleLower = cy + innerFall + drop - 0.45 * tuckUp;
    const showUpper = value(PARAMETER.teethUpper);
    this.upperTeeth = cy + half * UPPER_TEETH - (1 - showUpper) * 0.12 * half;
    this.lowerTeeth = cy + this.fall + half * LOWER_TEETH - value(PARAMETER.teethLower) * 0.05 * half;
  }
}
