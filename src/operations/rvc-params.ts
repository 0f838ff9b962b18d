import { z } from "zod";
import { MAX_F0_POINTS } from "../limits/inputs.ts";
import { type AutoPitch, rangeOfVoice, type VoiceRange } from "../pipelines/auto-pitch.ts";
import type { TargetVoice } from "../pipelines/target-voice.ts";
import type { OperationContext } from "./operation.ts";

const share = z.number().min(0).max(1);

/** Ways to find the pitch of a voice: the documented three first. */
export const F0_METHODS = [
  "rmvpe",
  "crepe",
  "harvest",
  "crepe-tiny",
  "mangio-crepe",
  "mangio-crepe-tiny",
  "dio",
] as const;

/** Settings of RVC voices, with the documented defaults. */
export const rvcParams = {
  index_rate: share.default(0.5).describe("RVC voices: share of the retrieved features."),
  filter_radius: z
    .number()
    .min(0)
    .max(7)
    .default(3)
    .describe("RVC voices: above 2, the pitch that harvest finds is smoothed."),
  rms_mix_rate: share.default(0.25).describe("RVC voices: 0 follows the source's loudness, 1 keeps the model's."),
  protect: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.33)
    .describe("RVC voices: protection of voiceless consonants; 0.5 is none."),
  f0_method: z.enum(F0_METHODS).default("rmvpe").describe("RVC voices: how the pitch is found."),
};

/** Settings of RVC voices that the documents' answer does not repeat. */
export const moreRvcParams = {
  crepe_hop_length: z
    .number()
    .int()
    .min(32)
    .max(1024)
    .default(128)
    .describe("RVC voices with mangio-crepe: samples at 16 kHz from one pitch to the next."),
  f0_curve: z
    .array(z.tuple([z.number().min(0), z.number().min(0).max(4000)]))
    .max(MAX_F0_POINTS)
    .nullish()
    .describe(
      "RVC voices: the pitch to sing, as [seconds, Hz] in their order; 0 Hz where nothing is sung. Not shifted.",
    ),
  speaker_id: z.int().min(0).default(0).describe("RVC voices of several speakers: which of them."),
};

/** Whether a singer is moved to where a voice sings, and where that is. */
export const autoPitchParams = {
  auto_pitch: z
    .boolean()
    .default(false)
    .describe("RVC voices: moves the singer to where the voice sings; `pitch_adjust` or `pitch` goes on top."),
  voice_pitch_hz: z
    .number()
    .min(30)
    .max(2000)
    .nullish()
    .describe("For `auto_pitch`: the median of the voice's notes, Hz; default what lies beside its file."),
};

const hertz = z.number().positive();

/** What was chosen; there where `auto_pitch` was asked for and the voice is an RVC voice. */
export const autoPitchResult = z
  .strictObject({
    semitones: z.number().describe("By what the singer was moved."),
    singer: z
      .strictObject({ median: hertz, low: hertz, high: hertz })
      .nullable()
      .describe("Where the singer sings, Hz: median, 10th and 90th percentile; null where no pitch was found."),
    voice_pitch_hz: hertz,
    from: z.string().describe("Who says so: `voice_pitch_hz`, or a file beside the voice."),
  })
  .optional();

/** @returns the field `auto_pitch` of an answer, or none */
export function autoPitchAnswer(chosen: AutoPitch | undefined): { auto_pitch?: z.output<typeof autoPitchResult> } {
  if (!chosen) return {};
  const { semitones, singer, voice } = chosen;
  const hz = (value: number): number => Math.round(value * 10) / 10;
  const range = singer && { median: hz(singer.median), low: hz(singer.low), high: hz(singer.high) };
  return { auto_pitch: { semitones, singer: range, voice_pitch_hz: hz(voice.hz), from: voice.from } };
}

/**
 * Where the voice sings, where a singer is to be moved there. Embedded and stored voices find their octave by themselves.
 * @throws AppError `invalid_input` where nothing tells; `model_unusable`
 */
export async function autoPitchOf(
  params: { readonly auto_pitch: boolean; readonly voice_pitch_hz?: number | null | undefined },
  voice: TargetVoice,
  context: OperationContext,
): Promise<VoiceRange | undefined> {
  if (!params.auto_pitch) return undefined;
  if (voice.converter.info.embedded) {
    context.warn(`\`auto_pitch\` is for RVC voices: "${voice.name}" finds where it sings by itself.`);
    return undefined;
  }
  return rangeOfVoice(voice, params.voice_pitch_hz ?? undefined, context);
}
