import { z } from "zod";
import { storedVoices } from "../pipelines/speaker.ts";
import { defineOperation } from "./operation.ts";

/** Hz, to a tenth. */
const hertz = (hz: number): number => Math.round(hz * 10) / 10;

export const listVoices = defineOperation({
  name: "list_voices",
  summary: "The voices that `tts` and `lipsync` can speak with.",
  description: [
    "Voices of every speech engine that is available, with the engine that owns each, and the reference voices that were",
    "brought with `upload_voice`, which the embedded engines adapt to.",
  ].join("\n"),
  params: z.strictObject({}),
  result: z.strictObject({
    voices: z.array(
      z.strictObject({
        name: z.string(),
        description: z.string(),
        gender: z.enum(["female", "male", "neutral"]).describe("`neutral` where nobody said."),
        kind: z.enum(["engine", "reference"]),
        engine: z.string().nullable().describe("Null for a reference voice: any engine that can adapt speaks it."),
        pitch_hz: z.number().optional().describe("Median pitch, where it was measured."),
        duration: z.number().optional().describe("Seconds of a reference voice's recording."),
        created: z.string().optional().describe("When a reference voice was brought, ISO 8601."),
      }),
    ),
    count: z.number().int(),
  }),
  limits: [],
  example: {},
  heavy: false,
  async run(_params, context) {
    const voices = [];
    for (const engine of await context.engines.available("speech")) {
      for (const { name, description, gender, measured } of await engine.voices()) {
        const own = { name, description, gender, kind: "engine" as const, engine: engine.info.id };
        voices.push({ ...own, ...(measured ? { pitch_hz: hertz(measured.f0) } : {}) });
      }
    }
    for (const { name, description, duration, created, profile } of await storedVoices(context).all()) {
      const own = { name, description, gender: "neutral" as const, kind: "reference" as const, engine: null };
      const pitch = profile ? { pitch_hz: hertz(profile.f0.median) } : {};
      voices.push({ ...own, ...pitch, duration: Math.round(duration * 1000) / 1000, created });
    }
    return { voices, count: voices.length };
  },
});
