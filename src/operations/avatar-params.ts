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

/** How good a talking avatar is to be, who makes it, and with whose voice. */
export const avatarVideoParams = {
  quality: z.enum(["high", "medium", "low"]).default("high"),
  resolution: z.enum(["720p", "480p", "360p"]).optional(),
  frame_skip: z
    .union([z.literal(1), z.literal(2), z.literal(3)])
    .optional()
    .describe("Mouth shapes for every Nth frame."),
  engine: z.string().default("auto").describe("A lip-sync engine that `list_engines` names."),
  tts_engine: z.string().default("auto"),
  tts_voice: z.string().default("Custom").describe("A voice that `list_voices` names; `Custom` is the avatar's own."),
};
