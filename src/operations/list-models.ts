import { z } from "zod";
import { listVoiceModels } from "../library/voice-models.ts";
import { defineOperation } from "./operation.ts";

export const listModels = defineOperation({
  name: "list_models",
  summary: "The voice models that covers and conversions can use.",
  description: "Voices in `models/rvc/NAME/` with a `.pth` file. The list is empty until the first one is there.",
  params: z.strictObject({}),
  result: z.strictObject({ models: z.array(z.string()), count: z.number().int() }),
  limits: [],
  example: {},
  heavy: false,
  async run(_params, { config }) {
    const models = await listVoiceModels(config.modelsDir);
    return { models, count: models.length };
  },
});
