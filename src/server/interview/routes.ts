import type { FastifyInstance } from "fastify";
import { AppError } from "../../errors.ts";
import { MAX_AVATAR_BODY_BYTES } from "../../limits/server.ts";
import { avatarOutput, settleLifetime } from "../avatar/lifetime.ts";
import { audioPath, audioUrl } from "../avatar/links.ts";
import { checkText, defined } from "../avatar/lipsync-fields.ts";
import { avatarError } from "../avatar/lipsync-routes.ts";
import { ownerOf } from "../avatar/owner.ts";
import { chooseSpeechEngine } from "../avatar/speech-choice.ts";
import type { RouteParts } from "../route-parts.ts";
import { plainErrorForm, renderErrors, successErrorForm } from "../error-form.ts";
import { acceptLegacyBodies, readLegacyBody } from "../legacy-body.ts";
import { MESSAGES } from "../messages.ts";
import { startRouteJob } from "../route-job.ts";
import { callerGone } from "../runpod/answer.ts";
import { INTERVIEW_ROUTES } from "./descriptions.ts";
import { cancelFields, ttsFields } from "./fields.ts";

/** What document 001 has besides the avatar API and the chat: speech alone, and the cancel. */
export async function interviewRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  await app.register(async (own) => ttsRoute(own, parts));
  await app.register(async (own) => cancelRoute(own, parts));
}

/** `POST /api/v2/tts`. */
function ttsRoute(app: FastifyInstance, parts: RouteParts): void {
  acceptLegacyBodies(app);
  renderErrors(app, parts, successErrorForm, avatarError);
  const options = { bodyLimit: MAX_AVATAR_BODY_BYTES, config: { describe: INTERVIEW_ROUTES.tts } };
  app.post("/api/v2/tts", options, async (request, reply) => {
    const missing = { text: MESSAGES.avatar.textNeeded };
    const { text, engine, voice, sid } = readLegacyBody(request, ttsFields, { log: parts.log, missing });
    checkText(text);
    const params = defined({ text, engine: await chooseSpeechEngine(engine, parts), voice });
    const job = await startRouteJob(
      parts,
      { operation: "tts", params, output: avatarOutput(parts.config) },
      { signal: callerGone(request, reply), owner: ownerOf(request, sid) },
    );
    const result = await job.result();
    await settleLifetime(result, parts);
    const key = result.artifacts.find(({ kind }) => kind === "audio")?.key;
    if (key === undefined) throw new AppError("internal", "Finished speech has no file.");
    return {
      success: true,
      audio_path: audioPath(key),
      audio_url: audioUrl(key, parts),
      duration: Math.round(Number(result["duration"]) * 100) / 100,
      elapsed: result["elapsed"],
      engine: result["engine"],
      voice: result["voice"],
      request_id: job.id,
    };
  });
}

/** `POST /api/cancel`: a caller ends its own jobs, by the name they go by; with an API key, anybody's. */
function cancelRoute(app: FastifyInstance, { routeJobs, jobs, config, ...parts }: RouteParts): void {
  acceptLegacyBodies(app);
  renderErrors(app, { ...parts, jobs }, plainErrorForm, avatarError);
  const options = { bodyLimit: MAX_AVATAR_BODY_BYTES, config: { describe: INTERVIEW_ROUTES.cancel } };
  app.post("/api/cancel", options, async (request) => {
    const missing = { sid: MESSAGES.avatar.sidNeeded };
    const { sid } = readLegacyBody(request, cancelFields, { log: parts.log, missing });
    const own = routeJobs
      .ofSid(sid)
      .filter((id) => config.apiKey !== "" || routeJobs.owner(id)?.address === request.ip);
    // Somebody else's job is not told apart from none.
    if (own.length === 0) throw new AppError("not_found", MESSAGES.avatar.sidNotFound);
    for (const id of own) jobs.cancel(id);
    return { status: "cancelled" };
  });
}
