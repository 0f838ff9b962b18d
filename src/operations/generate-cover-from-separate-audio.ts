import { randomBytes } from "node:crypto";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { makeCover } from "../pipelines/cover/cover.ts";
import type { CoverFormat } from "../pipelines/cover/cover-request.ts";
import { openStem } from "../pipelines/cover/stems.ts";
import { findTargetVoice } from "../pipelines/target-voice.ts";
import { safeName } from "../storage/file-name.ts";
import { encodedLength } from "../storage/inline.ts";
import { defineOperation } from "./operation.ts";

const audioParam = z.string().optional();
const semitones = z.number().min(-12).max(12).default(0);
const share = z.number().min(0).max(1);
const gain = z.number().min(-20).max(20).default(0);

/** The parameters that the answer repeats: exactly the documented ones. */
const echoed = {
  pitch_adjust: semitones.describe("Semitones, of the vocal alone."),
  index_rate: share.default(0.5).describe("RVC voices: share of the retrieved features."),
  filter_radius: z.number().min(0).max(7).default(3).describe("RVC voices: above 2, f0 is smoothed."),
  rms_mix_rate: share.default(0.25).describe("RVC voices: 0 follows the source's loudness, 1 keeps the model's."),
  protect: z.number().min(0).max(0.5).default(0.33).describe("RVC voices: protection of voiceless consonants."),
  f0_method: z.enum(["rmvpe", "crepe", "harvest"]).default("rmvpe").describe("RVC voices: how the pitch is found."),
  pitch_change_all: semitones.describe("Semitones, of the whole song."),
  reverb_rm_size: share.default(0.15).describe("Size of the room."),
  reverb_wet: share.default(0.2).describe("Level of the echo."),
  reverb_dry: share.default(0.8).describe("Level of the voice itself; 0.5 leaves it as it is."),
  reverb_damping: share.default(0.7).describe("How dull the echo is."),
  main_gain: gain.describe("dB on top of the vocal's −4 dB."),
  backup_gain: gain.describe("dB on top of the backing's −6 dB. Silent unless `backup_audio` is given."),
  inst_gain: gain.describe("dB on top of the instrumental's −7 dB."),
  output_format: z.enum(["mp3", "wav", "flac"]).default("mp3"),
};

const ECHOED = Object.keys(echoed) as readonly (keyof typeof echoed)[];

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
    ...echoed,
    crepe_hop_length: z.number().int().min(1).max(1024).default(128).describe("RVC voices with mangio-crepe."),
    bitrate: z
      .union([z.literal(128), z.literal(192), z.literal(320)])
      .default(192)
      .describe("kbit/s of MP3."),
    bit_depth: z
      .union([z.literal(16), z.literal(24)])
      .default(16)
      .describe("Of WAV and FLAC."),
  }),
  result: z.strictObject({
    success: z.literal(true),
    output_audio: z.string().nullable().describe("Base64."),
    output_url: z.string().optional().describe("Where the file is, when `output_audio` is null."),
    filename: z.string(),
    size: z.number().int().describe("Bytes."),
    model_used: z.string(),
    parameters: z.strictObject(echoed),
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
    const { clock } = context;
    const [vocal, instrument, backup] = await clock.time("prepare", async () => [
      await openStem(vocalSource, "voice_audio", context),
      await openStem(instrumentSource, "instrument_audio", context),
      backupSource === undefined ? undefined : await openStem(backupSource, "backup_audio", context),
    ]);
    const format: CoverFormat =
      params.output_format === "mp3"
        ? { container: "mp3", bitrate: params.bitrate }
        : { container: params.output_format, bits: params.bit_depth };
    const made = await makeCover(
      {
        vocal,
        instrument,
        backup,
        voice,
        pitch: params.pitch_adjust,
        pitchOfAll: params.pitch_change_all,
        retrieval: {
          indexRate: params.index_rate,
          filterRadius: params.filter_radius,
          rmsMixRate: params.rms_mix_rate,
          protect: params.protect,
          f0Method: params.f0_method,
          crepeHopLength: params.crepe_hop_length,
        },
        reverb: {
          roomSize: params.reverb_rm_size,
          damping: params.reverb_damping,
          wet: params.reverb_wet,
          dry: params.reverb_dry,
        },
        gains: { main: params.main_gain, backup: params.backup_gain, instrument: params.inst_gain },
        format,
      },
      context,
    );
    const stem = `cover_${voice.name}`;
    const extension = params.output_format;
    const filename = safeName(`${stem}.${extension}`);
    const file = await clock.time("deliver", () =>
      context.deliver(
        {
          kind: "audio",
          path: made.path,
          filename,
          keyName: safeName(`${stem}_${randomBytes(4).toString("hex")}.${extension}`),
          folder: "audio",
          mime: made.mime,
          duration: made.duration,
        },
        { field: "output_audio" },
      ),
    );
    if (file.base64 === undefined && encodedLength(file.bytes) > context.config.inlineLimitBytes) {
      context.warn("`output_audio` is null, as the file is too large for the answer. Get it from `output_url`.");
    }
    return {
      success: true as const,
      output_audio: file.base64 ?? null,
      ...(file.url === undefined ? {} : { output_url: file.url }),
      filename,
      size: file.bytes,
      model_used: voice.name,
      parameters: Object.fromEntries(ECHOED.map((name) => [name, params[name]])),
    };
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
