import { type FaceMarks, faceBox } from "../../../../library/face-marks.ts";
import type { FramePlanes } from "../frame-planes.ts";

/** Distance, pixels, over which a sharp picture has changed as much as it will. */
const FAR = 4;
/** Growth of differences from one pixel to `FAR`: of a sharp picture, and per pixel of blur beyond it. */
const SHARP = 2.3;
const PER_PIXEL = 0.9;

/**
 * How soft a face is in the frame: pixels over which an edge goes from one side to the other. In a picture that is
 * enlarged or out of focus, neighbours differ little against what is four pixels away.
 */
export function softnessOf({ width, height, y: luma }: FramePlanes, marks: FaceMarks): number {
  const [x, top, w, h] = faceBox(marks);
  const left = Math.max(0, Math.round(x));
  const right = Math.min(width - FAR, Math.round(x + w));
  const bottom = Math.min(height - FAR, Math.round(top + h));
  let near = 1;
  let far = 1;
  for (let row = Math.max(0, Math.round(top)); row < bottom; row += 2) {
    for (let column = left; column < right; column++) {
      const at = row * width + column;
      const value = luma[at] as number;
      // Squares, so that edges count and grain hardly does.
      near += (value - (luma[at + 1] as number)) ** 2 + (value - (luma[at + width] as number)) ** 2;
      far += (value - (luma[at + FAR] as number)) ** 2 + (value - (luma[at + FAR * width] as number)) ** 2;
    }
  }
  const growth = Math.sqrt(far / near);
  return Math.min(4, Math.max(1.2, 1.2 + (growth - SHARP) / PER_PIXEL));
}
