import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { MAX_SEED } from "../../limits.ts";
import { answeredAudio } from "../answered-audio.ts";
import type { RouteParts } from "../route-parts.ts";
import { renderErrors } from "../error-form.ts";
import { acceptLegacyBodies, readLegacyBody } from "../legacy-body.ts";
import { startRouteJob } from "../route-job.ts";
import { callerGone } from "../runpod/answer.ts";
import { openSse } from "../sse.ts";
import { encodeAnswer, RESPONSE_FORMATS, type ResponseFormat } from "./encode-answer.ts";
import { openAiErrorForm } from "./error-form.ts";
import { standIn } from "./voices.ts";

/** OpenAI's bounds; the operation's own are narrower for `speed`, and the rest of it is made here. */
const SPEED = { min: 0.25, max: 4 } as const;
const OWN_RATE = { min: 0.5, max: 2 } as const;
/** Bytes of sound in one event of a stream. */
const DELTA_BYTES = 32 * 1024;
const OWN_MODEL = "talkbox";

const fieldsSchema = z.object({
  model: z.string().max(200),
  input: z.string(),
  voice: z.union([z.string().max(200), z.object({ id: z.string().max(200) })]).optional(),
  response_format: z.enum(Object.keys(RESPONSE_FORMATS) as [ResponseFormat, ...ResponseFormat[]]).default("mp3"),
  speed: z.number().min(SPEED.min).max(SPEED.max).default(1),
  stream_format: z.enum(["audio", "sse"]).default("audio"),
  // OpenAI's `instructions` are for one of its models; what follows is what other servers of this form take.
  instructions: z.string().optional(),
  language: z.string().max(20).optional(),
  seed: z.int().min(0).max(MAX_SEED).optional(),
});

type Fields = z.output<typeof fieldsSchema>;

/** Speech in OpenAI's form: `POST /v1/audio/speech`, with the models and voices that its clients may ask for. */
export async function openaiSpeechRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  const { services } = parts;
  acceptLegacyBodies(app);
  renderErrors(app, parts, openAiErrorForm);
  app.post("/v1/audio/speech", (request, reply) => speak(request, reply, parts));
  app.get("/v1/models", async () => {
    const engines = await services.engines.available("speech");
    const names = [OWN_MODEL, ...engines.map(({ info }) => info.id)];
    return {
      object: "list",
      data: names.map((id) => ({ id, object: "model", created: 0, owned_by: OWN_MODEL })),
    };
  });
  app.get("/v1/audio/voices", async () => {
    const engines = await services.engines.available("speech");
    const voices = (await Promise.all(engines.map((engine) => engine.voices()))).flat();
    const stored = await services.library.voices.all();
    return { voices: [...new Set([...voices, ...stored].map(({ name }) => name))] };
  });
}

async function speak(request: FastifyRequest, reply: FastifyReply, parts: RouteParts): Promise<FastifyReply> {
  const { services, files, log } = parts;
  const fields = readLegacyBody(request, fieldsSchema, { language: "en", log });
  const signal = callerGone(request, reply);
  const rate = Math.min(OWN_RATE.max, Math.max(OWN_RATE.min, fields.speed));
  const params = await paramsOf(fields, rate, parts);
  const job = await startRouteJob(parts, { operation: "tts", params, output: { delivery: "inline" } }, { signal });
  const result = await job.result();
  const { response_format: format, stream_format: form } = fields;
  const audio = await encodeAnswer(await answeredAudio(result, files), format, rate / fields.speed, services, signal);
  const { engine, voice, usage } = result as unknown as { engine: string; voice: string; usage: Usage };
  void reply.header("x-talkbox-engine", engine).header("x-talkbox-voice", encodeURIComponent(voice));
  if (form === "audio") {
    return reply.type(RESPONSE_FORMATS[format].type).header("content-length", String(audio.length)).send(audio);
  }
  const events = openSse(request, reply, { gone: signal });
  for (let at = 0; at < audio.length && !signal.aborted; at += DELTA_BYTES) {
    const delta = audio.subarray(at, at + DELTA_BYTES).toString("base64");
    await events.send({ type: "speech.audio.delta", audio: delta });
  }
  const { prompt_tokens: input_tokens, completion_tokens: output_tokens, total_tokens } = usage;
  await events.send({ type: "speech.audio.done", usage: { input_tokens, output_tokens, total_tokens } });
  await events.end();
  return reply;
}

type Usage = { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number };

/** The operation's params. A model that is called as an engine here is that engine. */
async function paramsOf(fields: Fields, rate: number, { services }: RouteParts): Promise<Record<string, unknown>> {
  const { model, input: text, voice = "alloy", language, seed } = fields;
  const engines = await services.engines.available("speech");
  const named = typeof voice === "string" ? voice : voice.id;
  return {
    text,
    voice: await standIn(named, services),
    rate,
    ...(engines.some(({ info }) => info.id === model) ? { engine: model } : {}),
    ...(language === undefined ? {} : { language }),
    ...(seed === undefined ? {} : { seed }),
  };
}
