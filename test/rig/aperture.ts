/** Measures how far a mouth is open in a picture, knowing nothing of how the picture was made. */

/** A picture's planes, 4:2:0. */
export type Picture = {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
};

/** Where to look, in pixels of the picture. */
export type MouthBox = { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };

/** What was seen between the lips. */
export type Aperture = {
  /** Pixels between the lips. */
  readonly area: number;
  /** Mean height of the opening over the middle of the mouth, pixels. */
  readonly height: number;
};

/**
 * Skin is yellower than anything between the lips; lips and tongue are redder than teeth; the throat is dark. Limits on
 * BT.709 limited-range samples, chosen between the colours of the avatars' palettes.
 */
const NOT_SKIN_BLUE = 118;
const TEETH_RED = 149;
const DARK = 66;
/** What belongs to the opening only beside what surely does: a shaded rim above, the tongue below. */
const RIM = { blue: 119, red: 161, luma: 112 } as const;
const TONGUE = { blue: 120, red: 168, luma: 118 } as const;
/** Half of the columns around the middle of the box that `height` is the mean of. */
const MIDDLE = 0.22;

/** An I420 buffer as a picture. */
export function pictureOf(data: Uint8Array, width: number, height: number): Picture {
  const luma = width * height;
  const chroma = Math.ceil(width / 2) * Math.ceil(height / 2);
  return {
    width,
    height,
    y: data.subarray(0, luma),
    u: data.subarray(luma, luma + chroma),
    v: data.subarray(luma + chroma, luma + 2 * chroma),
  };
}

/** The box in which an avatar's mouth stays, whatever it says and however the head moves. */
export function mouthBox(
  mouth: { readonly cx: number; readonly cy: number; readonly half_width: number },
  width: number,
  height: number,
): MouthBox {
  const x = width / 1280;
  const y = height / 720;
  const half = mouth.half_width;
  return {
    left: Math.floor((mouth.cx - 1.35 * half) * x),
    right: Math.ceil((mouth.cx + 1.35 * half) * x),
    top: Math.floor((mouth.cy - 0.75 * half) * y),
    bottom: Math.ceil((mouth.cy + 1.55 * half) * y),
  };
}

/** Height of the opening in one column: from the first to the last pixel that is throat or tooth, and what is between. */
function openingAt(picture: Picture, box: MouthBox, x: number): number {
  const { width, y: luma, u, v } = picture;
  const chromaWidth = Math.ceil(width / 2);
  const column = x >> 1;
  let first = -1;
  let last = -1;
  for (let y = box.top; y < box.bottom; y++) {
    const c = (y >> 1) * chromaWidth + column;
    if ((u[c] as number) < NOT_SKIN_BLUE) continue;
    if ((v[c] as number) >= TEETH_RED && (luma[y * width + x] as number) >= DARK) continue;
    if (first < 0) first = y;
    last = y;
  }
  if (first < 0) return 0;
  const within = (y: number, limit: typeof RIM | typeof TONGUE): boolean => {
    const c = (y >> 1) * chromaWidth + column;
    const red = (v[c] as number) < limit.red;
    return red && (u[c] as number) >= limit.blue && (luma[y * width + x] as number) < limit.luma;
  };
  while (first > box.top && within(first - 1, RIM)) first--;
  while (last < box.bottom - 1 && within(last + 1, TONGUE)) last++;
  return last - first + 1;
}

/** Measures the mouth in `box`. */
export function measureAperture(picture: Picture, box: MouthBox): Aperture {
  const centre = (box.left + box.right) / 2;
  const reach = ((box.right - box.left) / 2) * MIDDLE;
  let area = 0;
  let sum = 0;
  let columns = 0;
  for (let x = box.left; x < box.right; x++) {
    const opening = openingAt(picture, box, x);
    area += opening;
    if (Math.abs(x - centre) > reach) continue;
    sum += opening;
    columns++;
  }
  return { area, height: sum / Math.max(1, columns) };
}
