import { z } from "zod";
import { openStem } from "../pipelines/cover/stems.ts";
import { BACKINGS, SONG_STEMS, STEM_CHOICES } from "../pipelines/cover/song-request.ts";
import { coverSong } from "../pipelines/cover/whole-song.ts";
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
import { separationModelsParam } from "./separation-params.ts";

export const generateCover = defineOperation({
  name: "generate_cover",
  summary: "A whole song in, the same song sung by another voice out.",
  description: [
    "The song's voices are taken out of it as `separate_stems` does, the lead is converted to `voice_model` and mixed with",
    "the rest as `generate_cover_from_separate_audio` does, whose parameters these are. With a network that tells the lead",
    "from the voices behind it (UVR_MDXNET_KARA_2.onnx, or a RoFormer's) those keep their voices; without one all voices are converted",
    "together, unless `backing` says otherwise.",
    "",
    "Stems and converted vocals are kept for a while: the same song with another voice is not separated again, whatever file",
    "it comes in, and with other gains, reverb or format it is only mixed. `separation.reused` and `conversion_reused` say so.",
    "`stems` gives parts as files of their own: `vocals` and `lead` as they are in the song; `sung` (the converted lead in its",
    "room), `backing` and `instrumental` as they go into the mix, before their levels of −4, −6 and −7 dB and the gains.",
    "Progress carries `eta_seconds`, learnt from past runs on this machine.",
  ].join("\n"),
  params: z.strictObject({
    audio: z.string().min(1).describe("The song: base64 (a data URL will do) or a public http(s) URL."),
    voice_model: z.string().min(1).describe("A voice that `list_models` names."),
    ...echoedParams,
    backup_gain: echoedParams.backup_gain.describe("dB on top of the backing's −6 dB."),
    ...unechoedParams,
    backing: z
      .enum(BACKINGS)
      .default("auto")
      .describe(
        "Voices behind the lead: `keep` theirs, `convert` them, too, or `none` of them; `auto` keeps them where a network tells them apart.",
      ),
    engine: z
      .string()
      .max(40)
      .default("auto")
      .describe("Who separates: `roformer`, `mdx`, `center`; `auto` takes the best there is."),
    separation_models: separationModelsParam,
    denoise: z.boolean().default(true).describe("Takes out what MDX-Net's networks hear in silence: twice their work."),
    dereverb: z
      .boolean()
      .default(true)
      .describe("Where a network for that is there, the lead is converted without its room."),
    stems: z
      .array(z.enum(STEM_CHOICES))
      .max(STEM_CHOICES.length)
      .default([])
      .describe("Parts that are wanted as files, too; `tracks` is all that the mix is made of."),
    stems_format: stemsFormatParam,
  }),
  result: z.strictObject({
    ...coverResult,
    duration: z.number().describe("Seconds."),
    separation: z.strictObject({
      engines: z.array(z.string()).describe("Who took the song apart."),
      models: z.array(z.string()),
      reused: z.boolean().describe("Whether the stems were there already."),
    }),
    conversion_reused: z.boolean().describe("Whether what is sung was there already."),
    backing: z
      .enum(["kept", "converted", "none", "with_lead"])
      .describe("What became of the voices behind the lead; `with_lead`: all voices were converted together."),
    stems: z.array(deliveredStem(SONG_STEMS)),
  }),
  limits: ["`TALKBOX_MAX_AUDIO_SECONDS` of audio", "500 MB by URL, 200 MB as base64"],
  example: { audio: "https://example.com/song.mp3", voice_model: "alto-warm", stems: ["tracks"] },
  heavy: true,
  async run(params, context) {
    // Whoever asks for a voice that is not there is told so before anything is downloaded.
    const voice = await findTargetVoice(params.voice_model, context);
    const autoPitch = await autoPitchOf(params, voice, context);
    const song = await context.clock.time("prepare", () => openStem(params.audio, "audio", context));
    const { stems: wanted, stems_format: stemsFormat, backing, engine, denoise, dereverb } = params;
    const made = await coverSong(
      {
        ...coverSettings(params),
        song,
        voice,
        autoPitch,
        engine: engine.trim(),
        separationModels: params.separation_models,
        denoise,
        dereverb,
        backing,
        stems: [...new Set(wanted)],
        stemsFormat,
      },
      context,
    );
    const cover = await deliverCover(made, voice.name, params, context);
    const stems = await deliverStems(made.stems, stemsFormat, context);
    const { duration, separation, conversionReused, backing: became } = made;
    return {
      ...cover,
      ...autoPitchAnswer(made.autoPitch),
      duration,
      separation: { ...separation, engines: [...separation.engines], models: [...separation.models] },
      conversion_reused: conversionReused,
      backing: became,
      stems,
    };
  },
});
