import type { CellGrid, CellRange } from "./cell-grid.ts";
import type { Texture } from "./texture.ts";

/** What a rectangle of a texture holds. */
export const COVER = { nothing: 0, some: 1, opaque: 2 } as const;

/** Luma texels per side of a tile. */
const TILE = 8;

/** Answers in constant time whether a cell of a warp sees nothing of a texture, only opaque texels, or a mixture. */
export class CoverMap {
  readonly #columns: number;
  readonly #rows: number;
  /** Summed over all tiles above and to the left. */
  readonly #notOpaque: Int32Array;
  readonly #notEmpty: Int32Array;

  constructor(texture: Texture) {
    const { width, height, a } = texture;
    this.#columns = Math.ceil(width / TILE);
    this.#rows = Math.ceil(height / TILE);
    const stride = this.#columns + 1;
    this.#notOpaque = new Int32Array(stride * (this.#rows + 1));
    this.#notEmpty = new Int32Array(stride * (this.#rows + 1));
    for (let row = 0; row < this.#rows; row++) {
      for (let column = 0; column < this.#columns; column++) {
        let low = 255;
        let high = 0;
        const bottom = Math.min(height, (row + 1) * TILE);
        const reach = Math.min(width, (column + 1) * TILE) - column * TILE;
        for (let y = row * TILE; y < bottom; y++) {
          const start = y * width + column * TILE;
          for (let at = start; at < start + reach; at++) {
            const alpha = a[at] as number;
            if (alpha < low) low = alpha;
            if (alpha > high) high = alpha;
          }
        }
        const n = (row + 1) * stride + column + 1;
        for (const [sums, value] of [
          [this.#notOpaque, low < 255 ? 1 : 0],
          [this.#notEmpty, high > 0 ? 1 : 0],
        ] as const) {
          sums[n] = (sums[n - 1] as number) + (sums[n - stride] as number) - (sums[n - stride - 1] as number) + value;
        }
      }
    }
  }

  /**
   * Says for each cell of a range what it sees of the texture, in `seen` (one entry per cell of the grid, row by row). The
   * corners of the grid are places in luma texels; what lies outside of the texture is nothing. One loop, so that no
   * number leaves it: those that do are litter.
   */
  classify(grid: CellGrid, range: CellRange, seen: Uint8Array): void {
    const { stride, x, y, columns } = grid;
    const [tilesAcross, tilesDown, notOpaque, notEmpty] = [this.#columns, this.#rows, this.#notOpaque, this.#notEmpty];
    const sums = tilesAcross + 1;
    for (let row = range.top; row < range.bottom; row++) {
      for (let column = range.left; column < range.right; column++) {
        const a = row * stride + column;
        const c = a + stride;
        const d = c + 1;
        const ax = x[a] as number;
        const bx = x[a + 1] as number;
        const cx = x[c] as number;
        const dx = x[d] as number;
        const ay = y[a] as number;
        const by = y[a + 1] as number;
        const cy = y[c] as number;
        const dy = y[d] as number;
        const left = Math.min(Math.min(ax, bx), Math.min(cx, dx)) - 1;
        const top = Math.min(Math.min(ay, by), Math.min(cy, dy)) - 1;
        const right = Math.max(Math.max(ax, bx), Math.max(cx, dx)) + 1;
        const bottom = Math.max(Math.max(ay, by), Math.max(cy, dy)) + 1;
        const l = Math.min(tilesAcross, Math.max(0, Math.floor(left / TILE)));
        const t = Math.min(tilesDown, Math.max(0, Math.floor(top / TILE)));
        const r = Math.min(tilesAcross, Math.max(0, Math.floor(right / TILE) + 1));
        const b = Math.min(tilesDown, Math.max(0, Math.floor(bottom / TILE) + 1));
        const lt = t * sums + l;
        const rt = t * sums + r;
        const lb = b * sums + l;
        const rb = b * sums + r;
        let see: 0 | 1 | 2 = COVER.nothing;
        if (
          r > l &&
          b > t &&
          (notEmpty[rb] as number) - (notEmpty[lb] as number) - (notEmpty[rt] as number) + (notEmpty[lt] as number) > 0
        ) {
          const inside = left >= 0 && top >= 0 && right < tilesAcross * TILE && bottom < tilesDown * TILE;
          const mixed =
            (notOpaque[rb] as number) -
            (notOpaque[lb] as number) -
            (notOpaque[rt] as number) +
            (notOpaque[lt] as number);
          // The border is transparent and wider than a cell, so a mixed cell never reaches past the texture.
          see = inside && mixed === 0 ? COVER.opaque : COVER.some;
        }
        seen[row * columns + column] = see;
      }
    }
  }
}
