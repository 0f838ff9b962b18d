import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { JobResult } from "../../../handler/index.ts";
import { toAppError } from "../../errors.ts";
import type { JobEvent } from "../../events.ts";
import { MAX_CHAT_BODY_BYTES } from "../../limits/server.ts";
import { AvatarLog } from "../avatar/avatar-log.ts";
import { avatarOutput, settleLifetime } from "../avatar/lifetime.ts";
import { audioUrl } from "../avatar/links.ts";
import { avatarFields, avatarParams } from "../avatar/lipsync-fields.ts";
import { avatarError, avatarEvent, videoOf } from "../avatar/lipsync-routes.ts";
import { ownerOf } from "../avatar/owner.ts";
import { streamJobEvents } from "../avatar/stream-job.ts";
import type { RouteParts } from "../route-parts.ts";
import { renderErrors, successErrorForm } from "../error-form.ts";
import { acceptLegacyBodies, readLegacyBody } from "../legacy-body.ts";
import { MESSAGES } from "../messages.ts";
import type { RouteDescription } from "../openapi/description.ts";
import { type RouteJobRequest, startRouteJob } from "../route-job.ts";
import { callerGone } from "../runpod/answer.ts";
import { readLastEventId } from "../sse.ts";
import { answerOf, sessionOf, tokenEvent } from "./chat-replies.ts";
import { CHAT_MISSING, chatAndLipsyncFields, type chatFields, chatParams, interviewOf } from "./chat-fields.ts";
import { CHAT_ROUTES } from "./descriptions.ts";
import type { ChatSessions, Session } from "./sessions.ts";

type Fields = z.output<typeof chatAndLipsyncFields>;

/** `POST /api/v2/chat_and_lipsync` and `/api/v2/chat_and_lipsync/stream`: an avatar says the reply. */
export function chatAndLipsyncRoutes(app: FastifyInstance, parts: RouteParts, sessions: ChatSessions): void {
  acceptLegacyBodies(app);
  renderErrors(app, parts, successErrorForm, avatarError);
  const log = new AvatarLog(parts);
  const options = (describe: RouteDescription) => ({ bodyLimit: MAX_CHAT_BODY_BYTES, config: { describe } });
  const read = (request: FastifyRequest): Fields =>
    readLegacyBody(request, chatAndLipsyncFields, { log: parts.log, missing: CHAT_MISSING });

  app.post("/api/v2/chat_and_lipsync", options(CHAT_ROUTES.spoken), async (request, reply) => {
    const fields = read(request);
    const session = sessionOf(fields, sessions, request, reply);
    const job = await startRouteJob(parts, await jobOf(fields, session, parts), {
      signal: callerGone(request, reply),
      owner: ownerOf(request, fields.sid),
    });
    const result = await job.result();
    const answer = await finished(result, job.id);
    if (session) sessions.add(session, fields.message, answer.response, interviewOf(fields, session));
    return { success: true, ...answer, elapsed: result["elapsed"], request_id: job.id };
  });

  app.post(
    "/api/v2/chat_and_lipsync/stream",
    options(CHAT_ROUTES.spokenStream),
    async (request, reply): Promise<FastifyReply> => {
      const fields = read(request);
      const resumed = readLastEventId(request) !== undefined;
      const session = resumed ? undefined : sessionOf(fields, sessions, request, reply);
      const wanted = resumed ? undefined : await jobOf(fields, session, parts);
      return streamJobEvents(request, reply, parts, {
        operation: "chat_and_lipsync",
        start: (following) =>
          startRouteJob(parts, wanted as RouteJobRequest, { ...following, owner: ownerOf(request, fields.sid) }),
        tell: (event) => tell(event, parts),
        done: async (result, job) => {
          const { video_path: _path, ...answer } = await finished(result, job);
          if (session) sessions.add(session, fields.message, answer.response, interviewOf(fields, session));
          return { type: "done", ...answer, elapsed: result["elapsed_stages"], request_id: job };
        },
        message: (error) => avatarError(toAppError(error)).message,
      });
    },
  );

  /** What answers say of a finished video and of what is said in it. */
  async function finished(result: JobResult, job: string) {
    await settleLifetime(result, parts);
    const video = videoOf(result, parts);
    log.answered(job, video.video_url);
    const audio = result.artifacts.find(({ kind }) => kind === "audio")?.key;
    return {
      ...answerOf(result),
      ...video,
      audio_url: audio === undefined ? null : audioUrl(audio, parts),
      audio_duration: Math.round(Number(result["audio_duration"]) * 100) / 100,
      persistent: result["persistent"],
      tts_engine: result["tts_engine"],
      tts_voice: result["tts_voice"],
      avatar: result["avatar"],
      resolution: result["resolution"],
      frame_skip: result["frame_skip"],
    };
  }
}

async function jobOf(fields: Fields, session: Session | undefined, parts: RouteParts): Promise<RouteJobRequest> {
  const avatarNames = Object.keys(avatarFields);
  const split = (wanted: boolean): Record<string, unknown> =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => avatarNames.includes(name) === wanted));
  const chat = chatParams(split(false) as z.output<z.ZodObject<typeof chatFields>>, session);
  const avatar = await avatarParams(split(true), parts);
  return { operation: "chat_and_lipsync", params: { ...avatar, ...chat }, output: avatarOutput(parts.config) };
}

/** A job's event as document 001 has it. */
function tell(event: JobEvent, parts: RouteParts): object | undefined {
  if (event.type === "status" && event.stage === "llm") {
    return { type: "status", stage: "llm", message: MESSAGES.chat.llmStarted };
  }
  if (event.type === "status" && event.stage === "llm_done") {
    const { response, llm_source, elapsed } = event as { response?: unknown; llm_source?: unknown; elapsed?: unknown };
    return { type: "llm_done", response, llm_source, elapsed };
  }
  return tokenEvent(event) ?? avatarEvent(event, parts);
}
