import { join } from "node:path";
import { type AvatarProfile, writeProfile } from "../../../../library/avatar-profile.ts";
import type { Box } from "../../../../library/face-marks.ts";
import { uprightPicture } from "../../../../media/picture.ts";
import type { FaceFinder } from "../../../faces/face-finder.ts";
import { type Boxes, findMarks } from "./find-marks.ts";

/**
 * Makes an avatar's folder of a photo: the upright picture, and a profile that says where the face is.
 * @throws AppError as `uprightPicture` and `findMarks` do
 */
export async function adoptPhoto(
  path: string,
  boxes: Boxes,
  folder: string,
  finder: FaceFinder,
  signal: AbortSignal,
): Promise<AvatarProfile> {
  const picture = "picture.png";
  const { scale, ...upright } = await uprightPicture(path, join(folder, picture));
  const scaled = (box: Box | undefined): Box | undefined =>
    box && [box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale];
  const { marks, foundBy } = await findMarks(
    upright,
    { face: scaled(boxes.face), mouth: scaled(boxes.mouth) },
    finder,
    signal,
  );
  const { width, height } = upright;
  const profile: AvatarProfile = {
    version: 1,
    kind: "photo",
    description: "A photograph",
    picture,
    width,
    height,
    marks,
    found_by: foundBy,
  };
  await writeProfile(folder, profile);
  return profile;
}
