import { z } from "zod";
import { AppError } from "../errors.ts";
import { avatarName } from "../library/avatar-name.ts";
import { adoptAvatar, adoptingEngine } from "../pipelines/adopt-avatar.ts";
import { findSpeaker } from "../pipelines/speaker.ts";
import { boxesOf, boxParams } from "./avatar-params.ts";
import { resizeFactorParam } from "./face-params.ts";
import { defineOperation } from "./operation.ts";

export const uploadAvatar = defineOperation({
  name: "upload_avatar",
  summary: "Keeps a photo or a short video of a face as an avatar for `lipsync`.",
  description: [
    "The face is found, and the avatar is listed under its name from then on, with a short and a long loop at three",
    "sizes. Where no face is found, `face_box` or `mouth_box` says where it is. A video plays there and back again.",
  ].join("\n"),
  params: z.strictObject({
    image: z.string().min(1).optional().describe("A photo: base64 (a data URL will do) or a public http(s) URL."),
    video: z.string().min(1).optional().describe("A video of at most 60 s, in place of `image`."),
    name: z.string().min(1).max(200),
    description: z.string().max(500).default(""),
    voice: z.string().min(1).max(100).optional().describe("The voice that `tts_voice: Custom` stands for."),
    ...boxParams,
    resize_factor: resizeFactorParam,
    overwrite: z.boolean().default(false).describe("Replace an avatar of this name."),
  }),
  result: z.strictObject({
    success: z.literal(true),
    name: z.string(),
    kind: z.enum(["photo", "video"]),
    avatars: z.array(z.string()).describe("The ids that `lipsync` takes."),
    width: z.int(),
    height: z.int(),
    mouth_box: z.array(z.number()).describe("Where the lips were found, in pixels of the picture that is kept."),
    eyes_found: z.boolean().describe("Whether the avatar blinks."),
    found_by: z.string().describe("Who found the face; `boxes` is the caller."),
  }),
  limits: ["64 million pixels", "60 s of video", "500 MB by URL, 200 MB as base64"],
  example: { image: "https://example.org/portrait.jpg", name: "anna", voice: "belinda" },
  heavy: true,
  async run(params, context) {
    const { image, video, description, voice, overwrite } = params;
    const source = image ?? video;
    if (source === undefined || (image !== undefined && video !== undefined)) {
      throw new AppError("invalid_input", "Give either `image` or `video`.", {
        violations: [{ path: "params.image", message: "Exactly one of image and video is needed." }],
      });
    }
    const name = avatarName(params.name);
    const { avatars: stored } = context;
    await stored.checkFree(name, overwrite);
    const [speech] = await context.engines.available("speech");
    // A name that nobody answers to is better found now than when the avatar is to speak.
    if (speech && voice !== undefined) await findSpeaker(voice, speech, context);
    const kind = image === undefined ? "video" : "photo";
    const engine = await adoptingEngine(context);
    const { folder, profile } = await adoptAvatar(
      { kind, source, ...boxesOf(params), resizeFactor: params.resize_factor },
      engine,
      context,
    );
    await stored.add(name, folder, { description, voice, overwrite });
    context.used({ kind: "lipsync", engine: engine.info.id, model: name });
    const lips = [...profile.marks.outerUpper, ...profile.marks.outerLower];
    const [left, top] = [Math.min(...lips.map(([x]) => x)), Math.min(...lips.map(([, y]) => y))];
    const right = Math.max(...lips.map(([x]) => x));
    const bottom = Math.max(...lips.map(([, y]) => y));
    return {
      success: true as const,
      name,
      kind: profile.kind,
      avatars: [`${name}_short`, `${name}_long`],
      width: profile.width,
      height: profile.height,
      mouth_box: [left, top, right - left, bottom - top].map((value) => Math.round(value * 10) / 10),
      eyes_found: profile.marks.eyes.length > 0,
      found_by: profile.faces?.found_by ?? profile.found_by,
    };
  },
});
