/** Drawing surfaces at two texels per u, blurred groups, and the sprite writer (crop, colour bleed, lossless WebP). */
import { mkdir, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { type Canvas, createCanvas, Path2D, type SKRSContext2D } from "@napi-rs/canvas";
import sharp from "sharp";
import type { Point } from "./math.ts";

/** Texels per u of every sprite but the background. */
export const SCALE = 2;
/** Frame size, u. */
export const FRAME = [1280, 720] as const;
/** Working canvas margin around the frame, u, so that moving layers never show an edge. */
export const MARGIN = 24;

export type Context = SKRSContext2D;
/** x, y, width, height in u. */
export type Box = readonly [x: number, y: number, width: number, height: number];

/** A transparent canvas that covers `box` (u); its context draws in u. */
export interface Surface {
  readonly canvas: Canvas;
  readonly ctx: Context;
  readonly box: Box;
}

export const FULL: Box = [-MARGIN, -MARGIN, FRAME[0] + 2 * MARGIN, FRAME[1] + 2 * MARGIN];

export function createSurface(box: Box = FULL, scale = SCALE): Surface {
  const canvas = createCanvas(Math.ceil(box[2] * scale), Math.ceil(box[3] * scale));
  const ctx = canvas.getContext("2d");
  ctx.scale(scale, scale);
  ctx.translate(-box[0], -box[1]);
  ctx.lineCap = "round";
  ctx.lineJoin = "round";
  return { canvas, ctx, box };
}

/** Draws `source` at its own place in the frame. */
export function place(
  ctx: Context,
  source: Surface,
  alpha = 1,
  mode: Context["globalCompositeOperation"] = "source-over",
): void {
  ctx.save();
  ctx.globalAlpha = alpha;
  ctx.globalCompositeOperation = mode;
  ctx.drawImage(source.canvas, source.box[0], source.box[1], source.box[2], source.box[3]);
  ctx.restore();
}

export interface SoftOptions {
  /** Opacity of the whole group, 0..1. */
  readonly alpha?: number;
  /** Composite mode; "source-atop" paints only on what is already there. */
  readonly mode?: Context["globalCompositeOperation"];
  /** Keeps the blurred group inside this path. */
  readonly clip?: Path2D;
}

/** Draws a group blurred by `sigma` (standard deviation, u). `box` must hold the unblurred group. */
export function soft(
  ctx: Context,
  box: Box,
  sigma: number,
  draw: (c: Context) => void,
  options: SoftOptions = {},
): void {
  const pad = Math.ceil(3 * sigma) + 2;
  const grown: Box = [box[0] - pad, box[1] - pad, box[2] + 2 * pad, box[3] + 2 * pad];
  const group = createSurface(grown);
  draw(group.ctx);
  ctx.save();
  if (options.clip) ctx.clip(options.clip);
  ctx.globalAlpha = options.alpha ?? 1;
  ctx.globalCompositeOperation = options.mode ?? "source-over";
  if (sigma > 0) ctx.filter = `blur(${sigma * SCALE}px)`;
  ctx.drawImage(group.canvas, grown[0], grown[1], grown[2], grown[3]);
  ctx.restore();
}

/**
 * Keeps of `surface` what `mask` covers (or, with `keep` false, what it does not). By hand: not every version of the canvas
 * library clears what lies outside of the mask.
 */
export function maskWith(surface: Surface, mask: Surface, keep = true): void {
  const { canvas, ctx } = surface;
  const sx = Math.round((mask.box[0] - surface.box[0]) * SCALE);
  const sy = Math.round((mask.box[1] - surface.box[1]) * SCALE);
  const [mw, mh] = [mask.canvas.width, mask.canvas.height];
  const m = mask.canvas.getContext("2d").getImageData(0, 0, mw, mh).data;
  const image = ctx.getImageData(0, 0, canvas.width, canvas.height);
  const d = image.data;
  for (let y = 0; y < canvas.height; y++)
    for (let x = 0; x < canvas.width; x++) {
      const [u, v] = [x - sx, y - sy];
      const cover = u >= 0 && v >= 0 && u < mw && v < mh ? (m[(v * mw + u) * 4 + 3] as number) / 255 : 0;
      const i = (y * canvas.width + x) * 4 + 3;
      d[i] = (d[i] as number) * (keep ? cover : 1 - cover);
    }
  ctx.putImageData(image, 0, 0);
}

export function pathOf(line: readonly Point[], closed = true): Path2D {
  const path = new Path2D();
  line.forEach(([x, y], i) => (i === 0 ? path.moveTo(x, y) : path.lineTo(x, y)));
  if (closed) path.closePath();
  return path;
}

/** An ellipse path, radii in u, turned by `angle` radians. */
export function ellipse(cx: number, cy: number, rx: number, ry: number, angle = 0): Path2D {
  const path = new Path2D();
  path.ellipse(cx, cy, rx, ry, angle, 0, Math.PI * 2);
  return path;
}

/** A straight-alpha picture with its box in u. */
export interface Sprite {
  readonly box: Box;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** Crops to the painted area (plus `pad` texels) or to `box`, and bleeds colour outward under transparency. */
export function toSprite(surface: Surface, options: { box?: Box; pad?: number } = {}): Sprite {
  const [w, h] = [surface.canvas.width, surface.canvas.height];
  const all = surface.ctx.getImageData(0, 0, w, h).data;
  let [x0, y0, x1, y1] = [w, h, 0, 0];
  if (options.box) {
    x0 = Math.round((options.box[0] - surface.box[0]) * SCALE);
    y0 = Math.round((options.box[1] - surface.box[1]) * SCALE);
    x1 = x0 + Math.round(options.box[2] * SCALE);
    y1 = y0 + Math.round(options.box[3] * SCALE);
  } else {
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        if ((all[(y * w + x) * 4 + 3] as number) > 1) {
          if (x < x0) x0 = x;
          if (x >= x1) x1 = x + 1;
          if (y < y0) y0 = y;
          if (y >= y1) y1 = y + 1;
        }
    const pad = options.pad ?? 4;
    // Whole u on every side keeps the boxes readable in avatar.json.
    x0 = Math.max(0, Math.floor((x0 - pad) / SCALE) * SCALE);
    y0 = Math.max(0, Math.floor((y0 - pad) / SCALE) * SCALE);
    x1 = Math.min(w, Math.ceil((x1 + pad) / SCALE) * SCALE);
    y1 = Math.min(h, Math.ceil((y1 + pad) / SCALE) * SCALE);
  }
  const [cw, ch] = [x1 - x0, y1 - y0];
  const data = new Uint8ClampedArray(cw * ch * 4);
  for (let y = 0; y < ch; y++) {
    const from = ((y + y0) * w + x0) * 4;
    data.set(all.subarray(from, from + cw * 4), y * cw * 4);
  }
  bleed(data, cw, ch);
  return {
    box: [surface.box[0] + x0 / SCALE, surface.box[1] + y0 / SCALE, cw / SCALE, ch / SCALE],
    width: cw,
    height: ch,
    data,
  };
}

/** Gives faint and empty texels the colour of their solid neighbours, four rings deep; the rest becomes zero. */
export function bleed(data: Uint8ClampedArray, w: number, h: number): void {
  const solid = 24;
  const known = new Uint8Array(w * h);
  for (let i = 0; i < w * h; i++) if ((data[i * 4 + 3] as number) >= solid) known[i] = 1;
  let ring: number[] = [];
  const colours = new Map<number, [number, number, number]>();
  for (let round = 0; round < 5; round++) {
    ring = [];
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) {
        const i = y * w + x;
        if (known[i]) continue;
        let [r, g, b, n] = [0, 0, 0, 0];
        for (let dy = -1; dy <= 1; dy++)
          for (let dx = -1; dx <= 1; dx++) {
            const [sx, sy] = [x + dx, y + dy];
            if (sx < 0 || sy < 0 || sx >= w || sy >= h) continue;
            const j = sy * w + sx;
            if (!known[j]) continue;
            r += data[j * 4] as number;
            g += data[j * 4 + 1] as number;
            b += data[j * 4 + 2] as number;
            n++;
          }
        if (n > 0) {
          ring.push(i);
          colours.set(i, [r / n, g / n, b / n]);
        }
      }
    for (const i of ring) {
      const c = colours.get(i) as [number, number, number];
      data[i * 4] = c[0];
      data[i * 4 + 1] = c[1];
      data[i * 4 + 2] = c[2];
      known[i] = 1;
    }
    colours.clear();
  }
  for (let i = 0; i < w * h; i++) {
    if (known[i]) continue;
    if ((data[i * 4 + 3] as number) > 0) continue;
    data[i * 4] = data[i * 4 + 1] = data[i * 4 + 2] = 0;
  }
}

/** Writes a sprite as lossless WebP through a temporary file, so that readers never see half a file. */
export async function writeSprite(sprite: Sprite, file: string): Promise<number> {
  await mkdir(dirname(file), { recursive: true });
  const image = sharp(Buffer.from(sprite.data.buffer), {
    raw: { width: sprite.width, height: sprite.height, channels: 4 },
  });
  const info = await image.webp({ lossless: true, exact: true, effort: 4 }).toFile(`${file}.part`);
  await rename(`${file}.part`, file);
  return info.size;
}
