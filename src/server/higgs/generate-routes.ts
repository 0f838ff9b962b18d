import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../../errors.ts";
import { MAX_VOICE_BODY_BYTES } from "../../limits/inputs.ts";
import { answeredAudio, sendWithBase64 } from "../answered-audio.ts";
import type { RouteParts } from "../route-parts.ts";
import { readLegacyBody } from "../legacy-body.ts";
import { MESSAGES } from "../messages.ts";
import { type RouteJobRequest, startRouteJob } from "../route-job.ts";
import { callerGone } from "../runpod/answer.ts";
import { HIGGS_ROUTES } from "./descriptions.ts";
import { cloneFields, dialogueFields, generateFields } from "./fields.ts";
import { listVoices } from "./voices.ts";

const MISSING = { text: MESSAGES.higgs.textNeeded };

/** What every route that speaks answers. */
type Spoken = {
  readonly duration: number;
  readonly sample_rate: number;
  readonly usage: object;
  readonly warnings?: readonly string[];
};

/** The three routes of document 003 that speak. */
export function generateRoutes(app: FastifyInstance, parts: RouteParts): void {
  const { log, services } = parts;

  app.post("/generate", { config: { describe: HIGGS_ROUTES.generate } }, async (request, reply) => {
    const fields = readLegacyBody(request, generateFields, { log, missing: MISSING });
    return speak(request, reply, { operation: "tts", params: fields }, parts);
  });

  const clone = { bodyLimit: MAX_VOICE_BODY_BYTES, config: { describe: HIGGS_ROUTES.clone } };
  app.post("/generate/voice-clone", clone, async (request, reply) => {
    const fields = readLegacyBody(request, cloneFields, { log, missing: MISSING });
    const { reference_voice: voice, reference_audio: audio } = fields;
    if (voice === undefined && audio === undefined) {
      throw new AppError("invalid_input", MESSAGES.higgs.referenceNeeded, {
        violations: [{ path: "reference_voice", message: MESSAGES.higgs.referenceNeeded }],
      });
    }
    if (audio === undefined && voice !== undefined) await checkVoices([voice], services);
    return speak(request, reply, { operation: "voice_clone", params: fields }, parts);
  });

  app.post("/generate/multi-speaker", { config: { describe: HIGGS_ROUTES.dialogue } }, async (request, reply) => {
    const fields = readLegacyBody(request, dialogueFields, { log, missing: MISSING });
    await checkVoices(fields.reference_voices ?? [], services);
    return speak(request, reply, { operation: "multi_speaker", params: fields }, parts);
  });
}

/** @throws AppError `invalid_input` in the document's words, with the voices there are, for one that there is not */
async function checkVoices(names: readonly (string | null)[], services: RouteParts["services"]): Promise<void> {
  const wanted = names.map((name) => name?.trim() ?? "").filter((name) => name !== "");
  if (wanted.length === 0) return;
  const known = (await listVoices(services)).map(({ name }) => name);
  // Where no engine speaks, that is what is to be said.
  if (known.length === 0) return;
  const lower = new Set([...known, "Custom"].map((name) => name.toLowerCase()));
  const unknown = wanted.find((name) => !lower.has(name.toLowerCase()));
  if (unknown === undefined) return;
  const shown = Array.from(unknown).slice(0, 60).join("");
  throw new AppError("invalid_input", MESSAGES.higgs.voiceNotFound(shown, known));
}

/** Has a job speak, and answers its sound as WAV. */
async function speak(
  request: FastifyRequest,
  reply: FastifyReply,
  job: RouteJobRequest & { readonly params: { readonly text: string } },
  parts: RouteParts,
): Promise<FastifyReply> {
  const signal = callerGone(request, reply);
  const started = await startRouteJob(parts, { ...job, output: { delivery: "inline" } }, { signal });
  const result = await started.result();
  const { duration, sample_rate: rate, usage, warnings } = result as unknown as Spoken;
  const audio = await answeredAudio(result, parts.files);
  return sendWithBase64(reply, "audio_base64", audio, {
    text: job.params.text,
    sampling_rate: rate,
    duration: Math.round(duration * 1000) / 1000,
    usage,
    ...(warnings ? { warnings } : {}),
  });
}
