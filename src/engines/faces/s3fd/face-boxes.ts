/** Edges of a face in pixels of its picture: left and top are in it, right and bottom are behind it. */
export type FaceEdges = {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
};

/** Pixels that a box gets on each side: top, bottom, left, right. */
export type Pads = readonly [top: number, bottom: number, left: number, right: number];

/** What the reference adds by default: the chin must be in the box. */
export const DEFAULT_PADS: Pads = [0, 10, 0, 0];

/** Frames over which a box is smoothed. */
const SMOOTHED = 5;

/** A box with its pads, in whole pixels and within the picture; it has at least one pixel. */
export function padded(box: FaceEdges, pads: Pads, width: number, height: number): FaceEdges {
  const [above, below, before, behind] = pads;
  const left = Math.min(width - 1, Math.max(0, Math.trunc(box.left) - before));
  const top = Math.min(height - 1, Math.max(0, Math.trunc(box.top) - above));
  return {
    left,
    top,
    right: Math.max(left + 1, Math.min(width, Math.trunc(box.right) + behind)),
    bottom: Math.max(top + 1, Math.min(height, Math.trunc(box.bottom) + below)),
  };
}

/** For each frame its box, or that of the nearest frame where one was found; undefined where there is none at all. */
export function nearestBoxes(found: readonly (FaceEdges | undefined)[]): FaceEdges[] | undefined {
  const places = found.flatMap((box, index) => (box ? [index] : []));
  if (places.length === 0) return undefined;
  let next = 0;
  return found.map((_, index) => {
    while (next + 1 < places.length && distance(places[next + 1], index) < distance(places[next], index)) next++;
    return found[places[next] as number] as FaceEdges;
  });
}

const distance = (place: number | undefined, index: number): number => Math.abs((place as number) - index);

/**
 * Takes the tremble out as the reference does: each box becomes the mean of itself and the four after it, in whole
 * pixels; the last ones share a window, in which those before are smoothed already.
 */
export function smoothedAsReference(boxes: readonly FaceEdges[]): FaceEdges[] {
  const out = [...boxes];
  for (const i of boxes.keys()) {
    const end = i + SMOOTHED;
    // A window longer than the film begins, as a slice of a list does in Python, so many places before its end.
    const window = end > out.length ? out.slice(out.length - SMOOTHED) : out.slice(i, end);
    out[i] = meanBox(window, Math.trunc);
  }
  return out;
}

/** Takes the tremble out: each box becomes the mean of itself, the two before and the two after. */
export function smoothed(boxes: readonly FaceEdges[]): FaceEdges[] {
  const reach = (SMOOTHED - 1) / 2;
  return boxes.map((_, i) => meanBox(boxes.slice(Math.max(0, i - reach), i + reach + 1), (value) => value));
}

function meanBox(window: readonly FaceEdges[], whole: (value: number) => number): FaceEdges {
  const mean = (edge: keyof FaceEdges): number =>
    whole(window.reduce((sum, box) => sum + box[edge], 0) / window.length);
  return { left: mean("left"), top: mean("top"), right: mean("right"), bottom: mean("bottom") };
}
