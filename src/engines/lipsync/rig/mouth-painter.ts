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
  /** Premultiplied colour and opacity of the mouth alone, column by column, as it is painted. */
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
    const before = this.#used;
    const reach = geometry.halfWidth + this.#lips.reach.side;
    const middle = (this.#sheet.mouth.cx - geometry.left) / geometry.step;
    const left = Math.max(0, Math.floor((middle - reach / geometry.step) / 2) * 2);
    const right = Math.min(this.#columns, Math.ceil((middle + reach / geometry.step) / 2) * 2);
    this.#used = { left, top: this.#rows, right, bottom: 0 };
    const [first, end] = [Math.min(before.left, left) * this.#rows, Math.max(before.right, right) * this.#rows];
    // Where there is no opacity, luma is not read; chroma is, beside opacity.
    for (const plane of [this.#a, this.#u, this.#v]) plane.fill(0, first, end);
    for (let column = left; column < right; column += 2) this.#paintPair(column);
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

  /** Two neighbouring columns: each has its own edges, both share the colours of the first, which are soft. */
  #paintPair(column: number): void {
    const g = this.#geometry;
    const { reach } = this.#lips;
    const rowY = this.#rowY;
    const next = Math.min(column + 1, this.#columns - 1);
    const top = Math.min(g.outerUpper[column] as number, g.outerUpper[next] as number);
    const bottom = Math.max(g.outerLower[column] as number, g.outerLower[next] as number);
    const edge = OUTER_EDGE * Math.max(this.#steepness(g.outerUpper, column), this.#steepness(g.outerLower, column));
    const first = this.#rowAt(top - reach.above, 0);
    const lipFirst = this.#rowAt(top - edge, first);
    const lipLast = this.#rowAt(bottom + edge, lipFirst);
    const last = this.#rowAt(bottom + reach.below, lipLast);
    if (first < this.#used.top) this.#used.top = first;
    if (last > this.#used.bottom) this.#used.bottom = last;
    this.#lips.column(column);
    // Under the lips' full body no skin is seen: its shade is left out there.
    const underTop = this.#rowAt(top + 2 * edge, first);
    const underBottom = Math.max(underTop, this.#rowAt(bottom - 2 * edge, first));
    const thick = bottom - top > 5 * edge;
    this.#lips.skin(rowY, first, thick ? underTop : last, this.#shade);
    if (thick) this.#lips.skin(rowY, underBottom, last, this.#shade);
    this.#lips.lips(rowY, lipFirst, lipLast, this.#lip);
    this.#closed(column, first, last, lipFirst, lipLast);
    if (next > column) this.#closed(next, first, last, lipFirst, lipLast);
    this.#open(column, next);
  }

  /** Skin and lips of a column, from the colours of its pair. */
  #closed(column: number, first: number, last: number, lipFirst: number, lipLast: number): void {
    const g = this.#geometry;
    const rowY = this.#rowY;
    const upper = g.outerUpper[column] as number;
    const lower = g.outerLower[column] as number;
    const topScale = 1 / (OUTER_EDGE * this.#steepness(g.outerUpper, column));
    const bottomScale = 1 / (OUTER_EDGE * this.#steepness(g.outerLower, column));
    // Beyond the corners both edges run together: no lip, not the sum of two soft edges.
    const body = smooth((lower - upper) / 2.4);
    const [planeA, planeY, planeU, planeV] = [this.#a, this.#y, this.#u, this.#v];
    const [shade, lip] = [this.#shade, this.#lip];
    for (let row = first, at = column * this.#rows + first; row < last; row++, at++) {
      let cover = 0;
      if (row >= lipFirst && row < lipLast) {
        const here = rowY[row] as number;
        cover = smooth((here - upper) * topScale + 0.5) * smooth((lower - here) * bottomScale + 0.5) * body;
      }
      if (cover === 1) {
        planeA[at] = 1;
        planeY[at] = lip.y[row] as number;
        planeU[at] = lip.u[row] as number;
        planeV[at] = lip.v[row] as number;
        continue;
      }
      const alpha = shade.a[row] as number;
      const skin = alpha * (1 - cover);
      planeA[at] = alpha + (1 - alpha) * cover;
      planeY[at] = (shade.y[row] as number) * skin + (lip.y[row] as number) * cover;
      planeU[at] = (shade.u[row] as number) * skin + (lip.u[row] as number) * cover;
      planeV[at] = (shade.v[row] as number) * skin + (lip.v[row] as number) * cover;
    }
  }

  /** What is between the lips in a pair of columns, over them. */
  #open(column: number, next: number): void {
    const g = this.#geometry;
    const inside = Math.min(g.inside[column] as number, g.inside[next] as number);
    const upper = Math.min(g.innerUpper[column] as number, g.innerUpper[next] as number);
    const lower = Math.max(g.innerLower[column] as number, g.innerLower[next] as number);
    if (lower - upper <= 0 || inside >= 1) return;
    const rowY = this.#rowY;
    const edge = INNER_EDGE * Math.max(this.#steepness(g.innerUpper, column), this.#steepness(g.innerLower, column));
    const first = this.#rowAt(upper - edge, 0);
    const last = this.#rowAt(lower + edge, first);
    this.#interior.column(column);
    this.#interior.paint(rowY, first, last, this.#lip);
    for (let c = column; c <= next; c++) this.#seen(c, first, last);
  }

  #seen(column: number, first: number, last: number): void {
    const g = this.#geometry;
    const rowY = this.#rowY;
    const colours = this.#lip;
    const upper = g.innerUpper[column] as number;
    const lower = g.innerLower[column] as number;
    const open = clamp01((lower - upper) / 1.1) * clamp01((1 - (g.inside[column] as number)) * g.innerHalf * 0.9);
    if (open === 0) return;
    const topScale = 1 / (INNER_EDGE * this.#steepness(g.innerUpper, column));
    const bottomScale = 1 / (INNER_EDGE * this.#steepness(g.innerLower, column));
    const [planeA, planeY, planeU, planeV] = [this.#a, this.#y, this.#u, this.#v];
    for (let row = first, at = column * this.#rows + first; row < last; row++, at++) {
      const here = rowY[row] as number;
      const cover = clamp01((here - upper) * topScale + 0.5) * clamp01((lower - here) * bottomScale + 0.5) * open;
      const left = 1 - cover;
      planeA[at] = (planeA[at] as number) * left + cover;
      planeY[at] = (planeY[at] as number) * left + (colours.y[row] as number) * cover;
      planeU[at] = (planeU[at] as number) * left + (colours.u[row] as number) * cover;
      planeV[at] = (planeV[at] as number) * left + (colours.v[row] as number) * cover;
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
    const rows = this.#rows;
    const chroma = width >> 1;
    for (let column = box.left; column < box.right; column++) {
      let from = (column - this.#box.left) * rows + box.top - this.#box.top;
      let to = box.top * width + column;
      for (const end = from + box.bottom - box.top; from < end; from++, to += width) {
        const alpha = a[from] as number;
        if (alpha !== 0) outY[to] = (y[from] as number) + (outY[to] as number) * (1 - alpha) + 0.5;
      }
    }
    for (let column = box.left; column < box.right; column += 2) {
      // Two columns, two rows at a time.
      let p = (column - this.#box.left) * rows + box.top - this.#box.top;
      let to = (box.top >> 1) * chroma + (column >> 1);
      for (const end = p + box.bottom - box.top; p < end; p += 2, to += chroma) {
        const q = p + rows;
        const a0 = a[p] as number;
        const a1 = a[q] as number;
        const a2 = a[p + 1] as number;
        const a3 = a[q + 1] as number;
        const sum = a0 + a1 + a2 + a3;
        if (sum === 0) continue;
        const left = 1 - sum / 4;
        const blue = (u[p] as number) + (u[q] as number) + (u[p + 1] as number) + (u[q + 1] as number);
        const red = (v[p] as number) + (v[q] as number) + (v[p + 1] as number) + (v[q + 1] as number);
        outU[to] = blue / 4 + (outU[to] as number) * left + 0.5;
        outV[to] = red / 4 + (outV[to] as number) * left + 0.5;
      }
    }
  }
}
