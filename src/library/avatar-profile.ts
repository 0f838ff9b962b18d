import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { faceMarksSchema } from "./face-marks.ts";

/** The record in an avatar's folder. */
export const PROFILE_FILE = "avatar.json";

/** Left, top, width and height of the face, pixels of the picture: of a photo, or of every picture of a video. */
const box = z.tuple([z.number(), z.number(), z.number().positive(), z.number().positive()]);
const faces = z.object({ found_by: z.string(), boxes: z.array(box).min(1) });

const common = {
  version: z.literal(1),
  description: z.string(),
  /** The voice that suits the person. */
  voice: z.string().optional(),
  /** Pixels of the picture, upright. */
  width: z.int().positive(),
  height: z.int().positive(),
  /** The face; in a video's first picture. */
  marks: faceMarksSchema,
  /** Who found the face: a face finder's id, or `boxes` for what the caller said. */
  found_by: z.string(),
  /** What a detector of faces says besides, where one looked. */
  faces: faces.optional(),
};

/** How the face lies in one picture of a video against the first: turned, scaled and moved about the origin. */
const placement = z.tuple([z.number(), z.number(), z.number(), z.number()]);

/** What `avatar.json` says of a photo or a video of a person. */
export const avatarProfileSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("photo"), picture: z.string().regex(/^picture[\w-]*\.png$/), ...common }),
  z.object({
    kind: z.literal("video"),
    /** The pictures there and back again, so that playing them round and round shows no seam. */
    video: z.string().regex(/^video[\w-]*\.mp4$/),
    fps: z.number().positive(),
    /** Pictures on the way there; the way back leaves out both ends. */
    frames: z.int().positive(),
    /** Of every picture on the way there: x' = a·x − b·y + c, y' = b·x + a·y + d. */
    track: z.array(placement),
    ...common,
  }),
]);

export type AvatarProfile = z.infer<typeof avatarProfileSchema>;

/** A photo's or a video's profile, and the folder that its file is in. */
export type Likeness = { readonly folder: string; readonly profile: AvatarProfile };

/** Name of the file that a profile is of. */
export const mediaOf = (profile: AvatarProfile): string => (profile.kind === "photo" ? profile.picture : profile.video);

/**
 * Reads a folder's profile.
 * @returns undefined where there is no record, or one of a drawn person
 * @throws Error saying what is wrong in it
 */
export async function readProfile(folder: string): Promise<AvatarProfile | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, PROFILE_FILE), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const record: unknown = JSON.parse(text);
  return typeof record === "object" && record !== null && "layers" in record ? undefined : parseProfile(text);
}

/**
 * Reads the text of a profile.
 * @throws Error saying what is wrong in it
 */
export function parseProfile(text: string): AvatarProfile {
  const parsed = avatarProfileSchema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0] ?? { path: [], message: "unreadable" };
  throw new Error(`${path.join(".")}: ${message}`);
}

/** Writes a folder's profile, in one step where there is one already. */
export async function writeProfile(folder: string, profile: AvatarProfile): Promise<void> {
  const incoming = join(folder, `.${randomUUID()}.part`);
  await writeFile(incoming, `${JSON.stringify(profile)}\n`, { flag: "wx" });
  await rename(incoming, join(folder, PROFILE_FILE));
}
