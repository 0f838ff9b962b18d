import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { JobResult } from "../../../handler/index.ts";
import { AppError, toAppError } from "../../errors.ts";
import type { JobEvent } from "../../events.ts";
import { MAX_AVATAR_BODY_BYTES } from "../../limits/server.ts";
import type { RouteParts } from "../route-parts.ts";
import { readLegacyBody } from "../legacy-body.ts";
import { MESSAGES } from "../messages.ts";
import type { RouteDescription } from "../openapi/description.ts";
import { startRouteJob } from "../route-job.ts";
import { callerGone } from "../runpod/answer.ts";
import { readLastEventId } from "../sse.ts";
import { translated } from "../translations.ts";
import { AvatarLog } from "./avatar-log.ts";
import { AVATAR_ROUTES } from "./descriptions.ts";
import { settleLifetime } from "./lifetime.ts";
import { audioUrl, videoPath, videoUrl } from "./links.ts";
import { LIPSYNC_MISSING, lipsyncFields, lipsyncJob } from "./lipsync-fields.ts";
import { ownerOf } from "./owner.ts";
import { streamJobEvents } from "./stream-job.ts";

/** `POST /api/v2/lipsync` and `/api/v2/lipsync/stream`: a text in, a video of an avatar who says it out. */
export function lipsyncRoutes(app: FastifyInstance, parts: RouteParts): void {
  const log = new AvatarLog(parts);
  const read = (request: FastifyRequest) =>
    readLegacyBody(request, lipsyncFields, { log: parts.log, missing: LIPSYNC_MISSING });
  const options = (describe: RouteDescription) => ({ bodyLimit: MAX_AVATAR_BODY_BYTES, config: { describe } });

  app.post("/api/v2/lipsync", options(AVATAR_ROUTES.lipsync), async (request, reply) => {
    const fields = read(request);
    const job = await startRouteJob(parts, await lipsyncJob(fields, parts), {
      signal: callerGone(request, reply),
      owner: ownerOf(request, fields.sid),
    });
    const result = await job.result();
    await settleLifetime(result, parts);
    const video = videoOf(result, parts);
    log.answered(job.id, video.video_url);
    return { success: true, ...video, elapsed: result["elapsed"], ...answered(result, parts), request_id: job.id };
  });

  app.post(
    "/api/v2/lipsync/stream",
    options(AVATAR_ROUTES.lipsyncStream),
    async (request, reply): Promise<FastifyReply> => {
      // Whoever comes back for the rest of a stream brings the same body again, which is not looked at.
      const fields = readLastEventId(request) ? undefined : read(request);
      const wanted = fields && (await lipsyncJob(fields, parts));
      return streamJobEvents(request, reply, parts, {
        operation: "lipsync",
        start: async (following) => {
          if (!wanted) throw new AppError("internal", "A stream without a job.");
          return startRouteJob(parts, wanted, { ...following, owner: ownerOf(request, fields?.sid) });
        },
        tell: (event) => avatarEvent(event, parts),
        done: async (result, job) => {
          await settleLifetime(result, parts);
          const { video_url } = videoOf(result, parts);
          log.answered(job, video_url);
          const { text } = fields ?? {};
          return {
            type: "done",
            ...(text === undefined ? {} : { text }),
            video_url,
            ...answered(result, parts),
            elapsed: result["elapsed_stages"],
            request_id: job,
          };
        },
        message: (error) => avatarError(toAppError(error)).message,
      });
    },
  );
}

/** A job's event as documents 000 and 001 have it; undefined for those that they do not have. */
export function avatarEvent(
  event: JobEvent,
  parts: Pick<RouteParts, "config" | "access" | "profile">,
): object | undefined {
  if (event.type !== "status") return undefined;
  const { type, stage } = event;
  if (stage === "tts") return { type, stage, message: MESSAGES.avatar.ttsStarted };
  if (stage === "lipsync") return { type, stage, message: MESSAGES.avatar.lipsyncStarted };
  if (stage !== "tts_done") return undefined;
  const { audio_key: key, duration, elapsed } = event as { audio_key?: unknown; duration?: unknown; elapsed?: unknown };
  const seconds = typeof duration === "number" ? Math.round(duration * 100) / 100 : 0;
  const inOldForm = parts.profile === "interview-2025-01";
  return {
    type,
    stage,
    message: inOldForm ? MESSAGES.avatar.ttsDoneIn(seconds) : MESSAGES.avatar.ttsDone,
    audio_url: typeof key === "string" ? audioUrl(key, parts) : null,
    duration: seconds,
    elapsed,
  };
}

/** An error as documents 000 and 001 word it. */
export function avatarError(error: AppError): AppError {
  if (error.code === "cancelled") return new AppError("cancelled", MESSAGES.avatar.cancelled, { cause: error });
  return translated(error, "ko");
}

/** Where the video of a finished job is. */
export function videoOf(
  { artifacts }: JobResult,
  parts: Pick<RouteParts, "config" | "access">,
): { readonly video_path: string; readonly video_url: string } {
  const key = artifacts.find(({ kind }) => kind === "video")?.key;
  if (key === undefined) throw new AppError("internal", "A finished video has no file.");
  return { video_path: videoPath(key), video_url: videoUrl(key, parts) };
}

/** What answers say besides of a finished video: the sound, who spoke, who is seen. */
function answered(result: JobResult, parts: RouteParts): Record<string, unknown> {
  const audio = result.artifacts.find(({ kind }) => kind === "audio")?.key;
  return {
    persistent: result["persistent"],
    audio_url: audio === undefined ? null : audioUrl(audio, parts),
    audio_duration: Math.round(Number(result["audio_duration"]) * 100) / 100,
    tts_engine: result["tts_engine"],
    tts_voice: result["tts_voice"],
    avatar: result["avatar"],
    resolution: result["resolution"],
    frame_skip: result["frame_skip"],
    ...(result.warnings ? { warnings: result.warnings } : {}),
  };
}
