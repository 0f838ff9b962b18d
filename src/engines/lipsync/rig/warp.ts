import type { CellGrid, CellRange } from "./cell-grid.ts";
import { COVER, type CoverMap } from "./cover-map.ts";
import type { FramePlanes } from "./frame-planes.ts";
import type { PackedTexture } from "./packed-texture.ts";
import { chromaOpaque, chromaOver, lumaOpaque, lumaOver } from "./samplers.ts";

/** One texel in the 16.16 fixed point that sampling runs in. */
const ONE = 65536;

const least = (a: number, b: number, c: number, d: number): number => Math.min(Math.min(a, b), Math.min(c, d));
const most = (a: number, b: number, c: number, d: number): number => Math.max(Math.max(a, b), Math.max(c, d));

/**
 * Says for each cell of a range what it sees of the texture, as a `COVER`, in `seen` (one entry per cell of the
 * grid, row by row).
 */
export function classify(cover: CoverMap, grid: CellGrid, range: CellRange, seen: Uint8Array): void {
  const { stride, x, y } = grid;
  for (let row = range.top; row < range.bottom; row++) {
    for (let column = range.left; column < range.right; column++) {
      const a = row * stride + column;
      const b = a + 1;
      const c = a + stride;
      const d = c + 1;
      seen[row * grid.columns + column] = cover.at(
        least(x[a] as number, x[b] as number, x[c] as number, x[d] as number) - 1,
        least(y[a] as number, y[b] as number, y[c] as number, y[d] as number) - 1,
        most(x[a] as number, x[b] as number, x[c] as number, x[d] as number) + 1,
        most(y[a] as number, y[b] as number, y[c] as number, y[d] as number) + 1,
      );
    }
  }
}

/** The texture places of a cell: of its corner, per pixel down, per pixel to the right, and per pixel of both. */
class CellPlaces {
  x = 0;
  y = 0;
  downX = 0;
  downY = 0;
  acrossX = 0;
  acrossY = 0;
  twistX = 0;
  twistY = 0;

  read(grid: CellGrid, row: number, column: number): void {
    const { stride, x, y } = grid;
    const n = row * stride + column;
    const inverse = 1 / grid.cell;
    this.x = x[n] as number;
    this.y = y[n] as number;
    this.downX = ((x[n + stride] as number) - this.x) * inverse;
    this.downY = ((y[n + stride] as number) - this.y) * inverse;
    this.acrossX = ((x[n + 1] as number) - this.x) * inverse;
    this.acrossY = ((y[n + 1] as number) - this.y) * inverse;
    this.twistX = (((x[n + stride + 1] as number) - (x[n + stride] as number)) * inverse - this.acrossX) * inverse;
    this.twistY = (((y[n + stride + 1] as number) - (y[n + stride] as number)) * inverse - this.acrossY) * inverse;
  }

  xAt(across: number, down: number): number {
    return this.x + this.downX * down + (this.acrossX + this.twistX * down) * across;
  }

  yAt(across: number, down: number): number {
    return this.y + this.downY * down + (this.acrossY + this.twistY * down) * across;
  }

  /** What a part of the cell sees; edges in pixels from the cell's corner. */
  sees(cover: CoverMap, left: number, top: number, right: number, bottom: number): number {
    const [xa, xb, xc, xd] = [
      this.xAt(left, top),
      this.xAt(right, top),
      this.xAt(left, bottom),
      this.xAt(right, bottom),
    ];
    const [ya, yb, yc, yd] = [
      this.yAt(left, top),
      this.yAt(right, top),
      this.yAt(left, bottom),
      this.yAt(right, bottom),
    ];
    return cover.at(
      least(xa, xb, xc, xd) - 1,
      least(ya, yb, yc, yd) - 1,
      most(xa, xb, xc, xd) + 1,
      most(ya, yb, yc, yd) + 1,
    );
  }
}

const places = new CellPlaces();

/**
 * Draws a texture over a picture through a warp: the grid gives the texture place of every cell corner, and within a
 * cell places are bilinear. Cells that see nothing are skipped; what sees only opaque texels is written without
 * reading what is below; mixed cells are looked at by quarters.
 *
 * @param seen what each cell of the grid sees of the texture, as a `COVER`
 */
export function drawWarped(
  frame: FramePlanes,
  texture: PackedTexture,
  cover: CoverMap,
  grid: CellGrid,
  range: CellRange,
  seen: Uint8Array,
): void {
  const { cell, columns } = grid;
  const half = cell >> 1;
  for (let row = range.top; row < range.bottom; row++) {
    for (let column = range.left; column < range.right; column++) {
      const see = seen[row * columns + column] as number;
      if (see === COVER.nothing) continue;
      places.read(grid, row, column);
      const left = column * cell;
      const top = row * cell;
      if (see === COVER.opaque || half % 2 !== 0) {
        drawPatch(frame, texture, left, top, 0, 0, cell, see);
        continue;
      }
      for (let down = 0; down < cell; down += half) {
        for (let across = 0; across < cell; across += half) {
          const part = places.sees(cover, across, down, across + half, down + half);
          if (part !== COVER.nothing) drawPatch(frame, texture, left, top, across, down, half, part);
        }
      }
    }
  }
}

/** Draws a square part of the cell in `places`; `across` and `down` are its corner in the cell, even pixels. */
function drawPatch(
  frame: FramePlanes,
  texture: PackedTexture,
  left: number,
  top: number,
  across: number,
  down: number,
  size: number,
  see: number,
): void {
  const width = Math.min(size, frame.width - left - across);
  const height = Math.min(size, frame.height - top - down);
  const { downX, downY, acrossX, acrossY, twistX, twistY } = places;
  // The middle of the first pixel, then back half a texel: texel i covers i to i + 1.
  const x = places.x - 0.5;
  const y = places.y - 0.5;
  const first = across + 0.5;
  for (let line = 0; line < height; line++) {
    const t = down + line + 0.5;
    const stepX = acrossX + twistX * t;
    const stepY = acrossY + twistY * t;
    const sx = ((x + downX * t + stepX * first) * ONE) | 0;
    const sy = ((y + downY * t + stepY * first) * ONE) | 0;
    const to = (top + down + line) * frame.width + left + across;
    const dx = (stepX * ONE) | 0;
    const dy = (stepY * ONE) | 0;
    if (see === COVER.opaque) lumaOpaque(frame.y, to, to + width, texture.y, texture.width, sx, sy, dx, dy);
    else lumaOver(frame.y, to, to + width, texture, sx, sy, dx, dy);
  }
  const chromaLeft = (left + across) >> 1;
  const chromaTop = (top + down) >> 1;
  const chromaWidth = Math.min(size >> 1, frame.chromaWidth - chromaLeft);
  const chromaHeight = Math.min(size >> 1, frame.chromaHeight - chromaTop);
  for (let line = 0; line < chromaHeight; line++) {
    const t = down + 2 * line + 1;
    const stepX = acrossX + twistX * t;
    const stepY = acrossY + twistY * t;
    // Chroma lies on the middle of the left pixel of its pair; its texels are twice as large, its steps too.
    const sx = (((places.x + downX * t + stepX * first) * 0.5 - 0.5) * ONE) | 0;
    const sy = (((places.y + downY * t + stepY * first) * 0.5 - 0.5) * ONE) | 0;
    const to = (chromaTop + line) * frame.chromaWidth + chromaLeft;
    const dx = (stepX * ONE) | 0;
    const dy = (stepY * ONE) | 0;
    if (see === COVER.opaque) chromaOpaque(frame, to, to + chromaWidth, texture, sx, sy, dx, dy);
    else chromaOver(frame, to, to + chromaWidth, texture, sx, sy, dx, dy);
  }
}
