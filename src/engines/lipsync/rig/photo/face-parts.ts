import type { FramePlanes } from "../frame-planes.ts";
import type { FaceMarks } from "../../../../library/face-marks.ts";
import type { Look } from "../renderer.ts";
import { LidPart } from "./lid-part.ts";
import { lipCurves } from "./lip-curves.ts";
import { MouthInside } from "./mouth-inside.ts";
import { MouthPart } from "./mouth-part.ts";
import { MouthShape } from "./mouth-shape.ts";
import { mouthTones } from "./mouth-tones.ts";
import { type Drawing, paintPart } from "./part-painter.ts";
import { softnessOf } from "./softness.ts";

/** A blink under this does not show. */
const LEAST_SHUT = 0.01;

/** What of a photographed face moves by itself: the lower face and the lids. */
export class FaceParts {
  readonly #mouth: MouthPart;
  readonly #lids: readonly LidPart[];

  /**
   * @param still a frame in which the marks are where the face is
   * @param scale frame pixels per pixel of the picture
   */
  constructor(marks: FaceMarks, still: FramePlanes, scale: number) {
    const curves = lipCurves(marks, scale);
    // What is drawn is to be as soft as what is photographed.
    const soft = softnessOf(still, marks);
    const shape = new MouthShape(curves);
    this.#mouth = new MouthPart(shape, new MouthInside(shape, mouthTones(still, curves), soft), soft);
    this.#lids = marks.eyes.map((eye) => new LidPart(eye, Math.min(soft, 2)));
  }

  /** Draws the face's parts over a frame that shows the rest of it. */
  draw(frame: FramePlanes, look: Look, drawing: Drawing, blinks: boolean): void {
    this.#mouth.set(look.mouth);
    paintPart(frame, this.#mouth, drawing);
    const { shut } = look.eyes;
    if (!blinks || shut < LEAST_SHUT) return;
    for (const lid of this.#lids) {
      lid.set(shut);
      paintPart(frame, lid, drawing);
    }
  }
}
