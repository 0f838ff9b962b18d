import { Readable } from "node:stream";
import multipart from "@fastify/multipart";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { AppError } from "../../errors.ts";
import { detectDevice } from "../../inference/devices.ts";
import { MAX_TEXT_CODE_POINTS } from "../../limits/inputs.ts";
import { EXECUTION_TIMEOUT_MS, JOB_TTL_MS } from "../../limits/jobs.ts";
import { CHUNK_TTL_SECONDS } from "../../limits/speech.ts";
import { chooseAvatar } from "../../pipelines/avatar-choice.ts";
import { avatarPicture } from "../../pipelines/chunks/avatar-picture.ts";
import type { RouteParts } from "../route-parts.ts";
import { plainErrorForm, renderErrors } from "../error-form.ts";
import { answerStored } from "../files.ts";
import { withinLimit } from "../form-limit.ts";
import { jsonBody } from "../json-body.ts";
import { acceptLegacyBodies, readLegacyFields } from "../legacy-body.ts";
import { MESSAGES } from "../messages.ts";
import type { RouteDescription } from "../openapi/description.ts";
import { type RouteJobRequest, startRouteJob } from "../route-job.ts";
import { callerGone } from "../runpod/answer.ts";
import { translated } from "../translations.ts";
import { answerChunks, sendChunkEvents } from "./chunk-answers.ts";
import { CHUNK_ROUTES } from "./descriptions.ts";
import { chunksBody, generateBody } from "./fields.ts";
import { pageRoutes } from "./pages.ts";

/** The size of the chunk API's videos. */
const RESOLUTION = "480p";

/** The video has no deadline: it gets the longest that there is. */
const UNLIMITED = {
  policy: { executionTimeout: EXECUTION_TIMEOUT_MS.max, ttl: JOB_TTL_MS.max },
  deadlineMs: Number.POSITIVE_INFINITY,
};
const OUTPUT = { delivery: "auto", ttl_seconds: CHUNK_TTL_SECONDS } as const;

/** The chunk API of document 002, its pages, and the stream of all chunks in one. */
export async function chunkRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  const { config, services, files, access, health } = parts;
  acceptLegacyBodies(app, { forms: true });
  await app.register(multipart, { limits: { files: 0, fields: 16, fieldSize: 4 * MAX_TEXT_CODE_POINTS + 1024 } });
  renderErrors(app, parts, plainErrorForm, inRussian);
  await app.register(pageRoutes);

  const read = async <S extends z.ZodObject>(request: FastifyRequest, schema: S): Promise<z.output<S>> => {
    const fields = request.isMultipart()
      ? await withinLimit(request, request.routeOptions.bodyLimit, () => formFields(request))
      : (jsonBody(request)?.value ?? {});
    const given = readLegacyFields(fields, schema, {
      language: "ru",
      log: parts.log.child({ route: request.routeOptions.url }),
      missing: { text: MESSAGES.chunks.textNeeded },
    });
    if (String(given["text"]).trim() === "") throw new AppError("invalid_input", MESSAGES.chunks.textNeeded);
    return given;
  };
  const chunksJob = (params: Readonly<Record<string, unknown>>): RouteJobRequest => ({
    operation: "stream_chunks",
    params: { ...params, avatar: config.chunkAvatar, resolution: RESOLUTION },
    output: OUTPUT,
    ...UNLIMITED,
  });

  app.get("/api/health", { config: { describe: CHUNK_ROUTES.health } }, async () => ({
    status: health() === "unfit" ? "error" : "ok",
    models_loaded: health() === "ready",
    device: detectDevice().device,
  }));

  app.post("/api/generate", { config: { describe: CHUNK_ROUTES.generate } }, async (request, reply) => {
    const params = await read(request, generateBody);
    const shown = { avatar: config.chunkAvatar, resolution: RESOLUTION, frame_skip: 1, captions: false };
    const wanted = { operation: "lipsync", params: { ...params, ...shown }, ...UNLIMITED };
    const following = { signal: callerGone(request, reply) };
    // Never inline: the file itself is the answer.
    const output = { ...OUTPUT, delivery: "url" as const };
    const job = await startRouteJob(parts, { ...wanted, output }, following);
    const { artifacts } = await job.result();
    const video = artifacts.find(({ kind }) => kind === "video");
    if (!video) throw new AppError("internal", "The job made no video.");
    return answerStored(request, reply, video.key, files, `avatar_${job.id.slice(0, 8)}.mp4`);
  });

  app.post("/api/generate_stream", { config: { describe: CHUNK_ROUTES.generateStream } }, async (request, reply) => {
    const signal = callerGone(request, reply);
    const job = await startRouteJob(parts, chunksJob(await read(request, generateBody)), { signal });
    for await (const { event } of job.events) {
      if (event.type !== "status" || typeof event["stream_type"] !== "string") continue;
      const live = services.streams.find(String(event["stream_id"]));
      if (live) return sendStream(reply, live.read(signal));
    }
    await job.result();
    throw new AppError("internal", "The job made no stream.");
  });

  app.post("/api/stream_chunks", { config: { describe: CHUNK_ROUTES.chunks } }, async (request, reply) => {
    const params = chunksJob(await read(request, chunksBody));
    if (request.headers.accept?.includes("text/event-stream")) return sendChunkEvents(request, reply, parts, params);
    const job = await startRouteJob(parts, params, { signal: callerGone(request, reply) });
    return reply.send(answerChunks(await job.result(), access));
  });

  /** A file of this API, which a player opens by its URL alone. */
  const open = (describe: RouteDescription) => ({ config: { open: true, describe } });
  const checked = (request: FastifyRequest): string => {
    const { id = "" } = request.params as { id?: string };
    access.checkSignature(request, id, (request.query as Record<string, unknown>)["signature"]);
    if (!/^[0-9a-f]{16}(_\d{1,5})?$/.test(id)) throw new AppError("not_found", "There is no such file.");
    return id;
  };
  app.get("/api/chunk/video/:id", open(CHUNK_ROUTES.video), async (request, reply) =>
    answerStored(request, reply, `chunks/chunk_video_${checked(request)}.mp4`, files),
  );
  app.get("/api/chunk/audio/:id", open(CHUNK_ROUTES.audio), async (request, reply) =>
    answerStored(request, reply, `chunks/chunk_audio_${checked(request)}.wav`, files),
  );
  app.get("/api/stream/:id.mp4", open(CHUNK_ROUTES.stream), async (request, reply) => {
    const id = checked(request);
    const live = services.streams.find(id);
    if (live) return sendStream(reply, live.read(callerGone(request, reply)));
    return answerStored(request, reply, `chunks/stream_${id}.mp4`, files);
  });

  let picture: Promise<Uint8Array> | undefined;
  app.get("/api/avatar", open(CHUNK_ROUTES.avatar), async (_request, reply) => {
    picture ??= drawAvatar(parts).catch((error: unknown) => {
      picture = undefined;
      throw error;
    });
    return reply
      .type("image/jpeg")
      .header("cache-control", "private, max-age=3600")
      .send(await picture);
  });

  app.post("/api/cleanup", { config: { describe: CHUNK_ROUTES.cleanup } }, async () => {
    const { bucket } = services.outputs;
    const now = Date.now();
    const swept = [await (await services.store()).sweep(now), (await bucket?.store.sweep(now)) ?? []];
    return { message: MESSAGES.chunks.cleaned(swept.reduce((sum, keys) => sum + keys.length, 0)) };
  });
}

/** The texts of a form of parts. @throws AppError `invalid_input` for what is none, or breaks off */
async function formFields(request: FastifyRequest): Promise<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  try {
    for await (const part of request.parts()) {
      if (part.type === "field") fields[part.fieldname] = part.value;
      else part.file.resume();
    }
  } catch (cause) {
    // What is too much of something says so itself.
    if (typeof (cause as { statusCode?: unknown }).statusCode === "number") throw cause;
    throw new AppError("invalid_input", MESSAGES.chunks.formBroken, { cause });
  }
  return fields;
}

function sendStream(reply: FastifyReply, bytes: AsyncIterable<Buffer>): FastifyReply {
  void reply.type("video/mp4").header("cache-control", "no-store").header("x-accel-buffering", "no");
  return reply.send(Readable.from(bytes, { objectMode: false }));
}

async function drawAvatar({ services, config }: RouteParts): Promise<Uint8Array> {
  const engine = await services.engines.choose("lipsync", "auto");
  const { person, loop } = chooseAvatar(config.chunkAvatar, await engine.avatars());
  const look = { avatar: `${person}_${loop ?? "long"}`, resolution: RESOLUTION } as const;
  return avatarPicture(engine, look, new AbortController().signal);
}

/** What the document's pages would say. */
function inRussian(error: AppError): AppError {
  if (error.code === "not_found") return new AppError("not_found", MESSAGES.chunks.notFound, { cause: error });
  return translated(error, "ru");
}
