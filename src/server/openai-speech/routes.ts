import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { JobResult } from "../../../handler/index.ts";
import { toAppError } from "../../errors.ts";
import { answeredAudio } from "../answered-audio.ts";
import type { RouteParts } from "../route-parts.ts";
import { renderErrors } from "../error-form.ts";
import { acceptLegacyBodies, readLegacyBody } from "../legacy-body.ts";
import { startRouteJob } from "../route-job.ts";
import { callerGone } from "../runpod/answer.ts";
import { openSse } from "../sse.ts";
import { encodeAnswer, RESPONSE_FORMATS } from "./encode-answer.ts";
import { OPENAI_ROUTES } from "./descriptions.ts";
import { openAiErrorForm } from "./error-form.ts";
import { speechFields } from "./fields.ts";
import { listenTo, streamAnswer, streams } from "./stream-answer.ts";
import { standIn } from "./voices.ts";

/** The operation's own bounds of `speed`, which are narrower than OpenAI's. */
const OWN_RATE = { min: 0.5, max: 2 } as const;
/** Bytes of sound in one event of a stream. */
const DELTA_BYTES = 32 * 1024;
const OWN_MODEL = "talkbox";

type Fields = z.output<typeof speechFields>;

/** Speech in OpenAI's form: `POST /v1/audio/speech`, with the models and voices that its clients may ask for. */
export async function openaiSpeechRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  const { services } = parts;
  acceptLegacyBodies(app);
  renderErrors(app, parts, openAiErrorForm);
  app.post("/v1/audio/speech", { config: { describe: OPENAI_ROUTES.speech } }, (request, reply) =>
    speak(request, reply, parts),
  );
  app.get("/v1/models", { config: { describe: OPENAI_ROUTES.models } }, async () => {
    const engines = await services.engines.available("speech");
    const names = [OWN_MODEL, ...engines.map(({ info }) => info.id)];
    return {
      object: "list",
      data: names.map((id) => ({ id, object: "model", created: 0, owned_by: OWN_MODEL })),
    };
  });
  app.get("/v1/audio/voices", { config: { describe: OPENAI_ROUTES.voices } }, async () => {
    const engines = await services.engines.available("speech");
    const voices = (await Promise.all(engines.map((engine) => engine.voices()))).flat();
    const stored = await services.library.voices.all();
    return { voices: [...new Set([...voices, ...stored].map(({ name }) => name))] };
  });
}

async function speak(request: FastifyRequest, reply: FastifyReply, parts: RouteParts): Promise<FastifyReply> {
  const { services, files, log } = parts;
  const fields = readLegacyBody(request, speechFields, { language: "en", log });
  const signal = callerGone(request, reply);
  const rate = Math.min(OWN_RATE.max, Math.max(OWN_RATE.min, fields.speed));
  const { response_format: format, stream_format: form } = fields;
  const params = { ...(await paramsOf(fields, rate, parts)), live: streams(format) };
  const stretch = rate / fields.speed;
  const job = await startRouteJob(parts, { operation: "tts", params, output: { delivery: "inline" } }, { signal });
  const named = (engine: string, voice: string): void => {
    void reply.header("x-talkbox-engine", engine).header("x-talkbox-voice", encodeURIComponent(voice));
  };
  const live = streams(format) ? await listenTo(job, services, signal) : undefined;
  let pieces: AsyncIterable<Buffer> | readonly Buffer[];
  if (live) {
    named(live.engine, live.voice);
    pieces = streamAnswer(live, format, stretch, services, signal);
    if (form === "audio") return reply.type(RESPONSE_FORMATS[format].type).send(Readable.from(pieces));
  } else {
    const result = await job.result();
    const audio = await encodeAnswer(await answeredAudio(result, files), format, stretch, services, signal);
    named(String(result["engine"]), String(result["voice"]));
    if (form === "audio") {
      return reply.type(RESPONSE_FORMATS[format].type).header("content-length", String(audio.length)).send(audio);
    }
    pieces = [audio];
  }
  const events = openSse(request, reply, { gone: signal });
  try {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length && !signal.aborted; at += DELTA_BYTES) {
        const delta = piece.subarray(at, at + DELTA_BYTES).toString("base64");
        await events.send({ type: "speech.audio.delta", audio: delta });
      }
    }
    await events.send(doneEvent(await job.result()));
  } catch (error) {
    if (!signal.aborted) await events.send({ type: "error", ...openAiErrorForm(toAppError(error), request) });
  }
  await events.end();
  return reply;
}

/** OpenAI's last event of a stream. */
function doneEvent({ usage }: JobResult): object {
  const { prompt_tokens: input_tokens, completion_tokens: output_tokens, total_tokens } = usage as Usage;
  return { type: "speech.audio.done", usage: { input_tokens, output_tokens, total_tokens } };
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
