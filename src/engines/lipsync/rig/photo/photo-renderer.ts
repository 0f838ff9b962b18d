import { copyRows } from "../frame-planes.ts";
import type { Canvas } from "../canvas.ts";
import type { Look } from "../renderer.ts";
import { IDENTITY } from "./axes.ts";
import { FaceParts } from "./face-parts.ts";
import { HeadMotion } from "./head-motion.ts";
import type { Drawing } from "./part-painter.ts";
import { FINER, type PhotoFrame } from "./photo-frame.ts";

/** Draws a photographed person at one size; every drawing is complete when it returns. */
export class PhotoRenderer {
  readonly #photo: PhotoFrame;
  readonly #parts: FaceParts;
  readonly #motion: HeadMotion;
  readonly #moving: Drawing;
  readonly #resting: Drawing;

  constructor(photo: PhotoFrame) {
    const { marks, still, texture, scale, width, height } = photo;
    this.#photo = photo;
    this.#parts = new FaceParts(marks, still, scale);
    const source = { planes: texture, finer: FINER };
    this.#motion = new HeadMotion(marks, source, width, height);
    this.#moving = { source, place: IDENTITY, motion: this.#motion };
    this.#resting = { source, place: IDENTITY, motion: undefined };
  }

  /**
   * Draws `look` on a canvas that this renderer, or none, has drawn on before.
   * @param lively whether the head moves and the eyes blink; else all but the mouth is the picture, to the bit
   */
  draw(canvas: Canvas, look: Look, lively: boolean): void {
    const { planes } = canvas;
    copyRows(planes, this.#photo.still, 0, this.#photo.height);
    if (lively) {
      this.#motion.set(look.pose);
      this.#motion.draw(planes);
    }
    this.#parts.draw(planes, look, lively ? this.#moving : this.#resting, lively);
  }
}
