import type { MouthGeometry } from "./mouth-geometry.ts";
import type { MouthPalette, Tone } from "./mouth-palette.ts";
import { PARAMETER } from "./mouth-parameters.ts";

const clamp01 = (x: number): number => (x < 0 ? 0 : x > 1 ? 1 : x);
const smooth = (x: number): number => {
  const t = clamp01(x);
  return t * t * (3 - 2 * t);
};

/** exp(−x²) for 0 ≤ x < 4, 128 entries to 1. */
const BELL = Float32Array.from({ length: 512 }, (_, i) => Math.exp(-(((i + 0.5) / 128) ** 2)));
const bell = (x: number): number => {
  const i = (x < 0 ? -x * 128 : x * 128) | 0;
  return i < 512 ? (BELL[i] as number) : 0;
};

/**
 * Colour of the lips and of the skin that they shade. Light comes from the upper left: the upper lip faces down and is
 * the darker one; the lower lip carries the highlight, and throws a shadow on the chin. Like the interior: `prepare`
 * per frame, `column` per column, then `paint` or `skin` per texel, with the colour in `y`, `u`, `v`.
 */
export class LipShading {
  y = 0;
  u = 0;
  v = 0;
  readonly #palette: MouthPalette;
  readonly #half: number;
  #geometry: MouthGeometry | undefined;
  #round = 0;
  #tuck = 0;
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
  #sideLight = 0;
  #gloss = 0;
  #corner = 0;
  #under = 0;
  #above = 0;

  constructor(palette: MouthPalette, halfWidth: number) {
    this.#palette = palette;
    this.#half = halfWidth;
  }

  prepare(geometry: MouthGeometry, mouth: Float64Array): void {
    this.#geometry = geometry;
    this.#round = clamp01(mouth[PARAMETER.round] as number);
    this.#tuck = clamp01(mouth[PARAMETER.tuck] as number);
  }

  column(index: number, press: number): void {
    const geometry = this.#geometry as MouthGeometry;
    const t = geometry.along[index] as number;
    const side = Math.abs(t);
    this.#along = t;
    this.#top = geometry.outerUpper[index] as number;
    this.#upper = geometry.innerUpper[index] as number;
    this.#lower = geometry.innerLower[index] as number;
    this.#bottom = geometry.outerLower[index] as number;
    const inCorner = smooth((side - 0.72) / 0.28);
    this.#lineStrength =
      side > 1.06
        ? 0
        : (0.78 + 0.12 * press) *
          (1 - 0.45 * this.#round * smooth((side - 0.5) / 0.4)) *
          (1 - smooth((side - 0.94) / 0.12));
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
    this.#corner = 0.5 * (1 - 0.75 * this.#round);
    const width = Math.max(0, 1 - t * t);
    this.#under = 0.3 * width ** 0.8;
    this.#above = 0.22 * (bell((side - 0.2) / 0.14) + 0.35 * bell((side - 0.5) / 0.25)) * (1 - 0.6 * press);
  }

  /** How far above and below the lips the skin is shaded, u. */
  get reachAbove(): number {
    return 0.16 * this.#half;
  }
  get reachBelow(): number {
    return 0.38 * this.#half;
  }

  /** Colour of the lips at height `at`, u; `gap` is the opening there. */
  paint(at: number, isUpper: boolean, gap: number): void {
    const palette = this.#palette;
    if (isUpper) {
      const thickness = Math.max(0.5, this.#upper - this.#top);
      const v = clamp01((at - this.#top) / thickness);
      this.#set(palette.upper);
      this.#mix(palette.highlight, 0.13 * bell((v - 0.12) / 0.16) + this.#upperGlow * bell((v - 0.55) / 0.26));
      this.#mix(palette.line, 0.42 * smooth((v - 0.58) / 0.42));
    } else {
      const thickness = Math.max(0.5, this.#bottom - this.#lower);
      const v = clamp01((at - this.#lower) / thickness);
      this.#set(palette.lower);
      this.#mix(palette.upper, 0.75 * (1 - smooth(v / 0.3)));
      this.#mix(palette.highlight, this.#lowerGlow * bell((v - 0.42) / 0.22));
      this.#mix(palette.highlight, this.#gloss * bell((v - 0.36 - 0.03 * this.#fleck * 45) / 0.075));
      this.#mix(palette.upper, 0.5 * smooth((v - 0.66) / 0.34));
      if (gap > 1) {
        // An open lip shows its wet inner roll.
        const wet = clamp01((gap - 1) / 6) * bell(this.#along / 0.5);
        this.#mix(palette.highlight, 0.28 * wet * bell((v - 0.1) / 0.07));
      }
    }
    this.#lighten(this.#sideLight + this.#fleck);
    const middle = (this.#upper + this.#lower) / 2;
    const shut = 1 - smooth(gap / 2.2);
    if (this.#lineStrength > 0) {
      const distance = Math.max(0, Math.abs(at - middle) - gap / 2) / this.#lineWidth;
      const strength = this.#lineStrength * (0.5 + 0.5 * shut);
      if (distance < 4) {
        this.#mix(palette.line, strength * (0.72 * bell(distance * 0.9) + 0.26 * bell(distance * 0.36)));
        this.#mix(palette.cavity_edge, 0.4 * strength * shut * bell(distance * 1.25));
      }
    }
  }

  /** Shade that the lips throw on the skin at height `at`, u: its opacity, with the colour in `y`, `u`, `v`. */
  skin(at: number): number {
    const palette = this.#palette;
    const half = this.#half;
    let opacity = 0;
    this.#set(palette.skin_shadow);
    const below = at - this.#bottom;
    if (below > -2 && this.#under > 0) {
      opacity = this.#under * bell((below - 0.06 * half) / (0.13 * half));
    }
    const geometry = this.#geometry as MouthGeometry;
    const toCorner = (Math.abs(this.#along) - 1.0) * geometry.halfWidth;
    const cornerX = toCorner / (0.05 * half);
    if (cornerX > -4 && cornerX < 4) {
      const cornerY = (at - geometry.cornerY) / (0.038 * half);
      const dark = this.#corner * bell(cornerX) * bell(cornerY);
      if (dark > 0.004) {
        this.#mix(palette.line, dark * 0.75);
        opacity += (1 - opacity) * dark;
      }
      const dimple =
        0.16 * bell((toCorner - 0.05 * half) / (0.11 * half)) * bell((at - geometry.cornerY) / (0.14 * half));
      opacity += (1 - opacity) * dimple;
    }
    const over = this.#top - at;
    if (over > -2 && this.#above > 0 && opacity < 0.05) {
      const light = this.#above * bell((over - 0.03 * half) / (0.05 * half));
      if (light > opacity) {
        this.#set(palette.skin);
        this.#lighten(0.1);
        opacity = light;
      }
    }
    return opacity;
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

  /** Scales the luma above black; negative darkens. */
  #lighten(amount: number): void {
    this.y += (this.y - 16) * amount;
  }
}
