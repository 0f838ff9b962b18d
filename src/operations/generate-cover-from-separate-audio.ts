import { z } from "zod";
import { AppError } from "../errors.ts";
import { chooseAutoPitch } from "../pipelines/auto-pitch.ts";
import { coverWithParts, TRACK_CHOICES, TRACK_NAMES, wantedTracks } from "../pipelines/cover/cover-parts.ts";
import { monoSound, openStem } from "../pipelines/cover/stems.ts";
import { findTargetVoice } from "../pipelines/target-voice.ts";
import {
  coverResult,
  coverSettings,
  deliverCover,
  deliveredStem,
  deliverStems,
  echoedParams,
  stemsFormatParam,
  unechoedParams,
} from "./cover-params.ts";
import { defineOperation } from "./operation.ts";
import { autoPitchAnswer, autoPitchOf } from "./rvc-params.ts";

const audioParam = z.string().optional();

export const generateCoverFromSeparateAudio = defineOperation({
  name: "generate_cover_from_separate_audio",
  summary: "A vocal and an instrumental in, the song sung by another voice out.",
  description: [
    "The vocal is converted to `voice_model`, passes a high-pass filter, a compressor and a reverb, and is mixed with the",
    "instrumental (and the backing vocals, where `backup_audio` is given) in stereo at 44.1 kHz or more. The song is as long",
    "as the longest stem. The vocal stays in the middle of a reverb in stereo. Peaks above −1 dBTP are turned down; `receipt.measures` says by how much.",
    "Stems are base64 (a data URL will do) or public http(s) URLs. `output_audio` is null where the file is too large for",
    "the answer, or is stored: then `output_url` says where it is.",
  ].join("\n"),
  params: z.strictObject({
    voice_audio: audioParam.describe("The vocal."),
    voice_audio_url: audioParam.describe("The vocal's URL, in place of `voice_audio`."),
    instrument_audio: audioParam.describe("The instrumental."),
    instrument_audio_url: audioParam.describe("Its URL, in place of `instrument_audio`."),
    backup_audio: audioParam.describe("Backing vocals, which keep their voices."),
    backup_audio_url: audioParam.describe("Their URL, in place of `backup_audio`."),
    voice_model: z.string().min(1).describe("A voice that `list_models` names."),
    ...echoedParams,
    ...unechoedParams,
    stems: z
      .array(z.enum(TRACK_CHOICES))
      .max(TRACK_CHOICES.length)
      .default([])
      .describe("Tracks of the mix that are wanted as files, too, before their levels; `tracks` is all of them."),
    stems_format: stemsFormatParam,
  }),
  result: z.strictObject({
    ...coverResult,
    stems: z
      .array(deliveredStem(["sung", "backing", "instrumental"]))
      .optional()
      .describe("Those of `stems`, where any were asked for."),
  }),
  limits: ["`TALKBOX_MAX_AUDIO_SECONDS` of audio in each stem", "500 MB by URL, 200 MB as base64, per stem"],
  example: {
    voice_audio: "https://example.com/vocal.wav",
    instrument_audio: "https://example.com/instrumental.wav",
    voice_model: "alto-warm",
    output_format: "mp3",
  },
  heavy: true,
  async run(params, context) {
    const vocalSource = oneOf(params.voice_audio, params.voice_audio_url, "voice_audio");
    const instrumentSource = oneOf(params.instrument_audio, params.instrument_audio_url, "instrument_audio");
    const backupSource =
      params.backup_audio === undefined && params.backup_audio_url === undefined
        ? undefined
        : oneOf(params.backup_audio, params.backup_audio_url, "backup_audio");
    const voice = await findTargetVoice(params.voice_model, context);
    const range = await autoPitchOf(params, voice, context);
    const { clock } = context;
    const [vocal, instrument, backup] = await clock.time("prepare", async () => [
      await openStem(vocalSource, "voice_audio", context),
      await openStem(instrumentSource, "instrument_audio", context),
      backupSource === undefined ? undefined : await openStem(backupSource, "backup_audio", context),
    ]);
    const sound = (sampleRate: number): AsyncIterable<Float32Array> => monoSound(vocal, sampleRate, context);
    const auto = range && (await chooseAutoPitch({ voice: range, steps: "octaves" }, { sound }, context));
    const settings = coverSettings(params);
    const pitch = settings.pitch + (auto?.semitones ?? 0);
    const request = { vocal, instrument, backup, voice, ...settings, pitch };
    const wanted = wantedTracks(params.stems, backup !== undefined);
    const { cover, tracks } = await coverWithParts(request, wanted, params.stems_format, context);
    const delivered = await deliverCover(cover, voice.name, params, context);
    const parts = [...tracks].map(([track, file]) => ({ ...file, stem: TRACK_NAMES[track] }));
    const stems = await deliverStems(parts, params.stems_format, context);
    return { ...delivered, ...autoPitchAnswer(auto), ...(params.stems.length === 0 ? {} : { stems }) };
  },
});

/** The one way of two by which a stem was given. */
function oneOf(audio: string | undefined, url: string | undefined, name: string): string {
  if (audio !== undefined && url === undefined) return audio;
  if (url !== undefined && audio === undefined) {
    if (/^https?:\/\//i.test(url)) return url;
    throw new AppError("invalid_input", `\`${name}_url\` is not an http(s) URL. Base64 goes into \`${name}\`.`, {
      violations: [{ path: `params.${name}_url`, message: "Must be an http(s) URL." }],
    });
  }
  const which = audio === undefined ? "Neither is given" : "Both are given";
  throw new AppError("invalid_input", `Give \`${name}\` or \`${name}_url\`. ${which}.`, {
    violations: [{ path: `params.${name}`, message: `Exactly one of ${name} and ${name}_url is needed.` }],
  });
}
