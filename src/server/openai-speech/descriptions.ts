import { z } from "zod";
import { ERROR_FORMS, FAILURES, type RouteDescription } from "../openapi/description.ts";
import { RESPONSE_FORMATS } from "./encode-answer.ts";
import { speechFields } from "./fields.ts";

const count = z.int();

export const OPENAI_ROUTES = {
  speech: {
    api: "openai",
    summary: "Speech of a text, as a file or as events.",
    details:
      "MP3, Opus, AAC and raw samples are sent while they are spoken, WAV and FLAC when they are whole. `x-talkbox-voice` and `x-talkbox-engine` name who speaks.",
    body: {
      schema: speechFields,
      operation: "tts",
      names: { input: "text" },
      example: { model: "talkbox", input: "Good morning.", voice: "alloy", response_format: "wav" },
    },
    answers: [
      ...Object.values(RESPONSE_FORMATS).map(({ type }) => ({ what: `Sound, \`${type}\`.`, type })),
      {
        what: "Events, each on one `data: ` line.",
        type: "text/event-stream",
        events: {
          "speech.audio.delta": z.object({
            type: z.literal("speech.audio.delta"),
            audio: z.string().describe("Base64."),
          }),
          "speech.audio.done": z.object({
            type: z.literal("speech.audio.done"),
            usage: z.object({ input_tokens: count, output_tokens: count, total_tokens: count }),
          }),
          error: ERROR_FORMS.openai.extend({ type: z.literal("error") }),
        },
      },
    ],
    errors: "openai",
    fails: FAILURES.job,
  },
  models: {
    api: "openai",
    summary: "What can be named as `model`.",
    answers: [
      {
        what: "This server, and its speech engines.",
        schema: z.object({
          object: z.literal("list"),
          data: z.array(
            z.object({ id: z.string(), object: z.literal("model"), created: z.int(), owned_by: z.string() }),
          ),
        }),
      },
    ],
    errors: "openai",
  },
  voices: {
    api: "openai",
    summary: "What can be named as `voice`, besides OpenAI's own.",
    answers: [{ what: "Names.", schema: z.object({ voices: z.array(z.string()) }) }],
    errors: "openai",
  },
} as const satisfies Record<string, RouteDescription>;
