import type { Texture } from "./texture.ts";

/** What a rectangle of a texture holds. */
export const COVER = { nothing: 0, some: 1, opaque: 2 } as const;

/** Luma texels per side of a tile. */
const TILE = 8;

/** Answers in constant time whether a rectangle of a texture is empty, opaque, or mixed. */
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

  /** Edges in luma texels. What lies outside of the texture is nothing. */
  at(left: number, top: number, right: number, bottom: number): 0 | 1 | 2 {
    const stride = this.#columns + 1;
    const inside = left >= 0 && top >= 0 && right < this.#columns * TILE && bottom < this.#rows * TILE;
    const l = Math.min(this.#columns, Math.max(0, Math.floor(left / TILE)));
    const t = Math.min(this.#rows, Math.max(0, Math.floor(top / TILE)));
    const r = Math.min(this.#columns, Math.max(0, Math.floor(right / TILE) + 1));
    const b = Math.min(this.#rows, Math.max(0, Math.floor(bottom / TILE) + 1));
    if (r <= l || b <= t) return COVER.nothing;
    const sum = (sums: Int32Array): number =>
      (sums[b * stride + r] as number) -
      (sums[b * stride + l] as number) -
      (sums[t * stride + r] as number) +
      (sums[t * stride + l] as number);
    // The border is transparent and wider than a cell, so a mixed cell never reaches past the texture.
    if (sum(this.#notEmpty) === 0) return COVER.nothing;
    return inside && sum(this.#notOpaque) === 0 ? COVER.opaque : COVER.some;
  }
}
