import { z } from "zod";
import { AppError } from "../../errors.ts";
import { MAX_TEXT_CODE_POINTS } from "../../limits/inputs.ts";
import { chooseAvatar } from "../../pipelines/avatar-choice.ts";
import type { RouteParts } from "../route-parts.ts";
import { MESSAGES } from "../messages.ts";
import type { RouteJobRequest } from "../route-job.ts";
import { avatarOutput } from "./lifetime.ts";
import { chooseSpeechEngine } from "./speech-choice.ts";

/** The fields that say how an avatar is to look and sound, as documents 000 and 001 have them. */
export const avatarFields = {
  avatar: z.string().max(200).optional(),
  avatar_path: z.string().max(1000).optional(),
  quality: z.enum(["high", "medium", "low"]).optional(),
  resolution: z.enum(["720p", "480p", "360p"]).optional(),
  frame_skip: z.union([z.literal(1), z.literal(2), z.literal(3)]).optional(),
  tts_engine: z.string().max(200).optional(),
  tts_voice: z.string().max(200).optional(),
  output_format: z.enum(["mp4", "webm"]).optional(),
  persist: z.boolean().optional(),
};

/** A request for a video of a text. `sid` is the name that the caller wants to be able to cancel it by. */
export const lipsyncFields = z.object({
  text: z.string(),
  ...avatarFields,
  sid: z.string().max(200).optional().describe("A name of the caller's own, by which `/api/cancel` finds the job."),
});

/** The video that is to be kept. */
export const saveFields = z.object({ video_url: z.string().max(4000) });

/** What `avatarFields` read. */
export type AvatarFields = z.output<z.ZodObject<typeof avatarFields>>;

/** What is said of fields that are missing. */
export const LIPSYNC_MISSING = { text: MESSAGES.avatar.textNeeded } as const;

/**
 * The params of the operation `lipsync` that fields stand for, the text aside: everything that can be wrong with them is
 * found out before a job is begun.
 * @throws AppError `not_found` for an unknown avatar; `engine_unavailable`; `invalid_input`
 */
export async function avatarParams(
  fields: AvatarFields,
  parts: Pick<RouteParts, "services" | "profile" | "log">,
): Promise<Record<string, unknown>> {
  const { avatar, avatar_path: path, tts_engine: engine, ...others } = fields;
  if (parts.profile === "interview-2025-01" && avatar === undefined && path === undefined) {
    throw new AppError("invalid_input", MESSAGES.avatar.avatarNeeded, {
      violations: [{ path: "avatar", message: MESSAGES.avatar.avatarNeeded }],
    });
  }
  const lipsync = await parts.services.engines.choose("lipsync", "auto").catch((error: unknown) => {
    if (!(error instanceof AppError) || error.code !== "engine_unavailable") throw error;
    // The document's words have no room for what is missing.
    parts.log.error({ code: error.code, reason: error.message }, "no lip-sync engine");
    throw new AppError("engine_unavailable", MESSAGES.avatar.engineNotLoaded, { cause: error });
  });
  // A path is looked up by its base name, as the engine's own ids are.
  const named = path ?? avatar ?? "auto";
  chooseAvatar(named, await lipsync.avatars());
  return { ...others, avatar: named, tts_engine: await chooseSpeechEngine(engine, parts) };
}

/** The job that a request for a video stands for. @throws AppError as `avatarParams` */
export async function lipsyncJob(fields: z.output<typeof lipsyncFields>, parts: RouteParts): Promise<RouteJobRequest> {
  const { sid: _sid, text, ...avatar } = fields;
  checkText(text);
  const params = { text, ...(await avatarParams(avatar, parts)) };
  return { operation: "lipsync", params: defined(params), output: avatarOutput(parts.config) };
}

/** @throws AppError `invalid_input` for a text of blanks alone, `input_too_large` for one that is too long */
export function checkText(text: string): void {
  if (text.trim() === "") {
    throw new AppError("invalid_input", MESSAGES.avatar.textNeeded, {
      violations: [{ path: "text", message: MESSAGES.avatar.textNeeded }],
    });
  }
  if (text.length > MAX_TEXT_CODE_POINTS && Array.from(text).length > MAX_TEXT_CODE_POINTS) {
    const message = MESSAGES.avatar.textTooLong(MAX_TEXT_CODE_POINTS);
    throw new AppError("input_too_large", message, { violations: [{ path: "text", message }] });
  }
}

/** Without the fields that nobody gave. */
export function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
