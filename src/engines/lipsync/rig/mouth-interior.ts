import { bell, clamp01, smooth } from "./curves.ts";
import type { ColumnColours } from "./lip-shading.ts";
import type { MouthGeometry } from "./mouth-geometry.ts";
import { type MouthPalette, mixTones, type Tone } from "./mouth-palette.ts";
import { PARAMETER } from "./mouth-parameters.ts";

/** Edges between the upper teeth from the middle line, in half mouth widths: incisors, canine, premolars. */
const UPPER_GAPS = [0, 0.3, 0.525, 0.715, 0.88] as const;
const LOWER_GAPS = [0, 0.19, 0.39, 0.6, 0.79] as const;
/** Reach of the upper lip's shadow on the teeth, half mouth widths. */
const LIP_SHADOW = 0.16;

/**
 * What is seen between the lips: throat, tongue, both rows of teeth, the upper lip's shadow. `prepare` is called per
 * frame and `column` per column; `paint` then colours a run of its rows.
 */
export class MouthInterior {
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
    // Only a tongue between the teeth lies before the lower ones.
    this.#tongueFront = smooth((tongue - 0.68) / 0.12);
    this.#sharp = 1 / Math.max(0.4, geometry.step);
  }

  column(index: number): void {
    const geometry = this.#geometry as MouthGeometry;
    const half = this.#half;
    const x = (geometry.left + index * geometry.step - this.#centreX) / half;
    const side = Math.abs(x);
    const inside = Math.min(1, geometry.inside[index] as number);
    this.#top = geometry.innerUpper[index] as number;
    this.#bottom = geometry.innerLower[index] as number;
    this.#inside = inside;
    // The row of teeth is an arch: seen from the front its edge rises to the sides, and the sides lie in shade.
    const upperGap = nearest(UPPER_GAPS, side);
    const lowerGap = nearest(LOWER_GAPS, side);
    const lateral = 0.017 * bell((side - 0.415) / 0.09);
    this.#upperEdge = geometry.upperTeeth - half * (0.075 * x * x * (1 + side) + 0.014 * notch(upperGap) + lateral);
    this.#lowerEdge = geometry.lowerTeeth - half * (0.1 * x * x - 0.018 * notch(lowerGap));
    const { teeth_centre: centre, teeth_quarter: quarter, teeth_corner: corner, teeth_gap: line } = this.#palette;
    const shade = Math.max(inside ** 1.3, side * 0.92);
    const lit = mixTones(centre, quarter, smooth(shade / 0.5));
    this.#upperTone = mixTones(mixTones(lit, corner, smooth((shade - 0.5) / 0.5)), line, 0.3 * seam(upperGap));
    const lowerBase = mixTones(quarter, corner, 0.22 + 0.78 * smooth(shade * 1.15));
    this.#lowerTone = mixTones(lowerBase, line, 0.4 * seam(lowerGap));
    const reach = Math.min(1, Math.abs(x - 0.01) / (0.66 * Math.max(0.3, geometry.innerHalf / half)));
    const floor = geometry.middleLower + half * 0.05;
    const arch = Math.sqrt(Math.max(0, 1 - reach * reach));
    this.#tongueTop = reach >= 1 ? 1e9 : floor - (this.#tongueHeight + half * 0.05) * (0.15 + 0.85 * arch);
    this.#tongueLight = bell((x + 0.12) / 0.34) * (1 - 0.35 * bell((x - 0.01) / 0.05));
  }

  /** Colours of rows `from` up to `to`; `rowY` are their heights, u. */
  paint(rowY: Float64Array, from: number, to: number, out: ColumnColours): void {
    const {
      cavity_centre: throat,
      cavity_edge: dark,
      tongue,
      tongue_light: wet,
      teeth_corner: rimTone,
    } = this.#palette;
    const half = this.#half;
    const top = this.#top;
    const bottom = this.#bottom;
    const inside = this.#inside;
    const sharp = this.#sharp;
    const upperTone = this.#upperTone;
    const lowerTone = this.#lowerTone;
    const gap = Math.max(0.5, bottom - top);
    const shadowScale = 1 / Math.min(half * LIP_SHADOW, gap * 0.7);
    const rollScale = 1 / Math.min(half * 0.06, gap * 0.25);
    const cheek = clamp01((inside - 0.58) / 0.42);
    const dim = 1 - (1 - 0.82 * cheek * cheek) * (gap < 9 ? 1 - 0.16 * (1 - gap / 9) : 1);
    const tongueShade = 0.8 - 0.35 * smooth(inside * 1.1);
    for (let row = from; row < to; row++) {
      const at = rowY[row] as number;
      const depth = ((at - top) / gap - 0.55) * 1.5;
      const deep = smooth(Math.sqrt(inside * inside + depth * depth) * 0.95);
      let y = throat[0] + (dark[0] - throat[0]) * deep;
      let u = throat[1] + (dark[1] - throat[1]) * deep;
      let v = throat[2] + (dark[2] - throat[2]) * deep;
      const over = clamp01((at - this.#tongueTop) * sharp * 0.5 + 0.5);
      const lit = over > 0 ? 0.5 * this.#tongueLight * bell(((at - this.#tongueTop) / (half * 0.22) - 0.42) / 0.5) : 0;
      const lower = this.#lower > 0 ? clamp01((at - this.#lowerEdge) * sharp * 0.8 + 0.5) * this.#lower * 0.94 : 0;
      if (over > 0) {
        const flesh = over * tongueShade;
        y += (tongue[0] - y) * flesh;
        u += (tongue[1] - u) * flesh;
        v += (tongue[2] - v) * flesh;
        y += (wet[0] - y) * over * lit;
        u += (wet[1] - u) * over * lit;
        v += (wet[2] - v) * over * lit;
      }
      if (lower > 0) {
        const cover = lower * (1 - over * this.#tongueFront);
        y += (lowerTone[0] - y) * cover;
        u += (lowerTone[1] - u) * cover;
        v += (lowerTone[2] - v) * cover;
      }
      const upper = this.#upper > 0 ? clamp01((this.#upperEdge - at) * sharp * 0.8 + 0.5) * this.#upper : 0;
      if (upper > 0) {
        y += (upperTone[0] - y) * upper;
        u += (upperTone[1] - u) * upper;
        v += (upperTone[2] - v) * upper;
        // Enamel is thin at its edge: a touch darker there.
        const rim = 0.22 * upper * clamp01(1 - (this.#upperEdge - at) / (half * 0.055));
        y += (rimTone[0] - y) * rim;
        u += (rimTone[1] - u) * rim;
        v += (rimTone[2] - v) * rim;
      }
      // The upper lip shades what is under it, the lower lip's roll what is behind it, the cheeks the corners.
      const shadow = clamp01(1 - (at - top) * shadowScale);
      const roll = clamp01(1 - (bottom - at) * rollScale);
      const black = 1 - (1 - 0.62 * shadow * Math.sqrt(shadow)) * (1 - 0.5 * roll) * (1 - dim);
      out.y[row] = y + (dark[0] - y) * black;
      out.u[row] = u + (dark[1] - u) * black;
      out.v[row] = v + (dark[2] - v) * black;
    }
  }
}

/** Distance to the nearest edge between teeth, half mouth widths. */
function nearest(gaps: readonly number[], side: number): number {
  let distance = 1;
  for (const gap of gaps) distance = Math.min(distance, Math.abs(side - gap));
  return distance;
}

/** The faint seam between two teeth, 0…1. */
const seam = (distance: number): number => Math.max(0, 1 - distance / 0.018);
/** The rounded corners beside it, 0…1. */
const notch = (distance: number): number => Math.max(0, 1 - distance / 0.075) ** 2;
