import { lowerFrom } from "../../../graphs/wav2lip.ts";
import type { FaceEdges } from "../../faces/s3fd/face-boxes.ts";
import type { FramePlanes } from "../rig/frame-planes.ts";
import { blueOf, lumaOf, redOf } from "../rig/texture.ts";
import { type Taps, taps } from "./bilinear.ts";

/** Lays the network's pictures over the faces they were made of. Holds its work arrays. */
export class MouthPaster {
  readonly #size: number;
  readonly #mask: Float32Array;
  /** First row of the mask that shows anything. */
  readonly #firstRow: number;
  readonly #from: number;
  readonly #luma: Float32Array;
  readonly #blue: Float32Array;
  readonly #red: Float32Array;

  /**
   * @param size side of the network's pictures, pixels
   * @param mask how much of the picture is shown where, 0…1
   * @param from first row of the pictures; the mask shows nothing that would be in those above
   */
  constructor(size: number, mask: Float32Array, from = lowerFrom(size)) {
    this.#size = size;
    this.#from = from;
    this.#mask = mask;
    const shown = mask.findIndex((value) => value > 0);
    this.#firstRow = shown < 0 ? size : Math.floor(shown / size);
    this.#luma = new Float32Array(size * size);
    this.#blue = new Float32Array(size * size);
    this.#red = new Float32Array(size * size);
  }

  /**
   * Lays a picture, [rows, size, 3] blue, green, red, over the box it was cut from. Pixels that the mask leaves out stay
   * as they are, to the bit.
   */
  paste(frame: FramePlanes, box: FaceEdges, picture: Uint8Array): void {
    for (let i = this.#from * this.#size, at = 0; i < this.#luma.length; i++, at += 3) {
      const [b, g, r] = [picture[at] as number, picture[at + 1] as number, picture[at + 2] as number];
      this.#luma[i] = lumaOf(r, g, b);
      this.#blue[i] = blueOf(r, g, b);
      this.#red[i] = redOf(r, g, b);
    }
    const width = box.right - box.left;
    const height = box.bottom - box.top;
    const across = taps(this.#size, width);
    const down = taps(this.#size, height);
    for (let row = 0; row < height; row++) {
      if ((down.next[row] as number) < this.#firstRow) continue;
      this.#lay(this.#luma, frame.y, (box.top + row) * frame.width + box.left, across, 0, 1, down, row);
    }
    // Chroma at the left column of each pair, and at the upper row of each: the picture is coarser than that.
    const before = box.left & 1;
    for (let row = box.top & 1; row < height; row += 2) {
      if ((down.next[row] as number) < this.#firstRow) continue;
      const start = ((box.top + row) >> 1) * frame.chromaWidth + ((box.left + before) >> 1);
      this.#lay(this.#blue, frame.u, start, across, before, 2, down, row);
      this.#lay(this.#red, frame.v, start, across, before, 2, down, row);
    }
  }

  /** One line of one plane, at every `step`th column from `first` on. */
  #lay(
    values: Float32Array,
    plane: Uint8Array,
    start: number,
    across: Taps,
    first: number,
    step: number,
    down: Taps,
    row: number,
  ): void {
    const mask = this.#mask;
    const upper = (down.at[row] as number) * this.#size;
    const lower = (down.next[row] as number) * this.#size;
    const v = down.part[row] as number;
    for (let x = first, to = start; x < across.at.length; x += step, to++) {
      const left = across.at[x] as number;
      const right = across.next[x] as number;
      const u = across.part[x] as number;
      const share = between(mask, upper, lower, left, right, u, v);
      if (share === 0) continue;
      const old = plane[to] as number;
      plane[to] = old + share * (between(values, upper, lower, left, right, u, v) - old) + 0.5;
    }
  }
}

function between(
  values: Float32Array,
  upper: number,
  lower: number,
  left: number,
  right: number,
  u: number,
  v: number,
): number {
  const a = values[upper + left] as number;
  const b = values[lower + left] as number;
  const above = a + u * ((values[upper + right] as number) - a);
  const below = b + u * ((values[lower + right] as number) - b);
  return above + v * (below - above);
}
