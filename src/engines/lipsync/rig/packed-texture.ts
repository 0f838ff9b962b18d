import type { TexelBox } from "./sprite.ts";
import type { Texture } from "./texture.ts";

/**
 * A texture laid out for sampling: every entry holds a texel and its neighbours to the right, below and below right,
 * from the lowest byte up, so that bilinear sampling is one read.
 */
export type PackedTexture = {
  readonly width: number;
  readonly height: number;
  readonly y: Uint32Array;
  readonly a: Uint32Array;
  readonly u: Uint32Array;
  readonly v: Uint32Array;
  readonly ca: Uint32Array;
};

function packRows(target: Uint32Array, source: Uint8Array, width: number, box: TexelBox): void {
  const lastRow = Math.min(box.bottom, source.length / width - 1);
  const lastColumn = Math.min(box.right, width - 1);
  for (let row = Math.max(0, box.top); row < lastRow; row++) {
    let at = row * width + Math.max(0, box.left);
    for (const end = row * width + lastColumn; at < end; at++) {
      target[at] =
        (source[at] as number) |
        ((source[at + 1] as number) << 8) |
        ((source[at + width] as number) << 16) |
        ((source[at + width + 1] as number) << 24);
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
    y: new Uint32Array(luma),
    a: new Uint32Array(luma),
    u: new Uint32Array(luma >> 2),
    v: new Uint32Array(luma >> 2),
    ca: new Uint32Array(luma >> 2),
  };
  const whole = { left: 0, top: 0, right: width, bottom: height };
  const half = { left: 0, top: 0, right: width >> 1, bottom: height >> 1 };
  packRows(packed.a, texture.a, width, whole);
  packRows(packed.ca, texture.ca, width >> 1, half);
  repack(packed, texture, whole);
  return packed;
}

/** Takes over what was painted in a box; opacity there has not changed. */
export function repack(packed: PackedTexture, texture: Texture, box: TexelBox): void {
  const { left, top, right, bottom } = box;
  const half = { left: (left >> 1) - 1, top: (top >> 1) - 1, right: right >> 1, bottom: bottom >> 1 };
  packRows(packed.y, texture.y, texture.width, { left: left - 1, top: top - 1, right, bottom });
  packRows(packed.u, texture.u, texture.width >> 1, half);
  packRows(packed.v, texture.v, texture.width >> 1, half);
}
