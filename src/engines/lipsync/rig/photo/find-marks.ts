import { AppError } from "../../../../errors.ts";
import { type Box, type FaceMarks, faceBox } from "../../../../library/face-marks.ts";
import { MIN_FACE_WIDTH } from "../../../../limits/inputs.ts";
import type { FaceFinder, RgbPicture } from "../../../faces/face-finder.ts";
import { fitMouth, marksFromBoxes } from "./box-marks.ts";
import { settleLips } from "./lip-line.ts";

/** Where a caller says that face and mouth are, in pixels of the upright picture. */
export type Boxes = { readonly face?: Box | undefined; readonly mouth?: Box | undefined };

/** Marks, and who found them. */
export type FoundMarks = { readonly marks: FaceMarks; readonly foundBy: string };

const HOW_TO_SAY =
  "Say where it is with `face_box` (from ear to ear and brow to chin) or `mouth_box` (around the lips): [x, y, width, height] in pixels of the upright picture.";

/**
 * Finds the face that is to speak. The caller's boxes say where to look; where the finder sees nothing in them, or there
 * is none, they are all there is.
 *
 * @throws AppError `invalid_input` when no face is found or it is too small; `engine_unavailable` without a finder and
 *   without boxes; `cancelled`, `engine_failed`, `timeout`
 */
export async function findMarks(
  picture: RgbPicture,
  boxes: Boxes,
  finder: FaceFinder,
  signal: AbortSignal,
): Promise<FoundMarks> {
  const { face, mouth } = boxes;
  checkBox(picture, face, "face_box", MIN_FACE_WIDTH);
  checkBox(picture, mouth, "mouth_box", MIN_FACE_WIDTH / 4);
  const given = face ?? mouth;
  const state = await finder.availability();
  if (!state.available) {
    if (given) return { marks: marksFromBoxes(picture, face, mouth), foundBy: "boxes" };
    throw new AppError("engine_unavailable", `${state.reason} ${state.remedy}`);
  }
  await using session = await finder.open(signal);
  const near = face ?? (mouth && around(mouth));
  const [found] = await session.find(picture, near);
  if (!found) {
    if (given) return { marks: marksFromBoxes(picture, face, mouth), foundBy: "boxes" };
    throw new AppError("invalid_input", `No face was found in the picture. ${HOW_TO_SAY}`);
  }
  const width = faceBox(found.marks)[2];
  if (width < MIN_FACE_WIDTH) {
    const wide = Math.round(width);
    throw new AppError(
      "invalid_input",
      `The face is ${wide} pixels wide; ${MIN_FACE_WIDTH} are needed. Send a larger picture.`,
    );
  }
  const marks = mouth ? fitMouth(found.marks, mouth) : found.marks;
  return { marks: settleLips(picture, marks), foundBy: finder.id };
}

/** The room around a mouth in which its face is. */
function around([x, y, width, height]: Box): Box {
  const size = 2.6 * Math.max(width, height);
  return [x + width / 2 - size / 2, y + height / 2 - 0.75 * size, size, size];
}

/** @throws AppError `invalid_input` for a box outside the picture, or one too small */
function checkBox(picture: RgbPicture, box: Box | undefined, name: string, least: number): void {
  if (!box) return;
  const [x, y, width, height] = box;
  const inside = x >= 0 && y >= 0 && x + width <= picture.width + 1 && y + height <= picture.height + 1;
  const size = `${picture.width}x${picture.height}`;
  const fault = !inside
    ? `The box lies outside the picture, which has ${size} pixels when it is upright.`
    : width < least || height < least / 4
      ? `The box has ${Math.round(width)}x${Math.round(height)} pixels; it must be at least ${least} wide.`
      : undefined;
  if (fault === undefined) return;
  throw new AppError("invalid_input", `${name}: ${fault}`, {
    violations: [{ path: `params.${name}`, message: fault }],
  });
}
