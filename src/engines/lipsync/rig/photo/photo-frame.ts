import { type FaceMarks, faceBox, mapMarks } from "../../../../library/face-marks.ts";
import { frameBytes, type FramePlanes, planesOf } from "../frame-planes.ts";
import { type Placement, placePicture } from "./placement.ts";
import { toPlanes } from "../rgb-planes.ts";

/** Texels of the texture per pixel of the frame: finer, so that moving by fractions of a pixel stays sharp. */
export const FINER = 2;

/** A photograph laid out for one frame size. */
export type PhotoFrame = {
  readonly width: number;
  readonly height: number;
  /** The whole frame at `FINER` texels per pixel. */
  readonly texture: FramePlanes;
  /** The frame at rest: what the texture gives when nothing moves, to the bit. */
  readonly still: FramePlanes;
  /** Marks in pixels of the frame; a pixel's middle is at a whole number. */
  readonly marks: FaceMarks;
  /** Frame pixels per pixel of the picture. */
  readonly scale: number;
};

/** Blur and light of what stands beside a portrait. */
const SIDE_BLUR = 0.028;
const SIDE_LIGHT = 0.82;

/** Lays the picture in `file` out for a frame. The picture is upright, sRGB, without alpha. */
export async function loadPhotoFrame(
  file: string,
  size: { readonly width: number; readonly height: number },
  marks: FaceMarks,
  width: number,
  height: number,
): Promise<PhotoFrame> {
  const placement = placePicture(size, faceBox(marks), width, height);
  const rgb = await layOut(file, placement, FINER * width, FINER * height, FINER);
  const texture = toPlanes(rgb, FINER * width, FINER * height);
  const { crop, target } = placement;
  const [sx, sy] = [target[2] / crop[2], target[3] / crop[3]];
  return {
    width,
    height,
    texture,
    still: stillOf(texture, width, height),
    // Marks count from the edge of the first pixel; frames from its middle.
    marks: mapMarks(marks, ([x, y]) => [(x - crop[0]) * sx + target[0] - 0.5, (y - crop[1]) * sy + target[1] - 0.5]),
    scale: (sx + sy) / 2,
  };
}

async function layOut(
  file: string,
  { crop, target }: Placement,
  width: number,
  height: number,
  finer: number,
): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  sharp.cache(false);
  const [left, top, w, h] = crop;
  const [x, y, tw, th] = target.map((value) => value * finer) as [number, number, number, number];
  const picture = sharp(file)
    .extract({ left, top, width: w, height: h })
    .resize(tw, th, { fit: "fill", kernel: "lanczos3" });
  if (tw === width && th === height) return picture.removeAlpha().raw().toBuffer();
  const front = await picture.png({ compressionLevel: 0 }).toBuffer();
  // The sides: the picture itself, filling the frame, out of focus. Blurred small, as nothing fine is left of it.
  const small = await sharp(file)
    .resize(width >> 3, height >> 3, { fit: "cover" })
    .blur(Math.max(0.5, SIDE_BLUR * (width >> 3)))
    .modulate({ brightness: SIDE_LIGHT })
    .png()
    .toBuffer();
  const sides = await sharp(small)
    .resize(width, height, { fit: "fill", kernel: "cubic" })
    .png({ compressionLevel: 0 })
    .toBuffer();
  return sharp(sides)
    .composite([{ input: front, left: x, top: y }])
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** The frame that the texture gives where nothing moves: the mean of the four texels of each pixel. */
export function stillOf(texture: FramePlanes, width: number, height: number): FramePlanes {
  const still = planesOf(new Uint8Array(frameBytes(width, height)), width, height);
  const w = texture.width;
  for (let row = 0; row < height; row++) {
    for (let x = 0; x < width; x++) {
      const at = 2 * row * w + 2 * x;
      const t = texture.y;
      const sum = (t[at] as number) + (t[at + 1] as number) + (t[at + w] as number) + (t[at + w + 1] as number);
      still.y[row * width + x] = (sum + 2) >> 2;
    }
  }
  // Chroma sits at the left of a pair of pixels and between two rows: half a texel of chroma to the right, and the same down.
  const cw = texture.chromaWidth;
  for (let row = 0; row < still.chromaHeight; row++) {
    for (let x = 0; x < still.chromaWidth; x++) {
      const right = Math.min(cw - 1, 2 * x + 1);
      const low = Math.min(texture.chromaHeight - 1, 2 * row + 1);
      for (const [from, to] of [
        [texture.u, still.u],
        [texture.v, still.v],
      ] as const) {
        const upper = 3 * (from[2 * row * cw + 2 * x] as number) + (from[2 * row * cw + right] as number);
        const lower = 3 * (from[low * cw + 2 * x] as number) + (from[low * cw + right] as number);
        to[row * still.chromaWidth + x] = (upper + lower + 4) >> 3;
      }
    }
  }
  return still;
}
