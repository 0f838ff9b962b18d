import type { AvatarSheet } from "./avatar-sheet.ts";
import { MouthGeometry } from "./mouth-geometry.ts";
import { MouthInterior } from "./mouth-interior.ts";
import { type ColumnColours, createColumn, LipShading } from "./lip-shading.ts";
import { clamp01, smooth } from "./curves.ts";
import { mouthPalette } from "./mouth-palette.ts";
import { jawShare } from "./pose.ts";
import { boxOf, copyBox, type TexelBox } from "./sprite.ts";
import type { Texture } from "./texture.ts";

/** Room around the resting mouth that lips, their shadows and the corners may need, in half mouth widths. */
const ROOM = { side: 1.42, above: 0.75, below: 1.5 } as const;
/** Softness of the outer and inner lip edges, u: sharper ones look like stickers. */
const OUTER_EDGE = 1.7;
const INNER_EDGE = 0.9;

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
  /** Rows and columns that the last painting touched. */
  #used = { left: 0, top: 0, right: 0, bottom: 0 };
  /** Work columns: shaded skin, and lip or what is between the lips. */
  readonly #shade: ColumnColours;
  readonly #lip: ColumnColours;

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
    this.#shade = createColumn(this.#rows);
    this.#lip = createColumn(this.#rows);
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
    for (const plane of [this.#a, this.#y, this.#u, this.#v]) plane.fill(0);
    const before = this.#used;
    const reach = geometry.halfWidth + this.#lips.reach.side;
    const middle = (this.#sheet.mouth.cx - geometry.left) / geometry.step;
    const left = Math.max(0, Math.floor((middle - reach / geometry.step) / 2) * 2);
    const right = Math.min(this.#columns, Math.ceil((middle + reach / geometry.step) / 2) * 2);
    this.#used = { left, top: this.#rows, right, bottom: 0 };
    for (let column = left; column < right; column++) this.#paintColumn(column);
    const box = {
      left: this.#box.left + Math.min(before.left, left),
      top: this.#box.top + (Math.min(before.top, this.#used.top) & ~1),
      right: this.#box.left + Math.max(before.right, right),
      bottom: this.#box.top + ((Math.max(before.bottom, this.#used.bottom) + 1) & ~1),
    };
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

  #paintColumn(column: number): void {
    const g = this.#geometry;
    const rowY = this.#rowY;
    const outerUpper = g.outerUpper[column] as number;
    const innerUpper = g.innerUpper[column] as number;
    const innerLower = g.innerLower[column] as number;
    const outerLower = g.outerLower[column] as number;
    const topEdge = OUTER_EDGE * this.#steepness(g.outerUpper, column);
    const bottomEdge = OUTER_EDGE * this.#steepness(g.outerLower, column);
    // Beyond the corners both edges run together: no lip, not the sum of two soft edges.
    const body = smooth((outerLower - outerUpper) / 2.4);
    const { reach } = this.#lips;
    const first = this.#rowAt(outerUpper - reach.above, 0);
    const last = this.#rowAt(outerLower + reach.below, first);
    const lipFirst = body > 0 ? this.#rowAt(outerUpper - topEdge / 2, first) : last;
    const lipLast = body > 0 ? this.#rowAt(outerLower + bottomEdge / 2, lipFirst) : last;
    if (first < this.#used.top) this.#used.top = first;
    if (last > this.#used.bottom) this.#used.bottom = last;
    const { y: planeY, u: planeU, v: planeV, a: planeA } = { y: this.#y, u: this.#u, v: this.#v, a: this.#a };
    const columns = this.#columns;
    const shade = this.#shade;
    const lip = this.#lip;
    this.#lips.column(column);
    this.#lips.skin(rowY, first, last, shade);
    this.#lips.lips(rowY, lipFirst, lipLast, lip);
    for (let row = first, at = first * columns + column; row < last; row++, at += columns) {
      let alpha = shade.a[row] as number;
      let y = (shade.y[row] as number) * alpha;
      let u = (shade.u[row] as number) * alpha;
      let v = (shade.v[row] as number) * alpha;
      if (row >= lipFirst && row < lipLast) {
        const here = rowY[row] as number;
        const cover =
          smooth((here - outerUpper) / topEdge + 0.5) * smooth((outerLower - here) / bottomEdge + 0.5) * body;
        alpha += (1 - alpha) * cover;
        y += ((lip.y[row] as number) - y) * cover;
        u += ((lip.u[row] as number) - u) * cover;
        v += ((lip.v[row] as number) - v) * cover;
      }
      planeA[at] = alpha;
      planeY[at] = y;
      planeU[at] = u;
      planeV[at] = v;
    }
    const inside = g.inside[column] as number;
    const open = clamp01((innerLower - innerUpper) / 1.1) * clamp01((1 - inside) * g.innerHalf * 0.9);
    if (open > 0) this.#openColumn(column, innerUpper, innerLower, open);
  }

  /** What is between the lips, over them. */
  #openColumn(column: number, upper: number, lower: number, open: number): void {
    const g = this.#geometry;
    const rowY = this.#rowY;
    const topEdge = INNER_EDGE * this.#steepness(g.innerUpper, column);
    const bottomEdge = INNER_EDGE * this.#steepness(g.innerLower, column);
    const first = this.#rowAt(upper - topEdge / 2, 0);
    const last = this.#rowAt(lower + bottomEdge / 2, first);
    const colours = this.#lip;
    this.#interior.column(column);
    this.#interior.paint(rowY, first, last, colours);
    for (let row = first, at = first * this.#columns + column; row < last; row++, at += this.#columns) {
      const here = rowY[row] as number;
      const seen = clamp01((here - upper) / topEdge + 0.5) * clamp01((lower - here) / bottomEdge + 0.5) * open;
      this.#a[at]! += (1 - (this.#a[at] as number)) * seen;
      this.#y[at]! += ((colours.y[row] as number) - (this.#y[at] as number)) * seen;
      this.#u[at]! += ((colours.u[row] as number) - (this.#u[at] as number)) * seen;
      this.#v[at]! += ((colours.v[row] as number) - (this.#v[at] as number)) * seen;
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
      let from = (row - this.#box.top) * columns + box.left - this.#box.left;
      let to = row * width + box.left;
      for (const end = from + box.right - box.left; from < end; from++, to++) {
        const alpha = a[from] as number;
        if (alpha !== 0) outY[to] = (y[from] as number) + (outY[to] as number) * (1 - alpha) + 0.5;
      }
    }
    for (let row = box.top; row < box.bottom; row += 2) {
      let p = (row - this.#box.top) * columns + box.left - this.#box.left;
      let to = (row >> 1) * chroma + (box.left >> 1);
      for (const end = p + box.right - box.left; p < end; p += 2, to++) {
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
