import { bell, clamp01, smooth } from "./curves.ts";
import type { MouthGeometry } from "./mouth-geometry.ts";
import type { MouthPalette } from "./mouth-palette.ts";
import { PARAMETER } from "./mouth-parameters.ts";

/** Colours down one column of texels, straight, with their opacity: one entry per row. */
export type ColumnColours = {
  readonly y: Float64Array;
  readonly u: Float64Array;
  readonly v: Float64Array;
  readonly a: Float64Array;
};

/** Colours for `rows` rows, all empty. */
export const createColumn = (rows: number): ColumnColours => ({
  y: new Float64Array(rows),
  u: new Float64Array(rows),
  v: new Float64Array(rows),
  a: new Float64Array(rows),
});

/**
 * Colour of the lips and of the skin that they shade. Light comes from the upper left: the upper lip faces down and is
 * the darker one; the lower lip carries the highlight, and throws a shadow on the chin. `prepare` is called per frame
 * and `column` per column; `lips` and `skin` then colour a run of its rows.
 */
export class LipShading {
  readonly #palette: MouthPalette;
  readonly #half: number;
  #geometry: MouthGeometry | undefined;
  #round = 0;
  #tuck = 0;
  #press = 0;
  // Of the column.
  #along = 0;
  #top = 0;
  #upper = 0;
  #lower = 0;
  #bottom = 0;
  #lineStrength = 0;
  #lineWidth = 1;
  #fleck = 0;
  #upperGlow = 0;
  #lowerGlow = 0;
  #gloss = 0;
  #sideLight = 0;

  constructor(palette: MouthPalette, halfWidth: number) {
    this.#palette = palette;
    this.#half = halfWidth;
  }

  /** How far above, below and beside the lips the skin is shaded, u. */
  get reach(): { readonly above: number; readonly below: number; readonly side: number } {
    return { above: 0.16 * this.#half, below: 0.36 * this.#half, side: 0.3 * this.#half };
  }

  prepare(geometry: MouthGeometry, mouth: Float64Array): void {
    this.#geometry = geometry;
    this.#round = clamp01(mouth[PARAMETER.round] as number);
    this.#tuck = clamp01(mouth[PARAMETER.tuck] as number);
    this.#press = clamp01(mouth[PARAMETER.press] as number);
  }

  column(index: number): void {
    const geometry = this.#geometry as MouthGeometry;
    const press = this.#press;
    const t = geometry.along[index] as number;
    const side = Math.abs(t);
    this.#along = t;
    this.#top = geometry.outerUpper[index] as number;
    this.#upper = geometry.innerUpper[index] as number;
    this.#lower = geometry.innerLower[index] as number;
    this.#bottom = geometry.outerLower[index] as number;
    const inCorner = smooth((side - 0.72) / 0.28);
    const soft = 1 - 0.45 * this.#round * smooth((side - 0.5) / 0.4);
    this.#lineStrength = side > 1.06 ? 0 : (0.78 + 0.12 * press) * soft * (1 - smooth((side - 0.94) / 0.12));
    this.#lineWidth = (0.021 + 0.008 * bell((side - 0.3) / 0.2) - 0.006 * inCorner) * this.#half;
    // Fine creases run across the lips, a little different in every place.
    const crease = Math.sin(t * 23 + 0.4) * Math.sin(t * 31 + 1.1) + 0.6 * Math.sin(t * 53 + 2.1) * Math.sin(t * 17);
    this.#fleck = crease * 0.022 * (1 - inCorner);
    this.#upperGlow = 0.2 * bell((t + 0.02) / 0.14) + 0.16 * bell((t + 0.34) / 0.22) + 0.08 * bell((t - 0.34) / 0.22);
    this.#lowerGlow =
      (0.44 * bell((t + 0.2) / 0.26) + 0.34 * bell((t - 0.18) / 0.24)) * (1 - 0.55 * press) * (1 - 0.4 * this.#tuck);
    this.#gloss =
      0.34 * (bell((t + 0.19) / 0.13) + 0.6 * bell((t - 0.13) / 0.1)) * (1 - 0.8 * press) * (1 - 0.5 * this.#tuck);
    this.#sideLight = -0.06 * t - 0.16 * inCorner;
  }

  /** Colours of rows `from` up to `to` as lip; `rowY` are their heights, u. */
  lips(rowY: Float64Array, from: number, to: number, out: ColumnColours): void {
    const { upper, lower, highlight, line, cavity_edge: dark } = this.#palette;
    const top = this.#top;
    const innerUpper = this.#upper;
    const innerLower = this.#lower;
    const gap = innerLower - innerUpper;
    const middle = (innerUpper + innerLower) / 2;
    const upperScale = 1 / Math.max(0.5, innerUpper - top);
    const lowerScale = 1 / Math.max(0.5, this.#bottom - innerLower);
    // An open lip shows its wet inner roll.
    const wet = 0.28 * clamp01((gap - 1) / 6) * bell(this.#along / 0.5);
    const shut = 1 - smooth(gap / 2.2);
    const lineStrength = this.#lineStrength * (0.5 + 0.5 * shut);
    const lineScale = 1 / this.#lineWidth;
    const light = 1 + this.#sideLight + this.#fleck;
    const upperGlow = this.#upperGlow;
    const lowerGlow = this.#lowerGlow;
    const gloss = this.#gloss;
    const glossAt = 0.36 + 1.3 * this.#fleck;
    for (let row = from; row < to; row++) {
      const at = rowY[row] as number;
      const isUpper = at < middle;
      const v = isUpper ? clamp01((at - top) * upperScale) : clamp01((at - innerLower) * lowerScale);
      // Shares of highlight and of the second colour over the first; upper lip: its line, lower lip: the upper's.
      let shine: number;
      let shade: number;
      if (isUpper) {
        shine = 0.13 * bell((v - 0.12) / 0.16) + upperGlow * bell((v - 0.55) / 0.26);
        shade = 0.42 * smooth((v - 0.58) / 0.42);
      } else {
        const glow = lowerGlow * bell((v - 0.42) / 0.22) + gloss * bell((v - glossAt) / 0.075);
        shine = glow + wet * bell((v - 0.1) / 0.07);
        shade = 0.75 * (1 - smooth(v / 0.3)) + 0.5 * smooth((v - 0.66) / 0.34);
      }
      const base = isUpper ? upper : lower;
      const second = isUpper ? line : upper;
      let y = base[0] + (second[0] - base[0]) * shade;
      let cu = base[1] + (second[1] - base[1]) * shade;
      let cv = base[2] + (second[2] - base[2]) * shade;
      y += (highlight[0] - y) * shine;
      cu += (highlight[1] - cu) * shine;
      cv += (highlight[2] - cv) * shine;
      y = 16 + (y - 16) * light;
      const away = (Math.abs(at - middle) - gap / 2) * lineScale;
      if (lineStrength > 0 && away < 4) {
        const distance = away < 0 ? 0 : away;
        const drawn = lineStrength * (0.72 * bell(distance * 0.9) + 0.26 * bell(distance * 0.36));
        const deep = 0.4 * lineStrength * shut * bell(distance * 1.25);
        y += (line[0] - y) * drawn;
        cu += (line[1] - cu) * drawn;
        cv += (line[2] - cv) * drawn;
        y += (dark[0] - y) * deep;
        cu += (dark[1] - cu) * deep;
        cv += (dark[2] - cv) * deep;
      }
      out.y[row] = y;
      out.u[row] = cu;
      out.v[row] = cv;
    }
  }

  /** Shade that the lips throw on the skin of rows `from` up to `to`: colours and how much they cover. */
  skin(rowY: Float64Array, from: number, to: number, out: ColumnColours): void {
    const { skin, skin_shadow: shadow, line } = this.#palette;
    const geometry = this.#geometry as MouthGeometry;
    const half = this.#half;
    const side = Math.abs(this.#along);
    const under = 0.3 * Math.max(0, 1 - side * side) ** 0.8;
    const above = 0.22 * (bell((side - 0.2) / 0.14) + 0.35 * bell((side - 0.5) / 0.25)) * (1 - 0.6 * this.#press);
    const toCorner = (side - 1) * geometry.halfWidth;
    const corner = 0.5 * (1 - 0.75 * this.#round) * bell(toCorner / (0.05 * half));
    const dimple = 0.16 * bell((toCorner - 0.05 * half) / (0.11 * half));
    const lit = 16 + (skin[0] - 16) * 1.1;
    for (let row = from; row < to; row++) {
      const at = rowY[row] as number;
      const below = at - this.#bottom;
      let opacity = below > -2 ? under * bell((below - 0.06 * half) / (0.13 * half)) : 0;
      const fromCorner = at - geometry.cornerY;
      const dark = corner * bell(fromCorner / (0.038 * half));
      opacity += (1 - opacity) * dark;
      opacity += (1 - opacity) * dimple * bell(fromCorner / (0.14 * half));
      const over = this.#top - at;
      const light = over > -2 ? above * bell((over - 0.03 * half) / (0.05 * half)) : 0;
      if (light > opacity) {
        out.y[row] = lit;
        out.u[row] = skin[1];
        out.v[row] = skin[2];
        out.a[row] = light;
        continue;
      }
      const lined = dark * 0.75;
      out.y[row] = shadow[0] + (line[0] - shadow[0]) * lined;
      out.u[row] = shadow[1] + (line[1] - shadow[1]) * lined;
      out.v[row] = shadow[2] + (line[2] - shadow[2]) * lined;
      out.a[row] = opacity;
    }
  }
}
