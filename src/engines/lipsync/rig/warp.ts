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

/**
 * Draws a texture over a picture through a warp: the grid gives the texture place of every cell corner, and within a
 * cell places are bilinear. Cells that see nothing are skipped; cells that see only opaque texels are written without
 * reading what is below.
 *
 * @param seen what each cell of the grid sees of the texture, as a `COVER`
 */
export function drawWarped(
  frame: FramePlanes,
  texture: PackedTexture,
  grid: CellGrid,
  range: CellRange,
  seen: Uint8Array,
): void {
  for (let row = range.top; row < range.bottom; row++) {
    for (let column = range.left; column < range.right; column++) {
      const see = seen[row * grid.columns + column] as number;
      if (see !== COVER.nothing) drawCell(frame, texture, grid, row, column, see === COVER.opaque);
    }
  }
}

function drawCell(
  frame: FramePlanes,
  texture: PackedTexture,
  grid: CellGrid,
  row: number,
  column: number,
  opaque: boolean,
): void {
  const { cell, stride, x: nodeX, y: nodeY } = grid;
  const inverse = 1 / cell;
  const n = row * stride + column;
  const x = nodeX[n] as number;
  const y = nodeY[n] as number;
  // Steps per pixel down the left side, to the right at the top, and how the latter changes going down.
  const downX = ((nodeX[n + stride] as number) - x) * inverse;
  const downY = ((nodeY[n + stride] as number) - y) * inverse;
  const acrossX = ((nodeX[n + 1] as number) - x) * inverse;
  const acrossY = ((nodeY[n + 1] as number) - y) * inverse;
  const twistX = (((nodeX[n + stride + 1] as number) - (nodeX[n + stride] as number)) * inverse - acrossX) * inverse;
  const twistY = (((nodeY[n + stride + 1] as number) - (nodeY[n + stride] as number)) * inverse - acrossY) * inverse;
  const left = column * cell;
  const top = row * cell;
  const width = Math.min(cell, frame.width - left);
  const height = Math.min(cell, frame.height - top);
  for (let line = 0; line < height; line++) {
    const t = line + 0.5;
    const stepX = acrossX + twistX * t;
    const stepY = acrossY + twistY * t;
    // The middle of the first pixel, then back half a texel: texel i covers i to i + 1.
    const sx = ((x + downX * t + stepX * 0.5 - 0.5) * ONE) | 0;
    const sy = ((y + downY * t + stepY * 0.5 - 0.5) * ONE) | 0;
    const to = (top + line) * frame.width + left;
    const dx = (stepX * ONE) | 0;
    const dy = (stepY * ONE) | 0;
    if (opaque) lumaOpaque(frame.y, to, to + width, texture, sx, sy, dx, dy);
    else lumaOver(frame.y, to, to + width, texture, sx, sy, dx, dy);
  }
  const chromaWidth = Math.min(cell >> 1, frame.chromaWidth - (left >> 1));
  const chromaHeight = Math.min(cell >> 1, frame.chromaHeight - (top >> 1));
  for (let line = 0; line < chromaHeight; line++) {
    const t = 2 * line + 1;
    const stepX = acrossX + twistX * t;
    const stepY = acrossY + twistY * t;
    // Chroma lies on the middle of the left pixel of its pair; its texels are twice as large, its steps too.
    const sx = (((x + downX * t + stepX * 0.5) * 0.5 - 0.5) * ONE) | 0;
    const sy = (((y + downY * t + stepY * 0.5) * 0.5 - 0.5) * ONE) | 0;
    const to = ((top >> 1) + line) * frame.chromaWidth + (left >> 1);
    const dx = (stepX * ONE) | 0;
    const dy = (stepY * ONE) | 0;
    if (opaque) chromaOpaque(frame, to, to + chromaWidth, texture, sx, sy, dx, dy);
    else chromaOver(frame, to, to + chromaWidth, texture, sx, sy, dx, dy);
  }
}
