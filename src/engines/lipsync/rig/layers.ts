import { join } from "node:path";
import type { AvatarSheet, LayerPlace } from "./avatar-sheet.ts";
import type { FramePlanes } from "./frame-planes.ts";
import { toPlanes } from "./rgb-planes.ts";
import { type Bitmap, extendFoot, limitBand, type Texture, toTexture } from "./texture.ts";

/** The design frame that sheets are written in, u. */
export const DESIGN = { width: 1280, height: 720 } as const;

/** Texels of a texture per output pixel: finer than the output, so that moving by fractions of a pixel stays sharp. */
const OVERSAMPLING = 1.5;

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
    inTurn(layers.background.file, width, height).then((picture) =>
      toPlanes(picture.data, picture.width, picture.height, 4),
    ),
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
