import { z } from "zod";
import { targetVoiceNames } from "../pipelines/target-voice.ts";
import { defineOperation } from "./operation.ts";

export const listModels = defineOperation({
  name: "list_models",
  summary: "The voice models that covers and conversions can use.",
  description:
    "RVC voices in `models/rvc/NAME/` with a `.pth` file, the embedded timbres, and stored reference voices.",
  params: z.strictObject({}),
  result: z.strictObject({ models: z.array(z.string()), count: z.number().int() }),
  limits: [],
  example: {},
  heavy: false,
  async run(_params, context) {
    const models = await targetVoiceNames(context);
    return { models, count: models.length };
  },
});
