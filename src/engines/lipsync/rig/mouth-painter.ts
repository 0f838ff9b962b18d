import type { AvatarSheet } from "./avatar-sheet.ts";
import { MouthGeometry } from "./mouth-geometry.ts";
import { MouthInterior } from "./mouth-interior.ts";
import { LipShading } from "./lip-shading.ts";
import { mouthPalette } from "./mouth-palette.ts";
import { PARAMETER } from "./mouth-parameters.ts";
import { jawShare } from "./pose.ts";
import { boxOf, copyBox, type TexelBox } from "./sprite.ts";
import type { Texture } from "./texture.ts";

/** Room around the resting mouth that lips, their shadows and the corners may need, in half mouth widths. */
const ROOM = { side: 1.42, above: 0.75, below: 1.5 } as const;
/** Softness of the outer and inner lip edges, u: sharper ones look like stickers. */
const OUTER_EDGE = 1.7;
const INNER_EDGE = 0.9;

const clamp01 = (x: number): number => (x < 0 ? 0 : x > 1 ? 1 : x);
const smooth = (x: number): number => {
  const t = clamp01(x);
  return t * t * (3 - 2 * t);
};

/** Paints a mouth of any shape into the head's texture, over skin that is restored first. */
export class MouthPainter {
  readonly #skin: Texture;
  readonly #sheet: AvatarSheet;
  readonly #box: TexelBox;
  readonly #geometry: MouthGeometry;
  readonly #interior: MouthInterior;
  readonly #lips: LipShading;
  readonly #rows: number;
  readonly #columns: number;
  /** Premultiplied colour and opacity of the mouth alone, row by row. */
  readonly #y: Float32Array;
  readonly #u: Float32Array;
  readonly #v: Float32Array;
  readonly #a: Float32Array;
  /** Where each texel row is once the jaw has fallen, u. */
  readonly #rowY: Float64Array;
  readonly #painted: Float64Array;
  /** Rows that the last painting touched. */
  #used = { top: 0, bottom: 0 };

  /** @param skin the head without lips */
  constructor(sheet: AvatarSheet, skin: Texture) {
    const { cx, cy, half_width: half } = sheet.mouth;
    this.#skin = skin;
    this.#sheet = sheet;
    this.#box = boxOf(skin, {
      x: cx - ROOM.side * half,
      y: cy - ROOM.above * half,
      width: 2 * ROOM.side * half,
      height: (ROOM.above + ROOM.below) * half,
    });
    this.#columns = this.#box.right - this.#box.left;
    this.#rows = this.#box.bottom - this.#box.top;
    const left = skin.originX + (this.#box.left + 0.5) / skin.scaleX;
    const palette = mouthPalette(sheet);
    this.#geometry = new MouthGeometry(sheet, this.#columns, left, 1 / skin.scaleX);
    this.#interior = new MouthInterior(palette, half, cx);
    this.#lips = new LipShading(palette, half);
    const texels = this.#rows * this.#columns;
    this.#y = new Float32Array(texels);
    this.#u = new Float32Array(texels);
    this.#v = new Float32Array(texels);
    this.#a = new Float32Array(texels);
    this.#rowY = new Float64Array(this.#rows);
    this.#painted = new Float64Array(16).fill(Number.NaN);
  }

  /** The outlines of the mouth last painted. */
  get geometry(): MouthGeometry {
    return this.#geometry;
  }

  /** Paints `mouth` into `head` unless that is what it shows; returns the box that has changed. */
  paint(head: Texture, mouth: Float64Array): TexelBox | undefined {
    if (mouth.every((value, index) => value === this.#painted[index])) return undefined;
    this.#painted.set(mouth);
    const geometry = this.#geometry;
    geometry.shape(mouth);
    for (let row = 0; row < this.#rows; row++) {
      const rest = this.#skin.originY + (this.#box.top + row + 0.5) / this.#skin.scaleY;
      this.#rowY[row] = rest + geometry.fall * jawShare(this.#sheet, rest);
    }
    this.#interior.prepare(geometry, mouth);
    this.#lips.prepare(geometry, mouth);
    const press = mouth[PARAMETER.press] as number;
    for (const plane of [this.#a, this.#y, this.#u, this.#v]) plane.fill(0);
    const before = this.#used;
    this.#used = { top: this.#rows, bottom: 0 };
    for (let column = 0; column < this.#columns; column++) this.#paintColumn(column, press);
    const top = Math.min(before.top, this.#used.top) & ~1;
    const bottom = (Math.max(before.bottom, this.#used.bottom) + 1) & ~1;
    const box = { ...this.#box, top: this.#box.top + top, bottom: this.#box.top + bottom };
    this.#blend(head, box);
    return box;
  }

  /** Slope of an outline: coverage is measured across the edge, not straight down. */
  #steepness(outline: Float64Array, column: number): number {
    const before = outline[Math.max(0, column - 1)] as number;
    const after = outline[Math.min(this.#columns - 1, column + 1)] as number;
    const slope = (after - before) / (2 * this.#geometry.step);
    return Math.sqrt(1 + Math.min(40, slope * slope));
  }

  #paintColumn(column: number, press: number): void {
    const g = this.#geometry;
    const outerUpper = g.outerUpper[column] as number;
    const innerUpper = g.innerUpper[column] as number;
    const innerLower = g.innerLower[column] as number;
    const outerLower = g.outerLower[column] as number;
    const gap = innerLower - innerUpper;
    const middle = (innerUpper + innerLower) / 2;
    const softTop = 1 / (OUTER_EDGE * this.#steepness(g.outerUpper, column));
    const softBottom = 1 / (OUTER_EDGE * this.#steepness(g.outerLower, column));
    const openTop = 1 / (INNER_EDGE * this.#steepness(g.innerUpper, column));
    const openBottom = 1 / (INNER_EDGE * this.#steepness(g.innerLower, column));
    // Beyond the corners both edges run together: no lip, not the sum of two soft edges.
    const body = smooth((outerLower - outerUpper) / 2.4);
    const inside = g.inside[column] as number;
    const open = clamp01(gap / 1.1) * clamp01((1 - inside) * g.innerHalf * 0.9);
    const interior = this.#interior;
    const lips = this.#lips;
    if (open > 0) interior.column(column);
    lips.column(column, press);
    const first = this.#rowAt(outerUpper - lips.reachAbove, 0);
    const last = this.#rowAt(outerLower + lips.reachBelow, first);
    if (first < this.#used.top) this.#used.top = first;
    if (last > this.#used.bottom) this.#used.bottom = last;
    for (let row = first, at = first * this.#columns + column; row < last; row++, at += this.#columns) {
      const y = this.#rowY[row] as number;
      const top = smooth((y - outerUpper) * softTop + 0.5);
      const bottom = smooth((outerLower - y) * softBottom + 0.5);
      const lip = top * bottom * body;
      let alpha = 0;
      let py = 0;
      let pu = 0;
      let pv = 0;
      if (lip < 1) {
        const shade = lips.skin(y);
        alpha = shade;
        py = lips.y * shade;
        pu = lips.u * shade;
        pv = lips.v * shade;
      }
      if (lip > 0) {
        lips.paint(y, y < middle, gap);
        alpha += (1 - alpha) * lip;
        py += (lips.y - py) * lip;
        pu += (lips.u - pu) * lip;
        pv += (lips.v - pv) * lip;
      }
      if (open > 0 && y > innerUpper - 3 && y < innerLower + 3) {
        const seen = clamp01((y - innerUpper) * openTop + 0.5) * clamp01((innerLower - y) * openBottom + 0.5) * open;
        if (seen > 0) {
          interior.paint(y);
          alpha += (1 - alpha) * seen;
          py += (interior.y - py) * seen;
          pu += (interior.u - pu) * seen;
          pv += (interior.v - pv) * seen;
        }
      }
      this.#y[at] = py;
      this.#u[at] = pu;
      this.#v[at] = pv;
      this.#a[at] = alpha;
    }
  }

  /** First row from `from` on that lies at or below height `y`, u. */
  #rowAt(y: number, from: number): number {
    let low = from;
    let high = this.#rows;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#rowY[middle] as number) < y) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Skin first, then the mouth over it: luma texel by texel, chroma by fours. */
  #blend(head: Texture, box: TexelBox): void {
    copyBox(head, this.#skin, box);
    const { y: outY, u: outU, v: outV, width } = head;
    const [a, y, u, v] = [this.#a, this.#y, this.#u, this.#v];
    const columns = this.#columns;
    const chroma = width >> 1;
    for (let row = box.top; row < box.bottom; row++) {
      let from = (row - this.#box.top) * columns;
      let to = row * width + box.left;
      for (const end = from + columns; from < end; from++, to++) {
        const alpha = a[from] as number;
        if (alpha !== 0) outY[to] = (y[from] as number) + (outY[to] as number) * (1 - alpha) + 0.5;
      }
    }
    for (let row = box.top; row < box.bottom; row += 2) {
      let p = (row - this.#box.top) * columns;
      let to = (row >> 1) * chroma + (box.left >> 1);
      for (const end = p + columns; p < end; p += 2, to++) {
        const q = p + columns;
        const a0 = a[p] as number;
        const a1 = a[p + 1] as number;
        const a2 = a[q] as number;
        const a3 = a[q + 1] as number;
        const sum = a0 + a1 + a2 + a3;
        if (sum === 0) continue;
        const left = 1 - sum / 4;
        const blue = (u[p] as number) + (u[p + 1] as number) + (u[q] as number) + (u[q + 1] as number);
        const red = (v[p] as number) + (v[p + 1] as number) + (v[q] as number) + (v[q + 1] as number);
        outU[to] = blue / 4 + (outU[to] as number) * left + 0.5;
        outV[to] = red / 4 + (outV[to] as number) * left + 0.5;
      }
    }
  }
}
