import { z } from "zod";
import { tts } from "../../operations/tts.ts";
import { requestId } from "../avatar/descriptions.ts";
import { FAILURES, type RouteDescription } from "../openapi/description.ts";
import { cancelFields, ttsFields } from "./fields.ts";

const { shape } = tts.result;

export const INTERVIEW_ROUTES = {
  tts: {
    api: "interview",
    summary: "Speech alone, as a WAV file.",
    body: {
      schema: ttsFields,
      operation: "tts",
      example: { text: "안녕하세요, 반갑습니다.", voice: "Custom" },
    },
    answers: [
      {
        what: "It is spoken.",
        schema: z.object({
          success: z.literal(true),
          audio_path: z.string(),
          audio_url: z.string(),
          duration: shape.duration,
          elapsed: shape.elapsed,
          engine: shape.engine,
          voice: shape.voice,
          request_id: requestId,
        }),
      },
    ],
    errors: "success",
    fails: FAILURES.job,
  },
  cancel: {
    api: "interview",
    summary: "Ends the caller's jobs that go by a `sid`; with an API key, anybody's.",
    body: { schema: cancelFields, example: { sid: "session_id" } },
    answers: [{ what: "They end.", schema: z.object({ status: z.literal("cancelled") }) }],
    errors: "plain",
    fails: FAILURES.lookUp,
  },
} as const satisfies Record<string, RouteDescription>;
