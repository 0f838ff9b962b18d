/** Height, as a part of the face's, at which the new mouth begins to show, and where it shows alone: above it are eyes. */
const TOP_FROM = 0.47;
const TOP_TO = 0.6;
/** Distances from the middle to the sides, as parts of the way, at which the old picture begins to show, and shows alone. */
const SIDE_FROM = 0.84;
const SIDE_TO = 0.985;
/** How square the rim is towards the sides, and towards the chin, where the fade is short: the chin is the network's. */
const SIDES = 4;
const FOOT = 6;

function smooth(from: number, to: number, value: number): number {
  const t = Math.max(0, Math.min(1, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/**
 * How much of the network's picture is shown where, 0…1, for a picture of `size` by `size`: the lower face, which is what
 * the network makes anew, and at no place on the rim. The reference pastes the whole square, and it shows.
 */
export function mouthMask(size: number): Float32Array {
  const mask = new Float32Array(size * size);
  for (let row = 0; row < size; row++) {
    const y = (row + 0.5) / size;
    const fromTop = smooth(TOP_FROM, TOP_TO, y);
    for (let column = 0; column < size; column++) {
      const beside = Math.abs((column + 0.5) / size - 0.5) * 2;
      const below = Math.max(0, y - 0.5) * 2;
      const far = beside ** SIDES + below ** FOOT;
      mask[row * size + column] = fromTop * (1 - smooth(SIDE_FROM ** SIDES, SIDE_TO ** SIDES, far));
    }
  }
  return mask;
}
