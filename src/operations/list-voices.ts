import { z } from "zod";
import { defineOperation } from "./operation.ts";

export const listVoices = defineOperation({
  name: "list_voices",
  summary: "The voices that `tts` and `lipsync` can speak with.",
  description: "Voices of every speech engine that is available, with the engine that owns each.",
  params: z.strictObject({}),
  result: z.strictObject({
    voices: z.array(
      z.strictObject({
        name: z.string(),
        description: z.string(),
        gender: z.enum(["female", "male", "neutral"]),
        engine: z.string(),
      }),
    ),
    count: z.number().int(),
  }),
  limits: [],
  example: {},
  heavy: false,
  async run(_params, { engines }) {
    const voices = [];
    for (const engine of await engines.available("speech")) {
      for (const { name, description, gender } of await engine.voices()) {
        voices.push({ name, description, gender, engine: engine.info.id });
      }
    }
    return { voices, count: voices.length };
  },
});
