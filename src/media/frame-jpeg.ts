/** Planar 4:2:0 (BT.709, limited range) as JPEG. */
export async function jpegOf(frame: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const rgb = new Uint8ClampedArray(width * height * 3);
  const half = Math.ceil(width / 2);
  const blueAt = width * height;
  const redAt = blueAt + half * Math.ceil(height / 2);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      const colour = (y >> 1) * half + (x >> 1);
      const luma = 1.16438 * ((frame[y * width + x] as number) - 16);
      const blue = (frame[blueAt + colour] as number) - 128;
      const red = (frame[redAt + colour] as number) - 128;
      rgb[to] = luma + 1.79274 * red;
      rgb[to + 1] = luma - 0.21325 * blue - 0.53291 * red;
      rgb[to + 2] = luma + 2.1124 * blue;
    }
  }
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}
