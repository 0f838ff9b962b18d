import { z } from "zod";
import { MAX_SEED } from "../../limits/inputs.ts";
import { RESPONSE_FORMATS, type ResponseFormat } from "./encode-answer.ts";

/** OpenAI's bounds; the operation's own are narrower, and the rest of it is made here. */
const SPEED = { min: 0.25, max: 4 } as const;

export const speechFields = z.object({
  model: z.string().max(200).describe("Anything; the id of a speech engine here is that engine."),
  input: z.string(),
  voice: z
    .union([z.string().max(200), z.object({ id: z.string().max(200) })])
    .optional()
    .meta({ default: "alloy" })
    .describe("One of OpenAI's, for which somebody of the same sex stands in, or one that `/v1/audio/voices` names."),
  response_format: z.enum(Object.keys(RESPONSE_FORMATS) as [ResponseFormat, ...ResponseFormat[]]).default("mp3"),
  speed: z.number().min(SPEED.min).max(SPEED.max).default(1),
  stream_format: z.enum(["audio", "sse"]).default("audio").describe("The sound itself, or events that carry it."),
  // OpenAI's `instructions` are for one of its models; what follows is what other servers of this form take.
  instructions: z.string().optional().describe("Has no effect."),
  language: z.string().max(20).optional(),
  seed: z.int().min(0).max(MAX_SEED).optional(),
});
