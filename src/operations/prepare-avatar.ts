import { z } from "zod";
import { chooseAvatar } from "../pipelines/avatar-choice.ts";
import { prepareAvatar } from "../pipelines/prepare-avatar.ts";
import { defineOperation } from "./operation.ts";

export const prepareAvatarOperation = defineOperation({
  name: "prepare_avatar",
  summary: "Gets an avatar ready, so that its next video begins sooner.",
  description: [
    "The engine's networks are loaded, the face is found once and kept with the avatar, and the faces of its loop are",
    "readied in memory. `lipsync` does all of it by itself at first use; a deployment does it before the first caller.",
  ].join("\n"),
  params: z.strictObject({
    avatar: z.string().default("auto").describe("As for `lipsync`; without a loop the short one."),
    resolution: z.enum(["720p", "480p", "360p"]).default("720p").describe("An id with its size wins."),
    engine: z.string().default("auto").describe("A lip-sync engine that `list_engines` names."),
  }),
  result: z.strictObject({
    success: z.literal(true),
    avatar: z.string(),
    resolution: z.enum(["720p", "480p", "360p"]),
    engine: z.string(),
    found_by: z
      .string()
      .nullable()
      .describe("Who found the face: a finder's id, `boxes` for the caller, `drawing` for a drawn avatar."),
    faces: z.int().describe("Pictures of the avatar whose face is known; 0 where the engine needs none."),
    faces_ready: z.int().describe("Faces that are ready in memory for the engine's network."),
    elapsed: z.number().describe("Seconds of work."),
  }),
  limits: [],
  example: { avatar: "new_talk_short" },
  heavy: true,
  async run(params, context) {
    const began = performance.now();
    const engine = await context.engines.choose("lipsync", params.engine);
    const choice = chooseAvatar(params.avatar, await engine.avatars());
    const resolution = choice.resolution ?? params.resolution;
    const studied = await prepareAvatar(engine, choice, resolution, context);
    const avatar = `${choice.person}_${choice.loop ?? "short"}`;
    context.used({ kind: "lipsync", engine: engine.info.id, model: avatar });
    return {
      success: true as const,
      avatar,
      resolution,
      engine: engine.info.id,
      found_by: studied?.foundBy ?? null,
      faces: studied?.faces ?? 0,
      faces_ready: studied?.encoded ?? 0,
      elapsed: Math.round(performance.now() - began) / 1000,
    };
  },
});
