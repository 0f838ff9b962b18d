import { frameBytes, type FramePlanes, planesOf } from "./frame-planes.ts";
import { blueOf, lumaOf, redOf } from "./texture.ts";

/** Converts sRGB bytes, 3 a pixel, or 4 with an opacity that is passed over, to planar 4:2:0, BT.709 limited range. */
export function toPlanes(data: Uint8Array, width: number, height: number, bytes: 3 | 4 = 3): FramePlanes {
  const planes = planesOf(new Uint8Array(frameBytes(width, height)), width, height);
  const { y, u, v, chromaWidth, chromaHeight } = planes;
  const blue = new Float32Array(width + 2);
  const red = new Float32Array(width + 2);
  for (let row = 0; row < chromaHeight; row++) {
    blue.fill(0);
    red.fill(0);
    for (let half = 0; half < 2; half++) {
      const line = Math.min(height - 1, 2 * row + half);
      for (let x = 0, at = line * width * bytes; x < width; x++, at += bytes) {
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
