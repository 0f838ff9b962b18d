import type { FaceEdges } from "../../faces/s3fd/face-boxes.ts";
import type { FramePlanes } from "../rig/frame-planes.ts";
import { scalePicture } from "./bilinear.ts";

/** BT.709, limited range: what luma and the two chromas give blue, green and red. */
const LUMA = 255 / 219;
const BLUE_U = (1.8556 * 255) / 224;
const GREEN_U = (-0.187324 * 255) / 224;
const GREEN_V = (-0.468124 * 255) / 224;
const RED_V = (1.5748 * 255) / 224;

/** Cuts faces out of frames as the network wants to see them. Holds its work array. */
export class FaceCropper {
  readonly #size: number;
  #region = new Uint8ClampedArray(0);

  /** @param size side of the network's faces, pixels */
  constructor(size: number) {
    this.#size = size;
  }

  /** The face in a box of whole pixels: [size, size, 3] blue, green, red. It is stretched to a square. */
  crop(frame: FramePlanes, box: FaceEdges): Uint8Array<ArrayBuffer> {
    const width = box.right - box.left;
    const height = box.bottom - box.top;
    if (this.#region.length < width * height * 3) this.#region = new Uint8ClampedArray(width * height * 3);
    readRegion(frame, box, this.#region);
    const out = new Uint8Array(this.#size * this.#size * 3);
    const data = new Uint8Array(this.#region.buffer, 0, width * height * 3);
    scalePicture({ data, width, height }, this.#size, this.#size, out);
    return out;
  }
}

/** The pixels of a box: blue, green, red. Chroma lies at the left of its pair of columns. */
function readRegion({ y, u, v, width, chromaWidth }: FramePlanes, box: FaceEdges, out: Uint8ClampedArray): void {
  let to = 0;
  for (let row = box.top; row < box.bottom; row++) {
    const line = row * width;
    const half = (row >> 1) * chromaWidth;
    for (let x = box.left; x < box.right; x++) {
      const at = half + (x >> 1);
      const beside = (x & 1) === 1 && (x >> 1) + 1 < chromaWidth ? at + 1 : at;
      const luma = LUMA * ((y[line + x] as number) - 16);
      const blue = ((u[at] as number) + (u[beside] as number)) / 2 - 128;
      const red = ((v[at] as number) + (v[beside] as number)) / 2 - 128;
      out[to++] = luma + BLUE_U * blue;
      out[to++] = luma + GREEN_U * blue + GREEN_V * red;
      out[to++] = luma + RED_V * red;
    }
  }
}
