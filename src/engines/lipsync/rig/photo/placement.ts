import type { Box } from "../../../../library/face-marks.ts";

/** Which part of a picture is shown, in whole pixels of it, and where, in whole pixels of the frame. */
export type Placement = {
  readonly crop: Box;
  readonly target: Box;
};

/** Height of the face, forehead to chin, as a part of the frame's: wider shots are cut closer, down to the least. */
const LEAST_FACE = 0.26;
/** With a taller face than this the cut would go through hair or chin: the whole picture is shown between blurred sides. */
const MOST_FACE = 0.56;
/** A cut closer than this, frame pixels per picture pixel, would show the picture's pixels rather than a face. */
const MOST_ENLARGED = 3;
/** Height of the face's middle in the frame. */
const FACE_Y = 0.43;

/**
 * Where a picture goes in a frame of another shape. The frame is filled and the picture cut around the face where head
 * and shoulders stay in it; a portrait whose face needs its full height stands in the middle, with blurred sides.
 */
export function placePicture(
  size: { readonly width: number; readonly height: number },
  face: Box,
  width: number,
  height: number,
): Placement {
  const fill = Math.max(width / size.width, height / size.height);
  const [faceX, faceY] = [face[0] + face[2] / 2, face[1] + face[3] / 2];
  const closer = Math.min((LEAST_FACE * height) / face[3], MOST_ENLARGED);
  const scale = Math.max(fill, closer);
  if (face[3] * scale <= MOST_FACE * height) {
    const w = Math.min(down(size.width), even(width / scale));
    const h = Math.min(down(size.height), even(height / scale));
    const left = within(even(faceX - w / 2), down(size.width - w));
    const top = within(even(faceY - FACE_Y * h), down(size.height - h));
    return { crop: [left, top, w, h], target: [0, 0, width, height] };
  }
  const fit = Math.min(width / size.width, height / size.height);
  const w = Math.min(width, even(size.width * fit));
  const h = Math.min(height, even(size.height * fit));
  return {
    crop: [0, 0, down(size.width), down(size.height)],
    target: [even((width - w) / 2), even((height - h) / 2), w, h],
  };
}

const within = (value: number, most: number): number => Math.max(0, Math.min(most, value));
/** Even, so that chroma begins and ends with the picture. */
const even = (value: number): number => 2 * Math.round(value / 2);
const down = (value: number): number => 2 * Math.floor(value / 2);
