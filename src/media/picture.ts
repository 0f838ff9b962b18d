import { open } from "node:fs/promises";
import { AppError } from "../errors.ts";
import { MAX_PICTURE_PIXELS, MIN_PICTURE_SIDE } from "../limits/inputs.ts";

/** Kinds of pictures that are taken; what a file is is read from its content. */
const FORMATS = new Set(["jpeg", "png", "webp", "avif", "heif", "tiff"]);
const WANTED = "Send a JPEG, PNG, WebP, AVIF or TIFF picture.";
/** Longest side that is kept, pixels: three times the largest output. */
const LONGEST_SIDE = 3840;
/** What shows through a transparent picture. */
const BACKDROP = "#d9dce1";

/** A picture as it was put into a file: upright, sRGB, 8 bits, opaque. */
export type UprightPicture = {
  readonly width: number;
  readonly height: number;
  /** Pixels kept per pixel of the upright original: 1 unless it was huge. */
  readonly scale: number;
  /** 3 bytes a pixel. */
  readonly data: Uint8Array;
};

/**
 * Reads a picture from the wire and writes it as PNG: turned as its camera says, its colours converted to sRGB, over a
 * plain backdrop where it is transparent.
 *
 * @throws AppError `invalid_input` for what is no picture, is broken, moves, or is too small; `input_too_large`
 */
export async function uprightPicture(path: string, target: string): Promise<UprightPicture> {
  await refuseText(path);
  const { default: sharp } = await import("sharp");
  sharp.cache(false);
  try {
    const found = await sharp(path, { limitInputPixels: false }).metadata();
    const { format, pages = 1 } = found;
    if (!FORMATS.has(format))
      throw new AppError("invalid_input", `A picture of the kind ${format} cannot be an avatar. ${WANTED}`);
    if (format === "heif" && found.compression !== "av1") {
      throw new AppError("invalid_input", `A HEIC picture cannot be read here: export it as JPEG. ${WANTED}`);
    }
    if (pages > 1)
      throw new AppError(
        "invalid_input",
        "The picture has several pages or moves. Send a single picture, or a video as MP4 or WebM.",
      );
    const { width: w, height: h } = found.autoOrient;
    if (w * h > MAX_PICTURE_PIXELS) {
      const [size, most] = [Math.round((w * h) / 1e6), MAX_PICTURE_PIXELS / 1e6];
      throw new AppError(
        "input_too_large",
        `The picture has ${size} million pixels; ${most} million are allowed. Send a smaller one.`,
      );
    }
    if (Math.min(w, h) < MIN_PICTURE_SIDE) {
      throw new AppError(
        "invalid_input",
        `The picture has ${w}x${h} pixels; at least ${MIN_PICTURE_SIDE} on each side are needed.`,
      );
    }
    const { data, info } = await sharp(path, { limitInputPixels: MAX_PICTURE_PIXELS, failOn: "truncated" })
      .autoOrient()
      .resize({ width: LONGEST_SIDE, height: LONGEST_SIDE, fit: "inside", withoutEnlargement: true })
      .flatten({ background: BACKDROP })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const rgb = info.channels === 3 ? data : spread(data, info.channels);
    const { width, height } = info;
    await sharp(rgb, { raw: { width, height, channels: 3 } })
      .png({ compressionLevel: 6 })
      .toFile(target);
    return { width, height, scale: width / w, data: rgb };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError(
      "invalid_input",
      `The picture cannot be read: it is broken, cut short or no picture. ${WANTED}`,
      { cause },
    );
  }
}

/** Drawings are programs for a renderer that reads other files: they are told by their text and never opened. */
async function refuseText(path: string): Promise<void> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    const start = buffer.subarray(0, bytesRead).toString("latin1");
    if (/^[^\x21-\x7e]*<(\?xml|svg|!doctype|!--|html)/i.test(start)) {
      throw new AppError("invalid_input", `A drawing (SVG) or a web page cannot be an avatar. ${WANTED}`);
    }
  } finally {
    await file.close();
  }
}

/** One or two channels as three. */
function spread(data: Uint8Array, channels: number): Uint8Array {
  const out = new Uint8Array((data.length / channels) * 3);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) out.fill(data[from] as number, to, to + 3);
  return out;
}
