const clamp = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : Math.round(value));

/** I420, BT.709 limited range, chroma at the left, to RGB bytes. */
export function toRgb(data: Uint8Array, width: number, height: number): Buffer {
  const out = Buffer.alloc(width * height * 3);
  const cw = Math.ceil(width / 2);
  const ch = Math.ceil(height / 2);
  const blue = width * height;
  const red = blue + cw * ch;
  for (let y = 0; y < height; y++) {
    const cy = Math.min(ch - 1, Math.max(0, (y - 0.5) / 2));
    const top = Math.floor(cy);
    const fy = cy - top;
    const bottom = Math.min(ch - 1, top + 1);
    for (let x = 0; x < width; x++) {
      const cx = Math.min(cw - 1, x / 2);
      const left = Math.floor(cx);
      const fx = cx - left;
      const right = Math.min(cw - 1, left + 1);
      const sample = (plane: number): number => {
        const a = data[plane + top * cw + left] as number;
        const b = data[plane + top * cw + right] as number;
        const c = data[plane + bottom * cw + left] as number;
        const d = data[plane + bottom * cw + right] as number;
        return (a * (1 - fx) + b * fx) * (1 - fy) + (c * (1 - fx) + d * fx) * fy - 128;
      };
      const luma = ((data[y * width + x] as number) - 16) * 1.164384;
      const u = sample(blue);
      const v = sample(red);
      const to = (y * width + x) * 3;
      out[to] = clamp(luma + 1.792741 * v);
      out[to + 1] = clamp(luma - 0.213249 * u - 0.532909 * v);
      out[to + 2] = clamp(luma + 2.112402 * u);
    }
  }
  return out;
}
