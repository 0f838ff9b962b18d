import cookie from "@fastify/cookie";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { toAppError } from "../../errors.ts";
import { MAX_CHAT_BODY_BYTES } from "../../limits/server.ts";
import { avatarError } from "../avatar/lipsync-routes.ts";
import { ownerOf } from "../avatar/owner.ts";
import { streamJobEvents } from "../avatar/stream-job.ts";
import type { RouteParts } from "../route-parts.ts";
import { plainErrorForm, renderErrors } from "../error-form.ts";
import { acceptLegacyBodies, readLegacyBody } from "../legacy-body.ts";
import type { RouteDescription } from "../openapi/description.ts";
import { startRouteJob } from "../route-job.ts";
import { callerGone } from "../runpod/answer.ts";
import { readLastEventId } from "../sse.ts";
import { chatAndLipsyncRoutes } from "./chat-and-lipsync-routes.ts";
import { CHAT_MISSING, type ChatFields, chatOnlyFields, chatParams, interviewOf } from "./chat-fields.ts";
import { answerOf, sessionOf, tokenEvent } from "./chat-replies.ts";
import { CHAT_ROUTES } from "./descriptions.ts";
import { LlmHealth } from "./llm-status.ts";
import { ChatSessions } from "./sessions.ts";

/** Document 001's chat: replies whole and token by token, with an avatar or without, and what goes with them. */
export async function chatRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  await app.register(cookie);
  const sessions = new ChatSessions();
  const health = new LlmHealth(parts.services.engines);
  await app.register(async (own) => plainChatRoutes(own, parts, sessions));
  await app.register(async (own) => chatAndLipsyncRoutes(own, parts, sessions));
  app.get("/api/llm_status", { config: { describe: CHAT_ROUTES.llm } }, async () => health.status());
  await app.register(async (own) => {
    acceptLegacyBodies(own);
    renderErrors(own, parts, plainErrorForm);
    const options = { bodyLimit: MAX_CHAT_BODY_BYTES, config: { describe: CHAT_ROUTES.clear } };
    own.post("/api/clear_history", options, async (request) => {
      sessions.clear(request);
      return { status: "cleared" };
    });
  });
}

/** `POST /api/chat` and `/api/chat/stream`. */
function plainChatRoutes(app: FastifyInstance, parts: RouteParts, sessions: ChatSessions): void {
  acceptLegacyBodies(app);
  renderErrors(app, parts, plainErrorForm, avatarError);
  const options = (describe: RouteDescription) => ({ bodyLimit: MAX_CHAT_BODY_BYTES, config: { describe } });
  const read = (request: FastifyRequest): ChatFields =>
    readLegacyBody(request, chatOnlyFields, { log: parts.log, missing: CHAT_MISSING });

  app.post("/api/chat", options(CHAT_ROUTES.chat), async (request, reply) => {
    const fields = read(request);
    const session = sessionOf(fields, sessions, request, reply);
    const params = { ...chatParams(fields, session), stream: false };
    const following = { signal: callerGone(request, reply), owner: ownerOf(request, fields.sid) };
    const job = await startRouteJob(parts, { operation: "chat", params }, following);
    const answer = answerOf(await job.result());
    if (session) sessions.add(session, fields.message, answer.response, interviewOf(fields, session));
    return { ...answer, request_id: job.id };
  });

  app.post("/api/chat/stream", options(CHAT_ROUTES.chatStream), async (request, reply): Promise<FastifyReply> => {
    // Whoever comes back for the rest of a stream brings the same body again, whose turn was begun.
    const fields = read(request);
    const resumed = readLastEventId(request) !== undefined;
    const session = resumed ? undefined : sessionOf(fields, sessions, request, reply);
    const params = chatParams(fields, session);
    return streamJobEvents(request, reply, parts, {
      operation: "chat",
      start: (following) =>
        startRouteJob(parts, { operation: "chat", params }, { ...following, owner: ownerOf(request, fields.sid) }),
      tell: tokenEvent,
      done: async (result, job) => {
        const answer = answerOf(result);
        if (session) sessions.add(session, fields.message, answer.response, interviewOf(fields, session));
        return { type: "done", ...answer, request_id: job };
      },
      message: (error) => avatarError(toAppError(error)).message,
    });
  });
}
