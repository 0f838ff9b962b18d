import { z } from "zod";
import { MAX_F0_POINTS } from "../limits/inputs.ts";

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
