import { PAD, type Place, type Texture } from "./texture.ts";

/** A rectangle of a texture in luma texels; edges even, so that it holds whole chroma texels. */
export type TexelBox = { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };

/** The even box that covers a place in u, with `room` texels around it, inside the texture. */
export function boxOf(texture: Texture, place: Place, room = 2): TexelBox {
  const even = (value: number, limit: number): number => Math.min(limit, Math.max(0, 2 * Math.floor(value / 2)));
  const left = (place.x - texture.originX) * texture.scaleX - room;
  const top = (place.y - texture.originY) * texture.scaleY - room;
  const right = left + place.width * texture.scaleX + 2 * room;
  const bottom = top + place.height * texture.scaleY + 2 * room;
  return {
    left: even(left, texture.width),
    top: even(top, texture.height),
    right: even(right + 1.999, texture.width),
    bottom: even(bottom + 1.999, texture.height),
  };
}

/** Copies a box from one texture to another of the same layout; its opacity only where `alpha` says so. */
export function copyBox(target: Texture, source: Texture, box: TexelBox, alpha = false): void {
  const copy = (to: Uint8Array, from: Uint8Array, width: number, half: number): void => {
    for (let row = box.top >> half; row < box.bottom >> half; row++) {
      const at = row * width + (box.left >> half);
      for (let i = at, end = row * width + (box.right >> half); i < end; i++) to[i] = from[i] as number;
    }
  };
  copy(target.y, source.y, target.width, 0);
  if (alpha) copy(target.a, source.a, target.width, 0);
  copy(target.u, source.u, target.width >> 1, 1);
  copy(target.v, source.v, target.width >> 1, 1);
  if (alpha) copy(target.ca, source.ca, target.width >> 1, 1);
}

/** A copy that may be painted on. */
export function cloneTexture(texture: Texture): Texture {
  return {
    ...texture,
    y: texture.y.slice(),
    a: texture.a.slice(),
    u: texture.u.slice(),
    v: texture.v.slice(),
    ca: texture.ca.slice(),
  };
}

/** One plane of a sprite and where it goes; all lengths in the plane's own texels. */
type Job = {
  readonly target: Uint8Array;
  readonly targetWidth: number;
  readonly data: Uint8Array;
  readonly alpha: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly dx: number;
  readonly dy: number;
  readonly clip: TexelBox;
  readonly opacity: number;
};

/** Premultiplied over, with the sprite any fraction of a texel from the target's corner. */
function over(job: Job): void {
  const { target, targetWidth, data, alpha: cover, width, opacity } = job;
  const shiftX = Math.floor(job.dx);
  const shiftY = Math.floor(job.dy);
  const fx = Math.round((job.dx - shiftX) * 256);
  const fy = Math.round((job.dy - shiftY) * 256);
  const w11 = (256 - fx) * (256 - fy);
  const w01 = fx * (256 - fy);
  const w10 = (256 - fx) * fy;
  const w00 = fx * fy;
  const top = Math.max(job.clip.top, shiftY + 1);
  const bottom = Math.min(job.clip.bottom, shiftY + job.height);
  const left = Math.max(job.clip.left, shiftX + 1);
  const right = Math.min(job.clip.right, shiftX + width);
  if (w11 === 65536) {
    overAligned(job, left, top, right, bottom, shiftX, shiftY);
    return;
  }
  const scale = opacity / 65536;
  for (let row = top; row < bottom; row++) {
    let from = (row - shiftY) * width + left - shiftX;
    let to = row * targetWidth + left;
    for (const end = row * targetWidth + right; to < end; to++, from++) {
      const a11 = cover[from] as number;
      const a01 = cover[from - 1] as number;
      const a10 = cover[from - width] as number;
      const a00 = cover[from - width - 1] as number;
      if ((a11 | a01 | a10 | a00) === 0) continue;
      const alpha = (a11 * w11 + a01 * w01 + a10 * w10 + a00 * w00) * scale;
      const value =
        ((data[from] as number) * w11 +
          (data[from - 1] as number) * w01 +
          (data[from - width] as number) * w10 +
          (data[from - width - 1] as number) * w00) *
        scale;
      const sum = value + (target[to] as number) * (1 - alpha / 255) + 0.5;
      target[to] = sum > 255 ? 255 : sum;
    }
  }
}

/** The same where texels lie on texels. */
function overAligned(
  job: Job,
  left: number,
  top: number,
  right: number,
  bottom: number,
  shiftX: number,
  shiftY: number,
): void {
  const { target, targetWidth, data, alpha: cover, width, opacity } = job;
  for (let row = top; row < bottom; row++) {
    let from = (row - shiftY) * width + left - shiftX;
    let to = row * targetWidth + left;
    for (const end = row * targetWidth + right; to < end; to++, from++) {
      const alpha = cover[from] as number;
      if (alpha === 0) continue;
      if (alpha === 255 && opacity === 1) {
        target[to] = data[from] as number;
        continue;
      }
      const left = 1 - (alpha * opacity) / 255;
      target[to] = (data[from] as number) * opacity + (target[to] as number) * left + 0.5;
    }
  }
}

/**
 * Lays a sprite over a texture with its corner at (`x`, `y`) in u of the design frame, subpixel places included.
 *
 * @param opacity 0…1, on top of the sprite's own
 * @param opaque true where the target is opaque already and its alpha need not be touched
 */
export function drawSprite(
  target: Texture,
  sprite: Texture,
  x: number,
  y: number,
  clip: TexelBox,
  { opacity = 1, opaque = false } = {},
): void {
  const dx = (x - target.originX) * target.scaleX - PAD;
  const dy = (y - target.originY) * target.scaleY - PAD;
  const half: TexelBox = { left: clip.left >> 1, top: clip.top >> 1, right: clip.right >> 1, bottom: clip.bottom >> 1 };
  const { width, height } = sprite;
  const luma = { targetWidth: target.width, alpha: sprite.a, width, height, dx, dy, clip, opacity };
  over({ ...luma, target: target.y, data: sprite.y });
  if (!opaque) over({ ...luma, target: target.a, data: sprite.a });
  const chroma = {
    targetWidth: target.width >> 1,
    alpha: sprite.ca,
    width: width >> 1,
    height: height >> 1,
    dx: dx / 2,
    dy: dy / 2,
    clip: half,
    opacity,
  };
  over({ ...chroma, target: target.u, data: sprite.u });
  over({ ...chroma, target: target.v, data: sprite.v });
  if (!opaque) over({ ...chroma, target: target.ca, data: sprite.ca });
}
