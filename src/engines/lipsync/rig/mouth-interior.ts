import { PARAMETER } from "./mouth-parameters.ts";
import type { MouthGeometry } from "./mouth-geometry.ts";
import { type MouthPalette, mixTones, type Tone } from "./mouth-palette.ts";

const clamp01 = (x: number): number => (x < 0 ? 0 : x > 1 ? 1 : x);
const smooth = (x: number): number => {
  const t = clamp01(x);
  return t * t * (3 - 2 * t);
};

/** Right edges of the upper teeth from the middle line, in half mouth widths: incisors, canine, premolars. */
const UPPER_GAPS = [0, 0.3, 0.525, 0.715, 0.88] as const;
const LOWER_GAPS = [0, 0.19, 0.39, 0.6, 0.79] as const;
/** Reach of the upper lip's shadow on the teeth, half mouth widths. */
const LIP_SHADOW = 0.16;

/**
 * What is seen between the lips: throat, tongue, both rows of teeth, the upper lip's shadow. `prepare` is called per
 * frame and `column` per column; `paint` then gives the colour at one height of that column in `y`, `u`, `v`.
 */
export class MouthInterior {
  y = 0;
  u = 0;
  v = 0;
  readonly #palette: MouthPalette;
  readonly #half: number;
  readonly #centreX: number;
  #geometry: MouthGeometry | undefined;
  #upper = 0;
  #lower = 0;
  #tongueHeight = 0;
  #tongueFront = 0;
  // Of the column.
  #top = 0;
  #bottom = 0;
  #inside = 0;
  #upperEdge = 0;
  #lowerEdge = 0;
  #tongueTop = 0;
  #upperTone: Tone = [0, 0, 0];
  #lowerTone: Tone = [0, 0, 0];
  #tongueLight = 0;
  #sharp = 1;

  constructor(palette: MouthPalette, halfWidth: number, centreX: number) {
    this.#palette = palette;
    this.#half = halfWidth;
    this.#centreX = centreX;
  }

  prepare(geometry: MouthGeometry, mouth: Float64Array): void {
    this.#geometry = geometry;
    const gap = Math.max(0, geometry.middleLower - geometry.middleUpper);
    const tongue = mouth[PARAMETER.tongue] as number;
    this.#upper = smooth((mouth[PARAMETER.teethUpper] as number) / 0.3);
    this.#lower = smooth((mouth[PARAMETER.teethLower] as number) / 0.25);
    this.#tongueHeight = Math.min(gap * 0.78, this.#half * 0.36) * tongue;
    this.#tongueFront = smooth((tongue - 0.68) / 0.12);
    this.#sharp = 1 / Math.max(0.4, geometry.step);
  }

  column(index: number): void {
    const geometry = this.#geometry as MouthGeometry;
    const x = (geometry.left + index * geometry.step - this.#centreX) / this.#half;
    const side = Math.abs(x);
    const inside = Math.min(1, geometry.inside[index] as number);
    this.#top = geometry.innerUpper[index] as number;
    this.#bottom = geometry.innerLower[index] as number;
    this.#inside = inside;
    // The row of teeth is an arch: seen from the front its edge rises to the sides, and the sides lie in shade.
    const upperGap = toothGap(UPPER_GAPS, side);
    const lateral = 0.017 * Math.exp(-(((side - 0.415) / 0.09) ** 2));
    this.#upperEdge =
      geometry.upperTeeth - this.#half * (0.075 * x * x * (1 + side) + 0.014 * upperGap.notch + lateral);
    this.#lowerEdge = geometry.lowerTeeth - this.#half * (0.1 * x * x - 0.018 * toothGap(LOWER_GAPS, side).notch);
    const { teeth_centre: centre, teeth_quarter: quarter, teeth_corner: corner, teeth_gap: line } = this.#palette;
    const shade = Math.max(inside ** 1.3, side * 0.92);
    const upper =
      shade < 0.5
        ? mixTones(centre, quarter, smooth(shade / 0.5))
        : mixTones(quarter, corner, smooth((shade - 0.5) / 0.5));
    this.#upperTone = mixTones(upper, line, 0.3 * upperGap.line);
    const lowerBase = mixTones(quarter, corner, 0.22 + 0.78 * smooth(shade * 1.15));
    this.#lowerTone = mixTones(lowerBase, line, 0.4 * toothGap(LOWER_GAPS, side).line);
    const reach = Math.min(1, Math.abs(x - 0.01) / (0.66 * Math.max(0.3, geometry.innerHalf / this.#half)));
    const floor = geometry.middleLower + this.#half * 0.05;
    const arch = Math.sqrt(Math.max(0, 1 - reach * reach));
    this.#tongueTop = reach >= 1 ? Infinity : floor - (this.#tongueHeight + this.#half * 0.05) * (0.15 + 0.85 * arch);
    this.#tongueLight = Math.exp(-(((x + 0.12) / 0.34) ** 2)) * (1 - 0.35 * Math.exp(-(((x - 0.01) / 0.05) ** 2)));
  }

  /** Colour at height `at`, u. */
  paint(at: number): void {
    const palette = this.#palette;
    const gap = Math.max(0.5, this.#bottom - this.#top);
    const depth = (at - this.#top) / gap;
    const away = Math.hypot(this.#inside, (depth - 0.55) * 1.5);
    this.#set(palette.cavity_centre);
    this.#mix(palette.cavity_edge, smooth(away * 0.95));
    if (this.#tongueFront < 1) this.#tongue(at, 1);
    if (this.#lower > 0) {
      const cover = clamp01((at - this.#lowerEdge) * this.#sharp * 0.8 + 0.5) * this.#lower;
      if (cover > 0) this.#mix(this.#lowerTone, cover * 0.94);
    }
    if (this.#tongueFront > 0) this.#tongue(at, this.#tongueFront);
    if (this.#upper > 0) {
      const cover = clamp01((this.#upperEdge - at) * this.#sharp * 0.8 + 0.5) * this.#upper;
      if (cover > 0) {
        this.#mix(this.#upperTone, cover);
        // Enamel is thin at its edge: a touch darker there.
        const rim = clamp01(1 - (this.#upperEdge - at) / (this.#half * 0.055));
        this.#mix(palette.teeth_corner, 0.22 * rim * cover);
      }
    }
    // The upper lip shades what is under it, the lower lip's roll what is behind it.
    const shadow = 1 - (at - this.#top) / Math.min(this.#half * LIP_SHADOW, gap * 0.7);
    if (shadow > 0) this.#mix(palette.cavity_edge, 0.62 * shadow ** 1.5);
    const roll = 1 - (this.#bottom - at) / Math.min(this.#half * 0.06, gap * 0.25);
    if (roll > 0) this.#mix(palette.cavity_edge, 0.5 * roll);
    const cheek = (this.#inside - 0.58) / 0.42;
    if (cheek > 0) this.#mix(palette.cavity_edge, 0.82 * cheek * cheek);
    if (gap < 9) this.#mix(palette.cavity_edge, 0.16 * (1 - gap / 9));
  }

  #tongue(at: number, opacity: number): void {
    const cover = clamp01((at - this.#tongueTop) * this.#sharp * 0.5 + 0.5) * opacity;
    if (cover <= 0) return;
    const palette = this.#palette;
    const below = (at - this.#tongueTop) / (this.#half * 0.22);
    const lit = this.#tongueLight * Math.exp(-(((below - 0.42) / 0.5) ** 2));
    this.#mix(palette.tongue, cover * (0.8 - 0.35 * smooth(this.#inside * 1.1)));
    this.#mix(palette.tongue_light, cover * 0.5 * lit);
  }

  #set(tone: Tone): void {
    this.y = tone[0];
    this.u = tone[1];
    this.v = tone[2];
  }

  #mix(tone: Tone, t: number): void {
    this.y += (tone[0] - this.y) * t;
    this.u += (tone[1] - this.u) * t;
    this.v += (tone[2] - this.v) * t;
  }
}

/** How near a column is to a gap between teeth: `line` for the faint seam, `notch` for the rounded corners. */
function toothGap(gaps: readonly number[], side: number): { line: number; notch: number } {
  let nearest = Infinity;
  for (const gap of gaps) nearest = Math.min(nearest, Math.abs(side - gap));
  return { line: Math.max(0, 1 - nearest / 0.018), notch: Math.max(0, 1 - nearest / 0.075) ** 2 };
}
