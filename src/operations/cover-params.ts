import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { EncodedAudio } from "../media/encode-audio.ts";
import type { CoverFile } from "../pipelines/cover/cover.ts";
import type { CoverRequest } from "../pipelines/cover/cover-request.ts";
import type { TrackFormat } from "../pipelines/cover/track-files.ts";
import { outputFileName, safeName } from "../storage/file-name.ts";
import { encodedLength } from "../storage/inline.ts";
import type { OperationContext } from "./operation.ts";
import { autoPitchParams, autoPitchResult, moreRvcParams, rvcParams } from "./rvc-params.ts";
import { seedParam } from "./speech-params.ts";

const semitones = z.number().min(-12).max(12).default(0);
const share = z.number().min(0).max(1);
const gain = z.number().min(-20).max(20).default(0);

/** The parameters that the answers of covers repeat: exactly the documented ones. */
export const echoedParams = {
  pitch_adjust: semitones.describe("Semitones, of the vocal alone."),
  ...rvcParams,
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

const ECHOED = Object.keys(echoedParams) as readonly (keyof typeof echoedParams)[];

/** Those that they do not. */
export const unechoedParams = {
  ...moreRvcParams,
  ...autoPitchParams,
  vocal_placement: z
    .enum(["middle", "source"])
    .default("middle")
    .describe("Where the new voice stands: in the middle, or where the vocal stands between left and right."),
  seed: seedParam,
  bitrate: z
    .union([z.literal(128), z.literal(192), z.literal(320)])
    .default(192)
    .describe("kbit/s of MP3."),
  bit_depth: z
    .union([z.literal(16), z.literal(24)])
    .default(16)
    .describe("Of WAV and FLAC."),
};

const coverParams = z.object({ ...echoedParams, ...unechoedParams });

export type CoverParams = z.output<typeof coverParams>;

/** What every cover answers. */
export const coverResult = {
  success: z.literal(true),
  output_audio: z.string().nullable().describe("Base64."),
  output_url: z.string().optional().describe("Where the file is, when `output_audio` is null."),
  filename: z.string(),
  size: z.number().int().describe("Bytes."),
  model_used: z.string(),
  parameters: z.strictObject(echoedParams),
  auto_pitch: autoPitchResult.describe("What `auto_pitch` chose: whole octaves, as the music keeps its key."),
};

/** How a cover is to sound, as the pipelines have it. */
export function coverSettings(params: CoverParams): Omit<CoverRequest, "vocal" | "instrument" | "backup" | "voice"> {
  return {
    pitch: params.pitch_adjust,
    pitchOfAll: params.pitch_change_all,
    retrieval: {
      indexRate: params.index_rate,
      filterRadius: params.filter_radius,
      rmsMixRate: params.rms_mix_rate,
      protect: params.protect,
      f0Method: params.f0_method,
      crepeHopLength: params.crepe_hop_length,
      speaker: params.speaker_id,
      ...(params.f0_curve ? { f0Curve: params.f0_curve } : {}),
    },
    seed: params.seed ?? undefined,
    reverb: {
      roomSize: params.reverb_rm_size,
      damping: params.reverb_damping,
      wet: params.reverb_wet,
      dry: params.reverb_dry,
    },
    placement: params.vocal_placement,
    gains: { main: params.main_gain, backup: params.backup_gain, instrument: params.inst_gain },
    format:
      params.output_format === "mp3"
        ? { container: "mp3", bitrate: params.bitrate }
        : { container: params.output_format, bits: params.bit_depth },
  };
}

/** Delivers a cover, and answers what is said of it. @param voice its name */
export async function deliverCover(made: CoverFile, voice: string, params: CoverParams, context: OperationContext) {
  const stem = `cover_${voice}`;
  const extension = params.output_format;
  const filename = safeName(`${stem}.${extension}`);
  const file = await context.clock.time("deliver", () =>
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
    model_used: voice,
    parameters: Object.fromEntries(ECHOED.map((name) => [name, params[name]])) as Pick<
      CoverParams,
      keyof typeof echoedParams
    >,
  };
}

/** Parts of a cover as files of their own, in an answer. */
export const deliveredStem = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z.strictObject({
    stem: z.enum(names),
    audio_path: z.string().nullable(),
    audio_url: z.string().nullable(),
    duration: z.number().describe("Seconds."),
  });

export const stemsFormatParam = z.enum(["wav", "flac", "mp3"]).default("flac");

/** Delivers parts of a cover. */
export async function deliverStems<Name extends string>(
  stems: readonly (EncodedAudio & { readonly stem: Name })[],
  format: TrackFormat,
  context: OperationContext,
) {
  return context.clock.time("deliver", async () => {
    const delivered = [];
    for (const { stem, path, mime, duration } of stems) {
      const filename = outputFileName(stem, format);
      const { key, url } = await context.deliver({ kind: "audio", path, filename, folder: "audio", mime, duration });
      const place = { audio_path: url === undefined ? null : `results/${key}`, audio_url: url ?? null };
      delivered.push({ stem, ...place, duration });
    }
    return delivered;
  });
}
