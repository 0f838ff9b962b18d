import type { FramePlanes } from "../frame-planes.ts";

/** Where a part's pixels come from. */
export type Source = {
  readonly planes: FramePlanes;
  /** Texels per pixel of the frame, 1 or 2. */
  readonly finer: number;
};

/** Pixels over which the head's motion counts as linear. */
export const RUN = 16;

/** Where a chroma sample of the frame lies in a finer plane, beyond the scaled place of its pixel. */
export const chromaOffset = (finer: number): readonly [beside: number, below: number] => [
  (finer - 1) / 4,
  0.5 * (finer - 1) - 0.25 * finer,
];
