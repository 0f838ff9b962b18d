/**
 * A picture as planes ready for sampling: luma and its alpha at two texels per output pixel, chroma and its alpha at
 * half of that, all premultiplied, BT.709 limited range. A transparent border of `PAD` luma texels surrounds it, so
 * that a sampler whose cell straddles the edge reads nothing else.
 */
export type Texture = {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly a: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  readonly ca: Uint8Array;
  /** Luma texels per u, and the place in u of the outer edge of texel 0. */
  readonly scaleX: number;
  readonly scaleY: number;
  readonly originX: number;
  readonly originY: number;
};

/** Border in luma texels; even, and wider than a cell of the warp. */
export const PAD = 40;

const LUMA = [0.182586, 0.614231, 0.062007] as const;
const BLUE = [-0.100644, -0.338572, 0.439216] as const;
const RED = [0.439216, -0.398942, -0.040274] as const;

/** Luma of an sRGB colour 0…255: 16…235. */
export const lumaOf = (r: number, g: number, b: number): number => 16 + LUMA[0] * r + LUMA[1] * g + LUMA[2] * b;
/** Blue difference of an sRGB colour 0…255: 16…240. */
export const blueOf = (r: number, g: number, b: number): number => 128 + BLUE[0] * r + BLUE[1] * g + BLUE[2] * b;
/** Red difference of an sRGB colour 0…255: 16…240. */
export const redOf = (r: number, g: number, b: number): number => 128 + RED[0] * r + RED[1] * g + RED[2] * b;

/** Straight RGBA, 4 bytes a texel. */
export type Bitmap = { readonly width: number; readonly height: number; readonly data: Uint8Array };

/** Empty planes for a picture of `width`x`height` luma texels and its border. */
function planes(width: number, height: number) {
  const w = width + (width & 1) + 2 * PAD;
  const h = height + (height & 1) + 2 * PAD;
  const chroma = (w >> 1) * (h >> 1);
  return {
    width: w,
    height: h,
    y: new Uint8Array(w * h),
    a: new Uint8Array(w * h),
    u: new Uint8Array(chroma),
    v: new Uint8Array(chroma),
    ca: new Uint8Array(chroma),
  };
}

/** Sizes of a texture's planes, bytes. */
export const textureSizes = ({ y, a, u, v, ca }: Texture): readonly number[] =>
  [y, a, u, v, ca].map((plane) => plane.length);

/** A rectangle of the design frame, in u. */
export type Place = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** Converts a bitmap that covers `place` to planes. */
export function toTexture(bitmap: Bitmap, place: Place): Texture {
  const { width, height, data } = bitmap;
  const out = planes(width, height);
  const w = out.width;
  const cw = w >> 1;
  const sums = new Int32Array(cw * 3);
  for (let row = 0; row < height + (height & 1); row += 2) {
    sums.fill(0);
    for (let half = 0; half < 2 && row + half < height; half++) {
      let from = (row + half) * width * 4;
      let to = (row + half + PAD) * w + PAD;
      for (let x = 0; x < width; x++, from += 4, to++) {
        const alpha = data[from + 3] as number;
        if (alpha === 0) continue;
        const r = data[from] as number;
        const g = data[from + 1] as number;
        const b = data[from + 2] as number;
        out.a[to] = alpha;
        const luma = (1048576 + 11966 * r + 40254 * g + 4064 * b) >> 8;
        out.y[to] = ((luma * alpha) / 255 + 128) >> 8;
        const c = ((x + PAD) >> 1) * 3;
        // 8 fractional bits; four texels of full opacity stay below 2³¹.
        sums[c]! += ((8388608 - 6596 * r - 22189 * g + 28784 * b) >> 8) * alpha;
        sums[c + 1]! += ((8388608 + 28784 * r - 26145 * g - 2639 * b) >> 8) * alpha;
        sums[c + 2]! += alpha;
      }
    }
    const base = ((row + PAD) >> 1) * cw;
    for (let x = 0; x < cw; x++) {
      out.u[base + x] = (sums[x * 3] as number) / 261120 + 0.5;
      out.v[base + x] = (sums[x * 3 + 1] as number) / 261120 + 0.5;
      out.ca[base + x] = ((sums[x * 3 + 2] as number) + 2) >> 2;
    }
  }
  const scaleX = width / place.width;
  const scaleY = height / place.height;
  return { ...out, scaleX, scaleY, originX: place.x - PAD / scaleX, originY: place.y - PAD / scaleY };
}

/**
 * Takes out what an output pixel, two texels wide, cannot show: without it hair shimmers as the head moves. The
 * kernel (−1 4 10 4 −1)/16 keeps 98 % at half the output's Nyquist frequency and nothing at the texture's own.
 */
export function limitBand(texture: Texture): void {
  for (const plane of [texture.y, texture.a]) {
    limitRows(plane, texture.width, texture.height);
    limitColumns(plane, texture.width, texture.height);
  }
}

function limitRows(plane: Uint8Array, width: number, height: number): void {
  for (let row = PAD - 2; row < height - PAD + 2; row++) {
    const start = row * width + PAD - 2;
    let a = plane[start - 2] as number;
    let b = plane[start - 1] as number;
    let c = plane[start] as number;
    let d = plane[start + 1] as number;
    for (let at = start, end = (row + 1) * width - PAD + 2; at < end; at++) {
      const e = plane[at + 2] as number;
      const sum = (10 * c + 4 * (b + d) - a - e + 8) >> 4;
      plane[at] = sum < 0 ? 0 : sum > 255 ? 255 : sum;
      a = b;
      b = c;
      c = d;
      d = e;
    }
  }
}

/** Down the columns, but row by row, as memory lies: the two rows above are kept as they were. */
function limitColumns(plane: Uint8Array, width: number, height: number): void {
  let above2 = new Uint8Array(width);
  let above = new Uint8Array(width);
  let here = new Uint8Array(width);
  for (let row = PAD - 2; row < height - PAD + 2; row++) {
    const start = row * width;
    for (let x = 0; x < width; x++) here[x] = plane[start + x] as number;
    for (let x = PAD - 2, at = start + x; x < width - PAD + 2; x++, at++) {
      const near = (above[x] as number) + (plane[at + width] as number);
      const far = (above2[x] as number) + (plane[at + 2 * width] as number);
      const sum = (10 * (here[x] as number) + 4 * near - far + 8) >> 4;
      plane[at] = sum < 0 ? 0 : sum > 255 ? 255 : sum;
    }
    [above2, above, here] = [above, here, above2];
  }
}

/** Repeats the last row into the border: for a layer that runs out of the frame at its foot. */
export function extendFoot(texture: Texture): void {
  const rows = (plane: Uint8Array, width: number, pad: number): void => {
    const end = plane.length - pad * width;
    for (let at = end; at < plane.length; at += width) plane.copyWithin(at, end - width, end);
  };
  rows(texture.y, texture.width, PAD);
  rows(texture.a, texture.width, PAD);
  for (const plane of [texture.u, texture.v, texture.ca]) rows(plane, texture.width >> 1, PAD >> 1);
}
