import type { Box } from "../../../library/face-marks.ts";
import { type FaceEdges, type Pads, padded, smoothed } from "../../faces/s3fd/face-boxes.ts";
import type { FaceOptions } from "../lipsync-engine.ts";
import type { FaceView } from "../rig/face-view.ts";

/** What the reference adds below: the chin must be in the box. Pixels of a frame of 720 lines. */
const CHIN_PAD = 10;
const PADDED_HEIGHT = 720;

const edgesOf = ([left, top, width, height]: Box): FaceEdges => ({
  left,
  top,
  right: left + width,
  bottom: top + height,
});

/**
 * Which whole pixels of each frame are the face: smoothed, padded and within the frame. A box that a caller said stays
 * as it is.
 */
export function planFaces(
  view: FaceView,
  width: number,
  height: number,
  { pads, smooth = true }: FaceOptions = {},
): (frame: number) => FaceEdges {
  const found = view.boxes.map(edgesOf);
  const calm = smooth && !view.exact ? smoothed(found) : found;
  const chin: Pads = [0, view.exact ? 0 : Math.round((CHIN_PAD * Math.min(width, height)) / PADDED_HEIGHT), 0, 0];
  const plan = calm.map((box) => padded(box, pads ?? chin, width, height));
  return (frame) => plan[view.at(frame)] as FaceEdges;
}
