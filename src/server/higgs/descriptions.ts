import { z } from "zod";
import { usage } from "../../operations/speech-params.ts";
import { FAILURES, type RouteDescription } from "../openapi/description.ts";
import { cloneFields, dialogueFields, generateFields, uploadFields } from "./fields.ts";

const spoken = {
  what: "The speech.",
  schema: z.object({
    audio_base64: z.string().describe("WAV, 24 kHz, one channel."),
    text: z.string(),
    sampling_rate: z.int().describe("Hz."),
    duration: z.number().describe("Seconds."),
    usage,
    warnings: z.array(z.string()).optional().describe("Parameters that have no effect here."),
  }),
};

export const HIGGS_ROUTES = {
  health: {
    api: "higgs",
    summary: "The state of the service.",
    answers: [
      {
        what: "Whether anything speaks here.",
        schema: z.object({
          status: z.enum(["healthy", "unhealthy"]),
          model_loaded: z.boolean(),
          device: z.string(),
          voices_available: z.int(),
        }),
      },
    ],
    errors: "detail",
  },
  voices: {
    api: "higgs",
    summary: "Voices, those that were uploaded too.",
    answers: [{ what: "All.", schema: z.array(z.object({ name: z.string(), description: z.string() })) }],
    errors: "detail",
  },
  generate: {
    api: "higgs",
    summary: "Speech of a text.",
    details: "Parameters that the engine has no use for are named in `warnings`. Speech is never cut short.",
    body: {
      schema: generateFields,
      operation: "tts",
      example: { text: "안녕, 세상아!", temperature: 0.7, seed: 42 },
    },
    answers: [spoken],
    errors: "detail",
    fails: FAILURES.job,
  },
  clone: {
    api: "higgs",
    summary: "Speech in the voice of a reference.",
    details: "One of `reference_voice` and `reference_audio` is required; where both are given, the audio counts.",
    body: {
      schema: cloneFields,
      operation: "voice_clone",
      example: { text: "이것은 복제된 음성이 말하고 있습니다.", reference_voice: "belinda" },
    },
    answers: [spoken],
    errors: "detail",
    fails: FAILURES.job,
  },
  dialogue: {
    api: "higgs",
    summary: "A dialogue: `[SPEAKER0]`, `[SPEAKER1]` … say who speaks.",
    body: {
      schema: dialogueFields,
      operation: "multi_speaker",
      example: {
        text: "[SPEAKER0] 안녕하세요!\n[SPEAKER1] 네, 반가워요!",
        reference_voices: ["belinda", "chadwick"],
      },
    },
    answers: [spoken],
    errors: "detail",
    fails: FAILURES.job,
  },
  upload: {
    api: "higgs",
    summary: "Keeps a recording as a reference voice.",
    body: {
      schema: uploadFields,
      example: { file: "@voice.wav", name: "mina", description: "Mina, calm and close" },
      types: ["multipart/form-data"],
    },
    answers: [
      {
        what: "It is kept.",
        schema: z.object({ name: z.string(), description: z.string(), duration: z.number().describe("Seconds.") }),
      },
    ],
    errors: "detail",
    fails: [...FAILURES.job, 409],
  },
} as const satisfies Record<string, RouteDescription>;
