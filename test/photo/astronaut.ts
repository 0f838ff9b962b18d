import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { type AvatarProfile, writeProfile } from "../../src/library/avatar-profile.ts";
import type { FaceMarks } from "../../src/library/face-marks.ts";
import marks from "../fixtures/faces/astronaut.marks.json" with { type: "json" };

export const FIXTURES = join(import.meta.dirname, "../fixtures/faces");
export const ASTRONAUT = join(FIXTURES, "astronaut.jpg");
/** Where the finder saw the face; see the fixtures' README. */
export const MARKS = marks as unknown as FaceMarks;

/** A folder that is removed when disposed of. */
export async function scratchFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "photo-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The astronaut as an adopted avatar, without a search for the face. */
export async function prepareAstronaut(folder: string): Promise<AvatarProfile> {
  const picture = "picture.png";
  const { width, height } = await sharp(ASTRONAUT).png().toFile(join(folder, picture));
  const profile: AvatarProfile = {
    version: 1,
    kind: "photo",
    description: "An astronaut",
    picture,
    width,
    height,
    marks: MARKS,
    found_by: "test",
  };
  await writeProfile(folder, profile);
  return profile;
}
