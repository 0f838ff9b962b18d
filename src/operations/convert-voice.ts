import { z } from "zod";
import type { RetrievalSettings } from "../engines/voice/voice-converter.ts";
import { AppError } from "../errors.ts";
import { convertVoice as convert } from "../pipelines/convert-voice.ts";
import { learningConverter, profileOf, readReference } from "../pipelines/reference-voice.ts";
import { findTargetVoice, type TargetVoice } from "../pipelines/target-voice.ts";
import { outputFileName } from "../storage/file-name.ts";
import { defineOperation, type OperationContext } from "./operation.ts";
import {
  autoPitchAnswer,
  autoPitchOf,
  autoPitchParams,
  autoPitchResult,
  F0_METHODS,
  moreRvcParams,
  rvcParams,
} from "./rvc-params.ts";
import { seedParam } from "./speech-params.ts";

/** What finds the pitch of embedded voices, whatever is asked for. */
const EMBEDDED_F0 = "harvest";
/** What a voice is called that came as a recording. */
const GIVEN = "reference_audio";

export const convertVoice = defineOperation({
  name: "convert_voice",
  summary: "A recording in, the same words or song in another voice out.",
  description: [
    "`voice` is one that `list_models` names, or a stored reference voice; or `reference_audio` is a recording of the voice,",
    "which wins. Of a recording with several channels their mix is converted, into one channel or `stereo`. With `keep_key` the pitch moves by whole",
    "octaves only, so that a song stays in its key; without, speech gets the pitch and the range of the voice. RVC voices",
    "keep the recording's pitch, moved by `pitch` alone, and have a rate of their own: [rvc.md](rvc.md).",
  ].join("\n"),
  params: z.strictObject({
    audio: z.string().min(1).describe("Base64 (a data URL will do) or a public http(s) URL."),
    voice: z.string().max(200).nullish(),
    reference_audio: z.string().nullish().describe("Base64 or a URL: 1 to 120 s of the voice."),
    pitch: z.number().min(-12).max(12).default(0).describe("Semitones on top."),
    keep_key: z.boolean().default(false).describe("For songs: whole octaves only."),
    f0_method: z.string().max(40).nullish().describe("Binds RVC voices (`rmvpe`); embedded ones use harvest."),
    index_rate: rvcParams.index_rate,
    filter_radius: rvcParams.filter_radius,
    rms_mix_rate: rvcParams.rms_mix_rate,
    protect: rvcParams.protect,
    ...moreRvcParams,
    ...autoPitchParams,
    stereo: z
      .boolean()
      .default(false)
      .describe("Of a recording with two channels the result has two: the new voice stands where the old one stood."),
    seed: seedParam,
    output_format: z.enum(["wav", "mp3", "flac"]).default("wav"),
    persist: z.boolean().default(false).describe("Keep the file for good."),
  }),
  result: z.strictObject({
    success: z.literal(true),
    audio_path: z.string().nullable(),
    audio_url: z.string().nullable(),
    duration: z.number().describe("Seconds."),
    sample_rate: z.int().describe("Hz."),
    elapsed: z.number().describe("Seconds of work."),
    engine: z.string(),
    voice: z.string().describe("`reference_audio` for a recording."),
    persistent: z.boolean(),
    output_format: z.enum(["wav", "mp3", "flac"]),
    seed: z.int().nullable(),
    auto_pitch: autoPitchResult.describe("What `auto_pitch` chose: whole octaves with `keep_key`, else semitones."),
  }),
  limits: ["`TALKBOX_MAX_AUDIO_SECONDS` of audio", "1 to 120 s of reference", "500 MB by URL, 200 MB as base64"],
  example: { audio: "https://example.com/recording.wav", voice: "alto-warm", pitch: 0 },
  heavy: true,
  async run(params, context) {
    const began = performance.now();
    const { output_format: format, pitch, persist } = params;
    const seed = params.seed ?? undefined;
    const voice = await targetOf(params.voice?.trim() ?? "", params.reference_audio ?? "", context);
    const method = params.f0_method?.trim() ?? "";
    if (voice.converter.info.embedded && method !== "" && method !== EMBEDDED_F0) {
      context.warn(`\`f0_method\` binds RVC voices; "${voice.name}" is an embedded one and used ${EMBEDDED_F0}.`);
    }
    context.emit({ type: "status", stage: "convert", message: "Converting the voice" });
    // An embedded voice says itself which settings of RVC voices had no effect.
    const retrieval = retrievalOf(params, voice.converter.info.embedded ? EMBEDDED_F0 : method);
    const autoPitch = await autoPitchOf(params, voice, context);
    const request = {
      source: params.audio,
      voice,
      pitch,
      keepKey: params.keep_key,
      autoPitch,
      retrieval,
      seed,
      format,
      stereo: params.stereo,
    };
    const made = await convert(request, context);
    const file = await context.clock.time("deliver", () =>
      context.deliver(
        {
          kind: "audio",
          path: made.path,
          filename: outputFileName(voice.name === GIVEN ? "converted" : voice.name, format),
          folder: "audio",
          mime: made.mime,
          duration: made.duration,
        },
        { persist },
      ),
    );
    return {
      success: true as const,
      audio_path: file.url === undefined ? null : `results/${file.key}`,
      audio_url: file.url ?? null,
      duration: made.duration,
      sample_rate: made.sampleRate,
      elapsed: Math.round(performance.now() - began) / 1000,
      engine: voice.converter.info.id,
      voice: voice.name,
      persistent: file.persistent,
      output_format: format,
      seed: seed ?? null,
      ...autoPitchAnswer(made.autoPitch),
    };
  },
});

const rvcSettings = z.object({ ...rvcParams, ...moreRvcParams }).omit({ f0_method: true });

/** What RVC voices are to be sung with. */
function retrievalOf(params: z.output<typeof rvcSettings>, f0Method: string): RetrievalSettings {
  return {
    indexRate: params.index_rate,
    filterRadius: params.filter_radius,
    rmsMixRate: params.rms_mix_rate,
    protect: params.protect,
    f0Method: f0Method === "" ? F0_METHODS[0] : f0Method,
    crepeHopLength: params.crepe_hop_length,
    speaker: params.speaker_id,
    ...(params.f0_curve ? { f0Curve: params.f0_curve } : {}),
  };
}

/** The voice to convert to. */
async function targetOf(name: string, audio: string, context: OperationContext): Promise<TargetVoice> {
  if (audio !== "") {
    if (name !== "") context.warn("`reference_audio` was used; `voice` was not.");
    const target = await profileOf(await readReference(audio, context), context);
    return { name: GIVEN, converter: await learningConverter(context), target };
  }
  if (name !== "") return findTargetVoice(name, context);
  throw new AppError("invalid_input", "Give `voice`, a voice's name, or `reference_audio`, a recording of one.", {
    violations: [{ path: "params.voice", message: "A voice is needed." }],
  });
}
