import { join } from "node:path";
import type { AvatarSheet, LayerPlace } from "./avatar-sheet.ts";
import { frameBytes, planesOf, type FramePlanes } from "./frame-planes.ts";
import { type Bitmap, blueOf, extendFoot, limitBand, lumaOf, redOf, type Texture, toTexture } from "./texture.ts";

/** The design frame that sheets are written in, u. */
export const DESIGN = { width: 1280, height: 720 } as const;

/** Texels of a texture per output pixel: finer than the output, so that moving by fractions of a pixel stays sharp. */
const OVERSAMPLING = 2;

/** A person's layers, ready to be drawn at one output size. */
export type Layers = {
  readonly sheet: AvatarSheet;
  readonly width: number;
  readonly height: number;
  readonly background: FramePlanes;
  readonly torso: Texture;
  readonly backHair: Texture | undefined;
  readonly head: Texture;
  readonly eyes: Texture;
  readonly iris: Texture;
  readonly catchlight: Texture;
  /** From open to closed. */
  readonly lids: readonly Texture[];
  readonly brows: Texture;
};

type Sharp = typeof import("sharp")["default"];
type Scale = { readonly x: number; readonly y: number };

async function decode(sharp: Sharp, file: string, width: number, height: number): Promise<Bitmap> {
  const image = sharp(file);
  const { width: w, height: h } = await image.metadata();
  const fitted = w === width && h === height ? image : image.resize(width, height, { fit: "fill", kernel: "lanczos3" });
  const { data } = await fitted.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width, height, data };
}

function toFrame(bitmap: Bitmap): FramePlanes {
  const { width, height, data } = bitmap;
  const planes = planesOf(new Uint8Array(frameBytes(width, height)), width, height);
  const { y, u, v, chromaWidth, chromaHeight } = planes;
  const blue = new Float32Array(width + 2);
  const red = new Float32Array(width + 2);
  for (let row = 0; row < chromaHeight; row++) {
    blue.fill(0);
    red.fill(0);
    for (let half = 0; half < 2; half++) {
      const line = Math.min(height - 1, 2 * row + half);
      for (let x = 0, at = line * width * 4; x < width; x++, at += 4) {
        const r = data[at] as number;
        const g = data[at + 1] as number;
        const b = data[at + 2] as number;
        y[line * width + x] = lumaOf(r, g, b) + 0.5;
        blue[x + 1]! += blueOf(r, g, b);
        red[x + 1]! += redOf(r, g, b);
      }
    }
    for (const sums of [blue, red]) {
      sums[0] = sums[1] as number;
      sums[width + 1] = sums[width] as number;
    }
    // Chroma sits at the left of its pair of columns: 1 2 1 around that column, and both rows.
    for (let column = 0, to = row * chromaWidth; column < chromaWidth; column++, to++) {
      const x = 2 * column + 1;
      u[to] = ((blue[x - 1] as number) + 2 * (blue[x] as number) + (blue[x + 1] as number)) / 8 + 0.5;
      v[to] = ((red[x - 1] as number) + 2 * (red[x] as number) + (red[x + 1] as number)) / 8 + 0.5;
    }
  }
  return planes;
}

/** The levels of a vertical strip as bitmaps of their own. */
function cut(strip: Bitmap, levels: number): readonly Bitmap[] {
  const height = strip.height / levels;
  const bytes = strip.width * height * 4;
  return Array.from({ length: levels }, (_, level) => ({
    width: strip.width,
    height,
    data: strip.data.subarray(level * bytes, (level + 1) * bytes),
  }));
}

/**
 * Decodes a person's layers for one output size: scaled once with Lanczos, then band-limited for sampling at any
 * fraction of a pixel. Two frames of a face never come from textures of different sharpness.
 */
export async function loadLayers(
  directory: string,
  sheet: AvatarSheet,
  width: number,
  height: number,
): Promise<Layers> {
  const { default: sharp } = await import("sharp");
  // Each file is read once: a cache of decoded pictures would only hold memory.
  sharp.cache(false);
  sharp.concurrency(1);
  const scale: Scale = { x: (OVERSAMPLING * width) / DESIGN.width, y: (OVERSAMPLING * height) / DESIGN.height };
  // One after the other, while the one before is made into a texture: side by side they take 40 MB more, for good, as
  // each of the threads keeps what it once needed.
  let line: Promise<unknown> = Promise.resolve();
  const inTurn = (file: string, w: number, h: number): Promise<Bitmap> => {
    const decoded = line.then(() => decode(sharp, join(directory, file), w, h));
    line = decoded;
    return decoded;
  };
  const bitmapOf = (place: LayerPlace, tall = 1): Promise<Bitmap> =>
    inTurn(place.file, Math.round(place.width * scale.x), Math.round(place.height * scale.y) * tall);
  const texture = async (place: LayerPlace): Promise<Texture> => {
    const made = toTexture(await bitmapOf(place), place);
    if (place.y + place.height >= DESIGN.height) extendFoot(made);
    limitBand(made);
    return made;
  };
  const { layers } = sheet;
  const [background, lids, torso, head, eyes, iris, catchlight, brows, backHair] = await Promise.all([
    inTurn(layers.background.file, width, height).then(toFrame),
    bitmapOf(layers.lids, layers.lids.levels).then((strip) => cut(strip, layers.lids.levels)),
    texture(layers.torso),
    texture(layers.head),
    texture(layers.eyes),
    texture(layers.iris),
    texture(layers.catchlight),
    texture(layers.brows),
    layers.back_hair ? texture(layers.back_hair) : undefined,
  ]);
  return {
    sheet,
    width,
    height,
    background,
    torso,
    backHair,
    head,
    eyes,
    iris,
    catchlight,
    lids: lids.map((level) => toTexture(level, layers.lids)),
    brows,
  };
}
