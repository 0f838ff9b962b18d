import type { Picture } from "../rig/aperture.ts";

/** A rectangle of a frame, pixels. */
export type Rectangle = {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
};

/** Colours that tell a mouth's inside from lips and skin, read from the picture itself. */
export type MouthColours = { readonly dark: number; readonly teethRed: number; readonly bright: number };

/** Reads the colours of skin in `patch`. */
export function coloursOf(picture: Picture, patch: Rectangle): MouthColours {
  const chromaWidth = Math.ceil(picture.width / 2);
  let [luma, red, count] = [0, 0, 0];
  for (let y = patch.top; y < patch.bottom; y++) {
    for (let x = patch.left; x < patch.right; x++, count++) {
      luma += picture.y[y * picture.width + x] as number;
      red += picture.v[(y >> 1) * chromaWidth + (x >> 1)] as number;
    }
  }
  return { dark: 16 + 0.4 * (luma / count - 16), teethRed: red / count - 7, bright: 16 + 0.55 * (luma / count - 16) };
}

/**
 * Mean height, over the middle columns of `box`, from the first to the last pixel that is dark as a throat or pale as a
 * tooth: it knows nothing of how the picture was made.
 */
export function apertureHeight(picture: Picture, box: Rectangle, colours: MouthColours): number {
  const { width, y: luma, v } = picture;
  const chromaWidth = Math.ceil(width / 2);
  const from = Math.round(box.left + 0.3 * (box.right - box.left));
  const to = Math.round(box.left + 0.7 * (box.right - box.left));
  let sum = 0;
  for (let x = from; x < to; x++) {
    let first = -1;
    let last = -2;
    for (let y = box.top; y < box.bottom; y++) {
      const light = luma[y * width + x] as number;
      const red = v[(y >> 1) * chromaWidth + (x >> 1)] as number;
      if (light >= colours.dark && !(red < colours.teethRed && light >= colours.bright)) continue;
      if (first < 0) first = y;
      last = y;
    }
    sum += last - first + 1;
  }
  return sum / (to - from);
}
