import { z } from "zod";
import type { FaceOptions, LipsyncEngine } from "../engines/lipsync/lipsync-engine.ts";
import type { OperationContext } from "./operation.ts";

const pad = z.int().min(-500).max(500);

/** Looks for faces in a smaller picture. */
export const resizeFactorParam = z
  .int()
  .min(1)
  .max(8)
  .default(1)
  .describe("Faces are looked for in a picture that is smaller by this factor; for engines that find them.");

/** Params of engines that make faces anew, by the names that Wav2Lip's own program has for them. */
export const faceParams = {
  pads: z
    .tuple([pad, pad, pad, pad])
    .optional()
    .describe(
      "Pixels of the frame that the face's box gets on its top, bottom, left and right. Default: 10 of 720 lines below. For engines that make faces anew.",
    ),
  nosmooth: z.boolean().default(false).describe("Leaves the boxes of a video's faces as they were found."),
  audio_offset_frames: z
    .int()
    .min(-10)
    .max(10)
    .default(0)
    .describe("Moves the mouth against the sound, for engines that make faces anew: −1 is a frame later."),
};

/** What an engine is told of its faces; says so where it makes none. */
export function faceOptions(
  params: {
    readonly pads?: readonly [number, number, number, number] | undefined;
    readonly nosmooth?: boolean | undefined;
    readonly audio_offset_frames?: number | undefined;
  },
  engine: LipsyncEngine,
  context: Pick<OperationContext, "warn">,
): FaceOptions {
  const { pads, nosmooth = false, audio_offset_frames: audioOffsetFrames = 0 } = params;
  const given = [
    ...(pads ? ["pads"] : []),
    ...(nosmooth ? ["nosmooth"] : []),
    ...(audioOffsetFrames === 0 ? [] : ["audio_offset_frames"]),
  ];
  if (given.length > 0 && !engine.study) {
    context.warn(
      `${given.join(", ")}: the lip-sync engine "${engine.info.id}" makes no faces anew, so it has no effect.`,
    );
  }
  return { pads, smooth: !nosmooth, audioOffsetFrames };
}
