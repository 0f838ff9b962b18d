import { z } from "zod";
import type { Box } from "../library/face-marks.ts";

const side = z.number().min(0).max(100_000);
const box = z.tuple([side, side, side.positive(), side.positive()]);

/** Params that say where a face and its mouth are. */
export const boxParams = {
  face_box: box
    .optional()
    .describe(
      "Where the face is: [x, y, width, height] in pixels of the upright picture, from ear to ear and brow to chin.",
    ),
  mouth_box: box.optional().describe("Where the lips are, in the same way."),
};

/** The boxes of a job's params. */
export function boxesOf(params: { readonly face_box?: Box | undefined; readonly mouth_box?: Box | undefined }): {
  readonly face?: Box;
  readonly mouth?: Box;
} {
  const { face_box: face, mouth_box: mouth } = params;
  return { ...(face ? { face } : {}), ...(mouth ? { mouth } : {}) };
}
