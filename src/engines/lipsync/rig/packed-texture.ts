import type { TexelBox } from "./sprite.ts";
import type { Texture } from "./texture.ts";

/**
 * A texture laid out for sampling. An entry of `luma` holds, from the lowest byte up, the luma of a texel and of its
 * right neighbour, then the opacity of both: bilinear sampling reads two entries, and half of the memory that separate
 * planes would take. An entry of the others holds a texel and its neighbours to the right, below and below right.
 */
export type PackedTexture = {
  readonly width: number;
  readonly height: number;
  readonly luma: Uint32Array;
  readonly u: Uint32Array;
  readonly v: Uint32Array;
  readonly ca: Uint32Array;
};

const OPACITY = 0xffff0000;

/** Luma of pairs of texels; their opacity stays. */
function packLuma(target: Uint32Array, source: Uint8Array, width: number, box: TexelBox): void {
  const bottom = Math.min(box.bottom, source.length / width);
  const lastColumn = Math.min(box.right, width - 1);
  for (let row = Math.max(0, box.top); row < bottom; row++) {
    let at = row * width + Math.max(0, box.left);
    let left = source[at] as number;
    for (const end = row * width + lastColumn; at < end; at++) {
      const right = source[at + 1] as number;
      target[at] = ((target[at] as number) & OPACITY) | left | (right << 8);
      left = right;
    }
  }
}

/** Opacity of pairs of texels, where there is none yet. */
function packOpacity(target: Uint32Array, source: Uint8Array): void {
  for (let at = 0; at < source.length - 1; at++) {
    target[at] = (target[at] as number) | ((source[at] as number) << 16) | ((source[at + 1] as number) << 24);
  }
}

/** Squares of four texels. */
function packSquares(target: Uint32Array, source: Uint8Array, width: number, box: TexelBox): void {
  const lastRow = Math.min(box.bottom, source.length / width - 1);
  const lastColumn = Math.min(box.right, width - 1);
  for (let row = Math.max(0, box.top); row < lastRow; row++) {
    let at = row * width + Math.max(0, box.left);
    // A column of two texels is read once: it is the right one here and the left one of the next entry.
    let left = (source[at] as number) | ((source[at + width] as number) << 16);
    for (const end = row * width + lastColumn; at < end; at++) {
      const right = (source[at + 1] as number) | ((source[at + 1 + width] as number) << 16);
      target[at] = left | (right << 8);
      left = right;
    }
  }
}

/** Packs a whole texture. The last row and column, inside the transparent border, stay empty. */
export function pack(texture: Texture): PackedTexture {
  const { width, height } = texture;
  const luma = width * height;
  const packed: PackedTexture = {
    width,
    height,
    luma: new Uint32Array(luma),
    u: new Uint32Array(luma >> 2),
    v: new Uint32Array(luma >> 2),
    ca: new Uint32Array(luma >> 2),
  };
  const whole = { left: 0, top: 0, right: width, bottom: height };
  const half = { left: 0, top: 0, right: width >> 1, bottom: height >> 1 };
  packOpacity(packed.luma, texture.a);
  packSquares(packed.ca, texture.ca, width >> 1, half);
  repack(packed, texture, whole);
  return packed;
}

/** Takes over what was painted in a box; opacity there has not changed. */
export function repack(packed: PackedTexture, texture: Texture, box: TexelBox): void {
  const { left, top, right, bottom } = box;
  const half = { left: (left >> 1) - 1, top: (top >> 1) - 1, right: right >> 1, bottom: bottom >> 1 };
  packLuma(packed.luma, texture.y, texture.width, { left: left - 1, top, right, bottom });
  packSquares(packed.u, texture.u, texture.width >> 1, half);
  packSquares(packed.v, texture.v, texture.width >> 1, half);
}
