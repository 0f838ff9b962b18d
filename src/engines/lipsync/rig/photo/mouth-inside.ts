import { bell, clamp01, smooth } from "../curves.ts";
import { mixTones, type Tone } from "../mouth-palette.ts";
import { PARAMETER } from "../mouth-parameters.ts";
import { COLUMNS_PER_PIXEL, type MouthShape } from "./mouth-shape.ts";
import type { MouthTones } from "./mouth-tones.ts";
import type { Colour } from "./part-painter.ts";

/** Edges between the upper teeth from the middle line, in half mouth widths: incisors, canine, premolars. */
const UPPER_GAPS = [0, 0.27, 0.48, 0.66, 0.82] as const;
const LOWER_GAPS = [0, 0.17, 0.35, 0.54, 0.72] as const;
/** Edge of the upper teeth below the closed lips' line, of the lower ones below theirs, in half mouth widths. */
const UPPER_EDGE = 0.13;
const LOWER_EDGE = 0.05;
/** Reach of the upper lip's shadow, in half mouth widths. */
const SHADOW = 0.16;

/**
 * What is seen between the lips where the picture shows nothing of it: throat, tongue and both rows of teeth, in the
 * axes of the mouth. The upper teeth belong to the skull, the lower ones and the tongue to the jaw.
 */
export class MouthInside {
  readonly #shape: MouthShape;
  readonly #tones: MouthTones;
  /** Softness of edges, frame pixels: that of the picture. */
  readonly #soft: number;
  #upper = 0;
  #lower = 0;
  #tongue = 0;
  #tongueFront = 0;
  #upperEdge = 0;
  #lowerEdge = 0;
  #floor = 0;
  #middle = 0;
  #out: Colour = { y: 0, u: 0, v: 0 };

  constructor(shape: MouthShape, tones: MouthTones, soft: number) {
    this.#shape = shape;
    this.#tones = tones;
    this.#soft = soft;
  }

  prepare(mouth: Float64Array, ownTeeth: boolean): void {
    const shape = this.#shape;
    const { half, line } = shape.curves;
    this.#middle = Math.round(-shape.first * COLUMNS_PER_PIXEL);
    const rest = line[line.length >> 1] as number;
    const top = shape.innerUpper[this.#middle] as number;
    this.#floor = shape.innerLower[this.#middle] as number;
    const gap = Math.max(0, this.#floor - top);
    const tongue = mouth[PARAMETER.tongue] as number;
    this.#upper = ownTeeth ? 0 : smooth((mouth[PARAMETER.teethUpper] as number) / 0.3);
    this.#lower = smooth((mouth[PARAMETER.teethLower] as number) / 0.25);
    this.#tongue = Math.min(gap * 0.75, half * 0.34) * tongue;
    this.#tongueFront = smooth((tongue - 0.68) / 0.12);
    this.#upperEdge = rest + half * (UPPER_EDGE - (1 - (mouth[PARAMETER.teethUpper] as number)) * 0.1);
    this.#lowerEdge = rest + shape.fall + half * (LOWER_EDGE - (mouth[PARAMETER.teethLower] as number) * 0.05);
  }

  /**
   * Finds the colour at a place, between `top` and `bottom` of its column. `out` holds the picture's own colour there,
   * of which `share` is taken over, and then the result.
   */
  at(x: number, y: number, top: number, bottom: number, share: number, out: Colour): void {
    const [ownY, ownU, ownV] = [out.y, out.u, out.v];
    this.#out = out;
    const { half } = this.#shape.curves;
    const tones = this.#tones;
    const place = x / half;
    const side = Math.abs(place);
    const inside = Math.min(1, Math.abs(x) / this.#shape.innerHalf);
    const gap = Math.max(0.5, bottom - top);
    const depth = ((y - top) / gap - 0.5) * 1.4;
    this.#put(mixTones(tones.throat, tones.near, 0.55 * smooth(Math.sqrt(inside * inside + depth * depth) - 0.35)));
    const soft = 1 / this.#soft;

    const reach = Math.min(1, side / (0.7 * Math.max(0.35, this.#shape.innerHalf / half)));
    const tongueTop = this.#floor + half * 0.06 - (this.#tongue + half * 0.06) * Math.sqrt(1 - reach * reach);
    const over = reach < 1 ? clamp01((y - tongueTop) * soft * 0.7 + 0.5) : 0;
    if (over > 0) {
      this.#over(tones.tongue, over * (0.68 - 0.4 * smooth(inside * 1.1)));
      const light = bell((place + 0.05) / 0.3) * bell(((y - tongueTop) / (half * 0.2) - 0.45) / 0.5);
      this.#over(tones.tongueLight, over * 0.3 * light * (1 - 0.3 * bell(place / 0.05)));
    }
    if (this.#lower > 0) {
      const gapAt = nearest(LOWER_GAPS, side);
      const edge = this.#lowerEdge + half * (0.09 * place * place + 0.014 * notch(gapAt));
      const cover = clamp01((y - edge) * soft + 0.5) * this.#lower * (1 - over * this.#tongueFront) * 0.9;
      if (cover > 0) this.#tooth(side + 0.25, gapAt, cover);
    }
    if (this.#upper > 0) {
      const gapAt = nearest(UPPER_GAPS, side);
      const lateral = 0.015 * bell((side - 0.375) / 0.09);
      const edge = this.#upperEdge - half * (0.085 * place * place * (1 + side) + 0.012 * notch(gapAt) + lateral);
      const cover = clamp01((edge - y) * soft + 0.5) * this.#upper;
      if (cover > 0) this.#tooth(side, gapAt, cover);
    }
    if (share > 0) {
      out.y += (ownY - out.y) * share;
      // Teeth that are half in the dark have its colour first: mixed evenly they would look blue beside skin.
      out.u += (ownU - out.u) * share * share;
      out.v += (ownV - out.v) * share * share;
    }
    this.#shade(y, top, bottom, inside, 1 - 0.65 * share);
  }

  /** Darkens the colour found as lips and cheeks do that stand before it. */
  #shade(y: number, top: number, bottom: number, inside: number, depth: number): void {
    const { half } = this.#shape.curves;
    const gap = Math.max(0.5, bottom - top);
    const upper = clamp01(1 - (y - top) / Math.min(half * SHADOW, gap * 0.7));
    const lower = clamp01(1 - (bottom - y) / Math.min(half * 0.07, gap * 0.25));
    const cheek = clamp01((inside - 0.5) / 0.5);
    const narrow = gap < 0.2 * half ? 0.25 * (1 - gap / (0.2 * half)) : 0;
    const light = (1 - 0.4 * upper * Math.sqrt(upper)) * (1 - 0.3 * lower) * (1 - 0.6 * cheek * cheek) * (1 - narrow);
    this.#over(this.#tones.throat, (1 - light) * depth);
  }

  #tooth(side: number, gapAt: number, cover: number): void {
    const { teeth, teethSide, gum } = this.#tones;
    const lit = mixTones(teeth, teethSide, smooth(side / 0.85));
    this.#over(mixTones(lit, gum, 0.22 * Math.max(0, 1 - gapAt / 0.03)), cover);
  }

  #put(tone: Tone): void {
    this.#out.y = tone[0];
    this.#out.u = tone[1];
    this.#out.v = tone[2];
  }

  #over(tone: Tone, share: number): void {
    const out = this.#out;
    out.y += (tone[0] - out.y) * share;
    out.u += (tone[1] - out.u) * share;
    out.v += (tone[2] - out.v) * share;
  }
}

/** Distance to the nearest edge between teeth, half mouth widths. */
function nearest(gaps: readonly number[], side: number): number {
  let distance = 1;
  for (const gap of gaps) distance = Math.min(distance, Math.abs(side - gap));
  return distance;
}

/** The rounded corners of teeth, 0…1. */
const notch = (distance: number): number => Math.max(0, 1 - distance / 0.075) ** 2;
