import type { FramePlanes } from "./frame-planes.ts";

/** A picture that is drawn again and again, and what of it the last drawing touched: a rectangle with even edges. */
export type Canvas = {
  readonly planes: FramePlanes;
  /** Level of breath that it shows; NaN while nothing has been drawn on it. */
  level: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
};

/** A canvas that nothing has been drawn on. */
export const createCanvas = (planes: FramePlanes): Canvas => ({
  planes,
  level: Number.NaN,
  left: 0,
  top: 0,
  right: 0,
  bottom: 0,
});
