/**
 * The innermost loops: a run of output pixels along a line through a packed texture. Places and steps are 16.16 fixed
 * point texels. Two products of a packed texel's halves interpolate left and right of both rows at once: each lane
 * stays under 65536, so they do not touch.
 */
import type { FramePlanes } from "./frame-planes.ts";
import type { PackedTexture } from "./packed-texture.ts";

const LANES = 0x00ff00ff;

/** Luma where nothing shines through. */
export function lumaOpaque(
  out: Uint8Array,
  start: number,
  end: number,
  texture: PackedTexture,
  startX: number,
  startY: number,
  stepX: number,
  stepY: number,
): void {
  const { luma, width } = texture;
  let sx = startX;
  let sy = startY;
  for (let to = start; to < end; to++) {
    const at = Math.imul(sy >> 16, width) + (sx >> 16);
    const above = luma[at] as number;
    const below = luma[at + width] as number;
    const fx = (sx >> 8) & 255;
    const fy = (sy >> 8) & 255;
    // Both rows at once: the row above in the lower lane, the row below in the upper one.
    const left = (above & 255) | ((below & 255) << 16);
    const right = ((above >>> 8) & 255) | ((below & 0xff00) << 8);
    const h = (Math.imul(left, 256 - fx) + Math.imul(right, fx)) | 0;
    out[to] = (Math.imul(h & 0xffff, 256 - fy) + Math.imul(h >>> 16, fy) + 32768) >>> 16;
    sx = (sx + stepX) | 0;
    sy = (sy + stepY) | 0;
  }
}

/** Luma over what is there. */
export function lumaOver(
  out: Uint8Array,
  start: number,
  end: number,
  texture: PackedTexture,
  startX: number,
  startY: number,
  stepX: number,
  stepY: number,
): void {
  const { luma, width } = texture;
  let sx = startX;
  let sy = startY;
  for (let to = start; to < end; to++) {
    const at = Math.imul(sy >> 16, width) + (sx >> 16);
    const fx = (sx >> 8) & 255;
    const fy = (sy >> 8) & 255;
    sx = (sx + stepX) | 0;
    sy = (sy + stepY) | 0;
    const above = luma[at] as number;
    const below = luma[at + width] as number;
    if ((above | below) >>> 16 === 0) continue;
    // Luma in the lower lane, opacity in the upper one.
    const top = (Math.imul(above & LANES, 256 - fx) + Math.imul((above >>> 8) & LANES, fx)) | 0;
    const foot = (Math.imul(below & LANES, 256 - fx) + Math.imul((below >>> 8) & LANES, fx)) | 0;
    const value = Math.imul(top & 0xffff, 256 - fy) + Math.imul(foot & 0xffff, fy);
    if ((above & below) >>> 16 === 0xffff) {
      out[to] = (value + 32768) >>> 16;
      continue;
    }
    // What is left of the picture below, in 1/65280.
    const left = 65280 - ((Math.imul(top >>> 16, 256 - fy) + Math.imul(foot >>> 16, fy)) >> 8);
    const sum = (value + (Math.imul(Math.imul(out[to] as number, left), 257) >>> 8) + 32768) >>> 16;
    out[to] = sum > 255 ? 255 : sum;
  }
}

/** Both chroma planes where nothing shines through. */
export function chromaOpaque(
  frame: FramePlanes,
  start: number,
  end: number,
  texture: PackedTexture,
  startX: number,
  startY: number,
  stepX: number,
  stepY: number,
): void {
  const { u, v } = texture;
  const width = texture.width >> 1;
  const outU = frame.u;
  const outV = frame.v;
  let sx = startX;
  let sy = startY;
  for (let to = start; to < end; to++) {
    const at = Math.imul(sy >> 16, width) + (sx >> 16);
    const fx = (sx >> 8) & 255;
    const fy = (sy >> 8) & 255;
    let q = u[at] as number;
    let h = (Math.imul(q & LANES, 256 - fx) + Math.imul((q >>> 8) & LANES, fx)) | 0;
    outU[to] = (Math.imul(h & 0xffff, 256 - fy) + Math.imul(h >>> 16, fy) + 32768) >>> 16;
    q = v[at] as number;
    h = (Math.imul(q & LANES, 256 - fx) + Math.imul((q >>> 8) & LANES, fx)) | 0;
    outV[to] = (Math.imul(h & 0xffff, 256 - fy) + Math.imul(h >>> 16, fy) + 32768) >>> 16;
    sx = (sx + stepX) | 0;
    sy = (sy + stepY) | 0;
  }
}

/** Both chroma planes over what is there. */
export function chromaOver(
  frame: FramePlanes,
  start: number,
  end: number,
  texture: PackedTexture,
  startX: number,
  startY: number,
  stepX: number,
  stepY: number,
): void {
  const { u, v, ca } = texture;
  const width = texture.width >> 1;
  const outU = frame.u;
  const outV = frame.v;
  let sx = startX;
  let sy = startY;
  for (let to = start; to < end; to++) {
    const at = Math.imul(sy >> 16, width) + (sx >> 16);
    const fx = (sx >> 8) & 255;
    const fy = (sy >> 8) & 255;
    sx = (sx + stepX) | 0;
    sy = (sy + stepY) | 0;
    const o = ca[at] as number;
    if (o === 0) continue;
    let h = (Math.imul(o & LANES, 256 - fx) + Math.imul((o >>> 8) & LANES, fx)) | 0;
    const left = 65280 - ((Math.imul(h & 0xffff, 256 - fy) + Math.imul(h >>> 16, fy)) >> 8);
    let q = u[at] as number;
    h = (Math.imul(q & LANES, 256 - fx) + Math.imul((q >>> 8) & LANES, fx)) | 0;
    let value = Math.imul(h & 0xffff, 256 - fy) + Math.imul(h >>> 16, fy);
    let sum = (value + (Math.imul(Math.imul(outU[to] as number, left), 257) >>> 8) + 32768) >>> 16;
    outU[to] = sum > 255 ? 255 : sum;
    q = v[at] as number;
    h = (Math.imul(q & LANES, 256 - fx) + Math.imul((q >>> 8) & LANES, fx)) | 0;
    value = Math.imul(h & 0xffff, 256 - fy) + Math.imul(h >>> 16, fy);
    sum = (value + (Math.imul(Math.imul(outV[to] as number, left), 257) >>> 8) + 32768) >>> 16;
    outV[to] = sum > 255 ? 255 : sum;
  }
}
