/** The drawing of a warped texture written out pixel by pixel: what the kernel has to give, to the bit. */
import type { CellGrid, CellRange } from "../../src/engines/lipsync/rig/cell-grid.ts";
import { COVER } from "../../src/engines/lipsync/rig/cover-map.ts";
import type { FramePlanes } from "../../src/engines/lipsync/rig/frame-planes.ts";
import type { Texture } from "../../src/engines/lipsync/rig/texture.ts";

/** One texel in 16.16 fixed point. */
const ONE = 65_536;

type Plane = { readonly data: Uint8Array; readonly width: number };

/** The four texels around a place, from the upper left to the lower right. */
function around({ data, width }: Plane, x: number, y: number): readonly number[] {
  const at = (y >> 16) * width + (x >> 16);
  return [at, at + 1, at + width, at + width + 1].map((index) => data[index] ?? 0);
}

/** Their mean by the fractions of the place, in 1/65536. */
function mean([a = 0, b = 0, c = 0, d = 0]: readonly number[], x: number, y: number): number {
  const [fx, fy] = [(x >> 8) & 255, (y >> 8) & 255];
  return (a * (256 - fx) + b * fx) * (256 - fy) + (c * (256 - fx) + d * fx) * fy;
}

function lay(out: Uint8Array, to: number, colour: Plane, opacity: Plane | undefined, x: number, y: number): void {
  const value = mean(around(colour, x, y), x, y);
  const seen = opacity && around(opacity, x, y);
  if (seen?.every((texel) => texel === 0)) return;
  const left = seen ? 65_280 - (mean(seen, x, y) >> 8) : 0;
  out[to] = Math.min(255, (value + Math.floor(((out[to] as number) * left * 257) / 256) + 32_768) >>> 16);
}

/** Draws the cells of `range` that `seen` does not leave out. */
export function plainWarp(
  frame: FramePlanes,
  texture: Texture,
  grid: CellGrid,
  range: CellRange,
  seen: Uint8Array,
): void {
  const { cell, stride, columns } = grid;
  const half = texture.width >> 1;
  for (let row = range.top; row < range.bottom; row++) {
    for (let column = range.left; column < range.right; column++) {
      const see = seen[row * columns + column];
      if (see === COVER.nothing) continue;
      const n = row * stride + column;
      // Along each axis: the corner, the steps down and across, and how the latter changes going down.
      const [alongX, alongY] = [grid.x, grid.y].map((nodes) => {
        const [a, b, c, d] = [n, n + 1, n + stride, n + stride + 1].map((index) => nodes[index] as number) as [
          number,
          number,
          number,
          number,
        ];
        const inverse = 1 / cell;
        const across = (b - a) * inverse;
        return { a, down: (c - a) * inverse, across, twist: ((d - c) * inverse - across) * inverse };
      }) as [Along, Along];
      const [left, top] = [column * cell, row * cell];
      const veil = (data: Uint8Array, width: number): Plane | undefined =>
        see === COVER.opaque ? undefined : { data, width };
      for (let line = 0; line < Math.min(cell, frame.height - top); line++) {
        const [x, y] = [placeOf(alongX, line + 0.5, 1), placeOf(alongY, line + 0.5, 1)];
        for (let i = 0; i < Math.min(cell, frame.width - left); i++) {
          const to = (top + line) * frame.width + left + i;
          const colour = { data: texture.y, width: texture.width };
          lay(frame.y, to, colour, veil(texture.a, texture.width), x.at + i * x.step, y.at + i * y.step);
        }
      }
      for (let line = 0; line < Math.min(cell >> 1, frame.chromaHeight - (top >> 1)); line++) {
        const [x, y] = [placeOf(alongX, 2 * line + 1, 0.5), placeOf(alongY, 2 * line + 1, 0.5)];
        for (let i = 0; i < Math.min(cell >> 1, frame.chromaWidth - (left >> 1)); i++) {
          const to = ((top >> 1) + line) * frame.chromaWidth + (left >> 1) + i;
          for (const plane of ["u", "v"] as const) {
            const colour = { data: texture[plane], width: half };
            lay(frame[plane], to, colour, veil(texture.ca, half), x.at + i * x.step, y.at + i * y.step);
          }
        }
      }
    }
  }
}

type Along = { readonly a: number; readonly down: number; readonly across: number; readonly twist: number };

/** Where a line's first pixel looks, and how far the next one is; `scale` of chroma is a half. */
function placeOf({ a, down, across, twist }: Along, t: number, scale: number): { at: number; step: number } {
  const step = across + twist * t;
  return { at: Math.trunc(((a + down * t + step * 0.5) * scale - 0.5) * ONE), step: Math.trunc(step * ONE) };
}
