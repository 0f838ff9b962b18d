/** Where the values of a line come from when it is scaled: two of its own values each, and the part of the second. */
export type Taps = { readonly at: Int32Array; readonly next: Int32Array; readonly part: Float32Array };

/**
 * Taps for `length` values out of `from`: pixels are areas, so a middle lies at half a pixel, and beyond the edges the
 * last value goes on. It is what OpenCV's `INTER_LINEAR` does.
 */
export function taps(from: number, length: number): Taps {
  const at = new Int32Array(length);
  const next = new Int32Array(length);
  const part = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const place = Math.max(0, Math.min(from - 1, ((i + 0.5) * from) / length - 0.5));
    at[i] = Math.floor(place);
    next[i] = Math.min(from - 1, (at[i] as number) + 1);
    part[i] = place - (at[i] as number);
  }
  return { at, next, part };
}

/** Scales a picture of 3 bytes a pixel, in place of all that `out` holds from `offset` on. */
export function scalePicture(
  picture: { readonly data: Uint8Array; readonly width: number; readonly height: number },
  width: number,
  height: number,
  out: Uint8Array,
  offset = 0,
): void {
  const across = taps(picture.width, width);
  const down = taps(picture.height, height);
  const { data } = picture;
  const stride = 3 * picture.width;
  for (let y = 0, to = offset; y < height; y++) {
    const upper = (down.at[y] as number) * stride;
    const lower = (down.next[y] as number) * stride;
    const v = down.part[y] as number;
    for (let x = 0; x < width; x++) {
      const left = 3 * (across.at[x] as number);
      const right = 3 * (across.next[x] as number);
      const u = across.part[x] as number;
      for (let c = 0; c < 3; c++) {
        const a = data[upper + left + c] as number;
        const b = data[lower + left + c] as number;
        const above = a + u * ((data[upper + right + c] as number) - a);
        const below = b + u * ((data[lower + right + c] as number) - b);
        out[to++] = above + v * (below - above) + 0.5;
      }
    }
  }
}
