import { z } from "zod";
import { targetVoiceNames } from "../pipelines/target-voice.ts";
import { defineOperation } from "./operation.ts";

/** A file of weights as callers see it. */
const weightsFile = z.strictObject({
  name: z.string().describe("Its path below the models folder, without extension."),
  family: z.string().describe("The network: `wav2lip`, `s3fd`, …; empty where it is of none that is known."),
  variant: z.string().describe("Such as `96`; empty where the network has one form."),
  bytes: z.number().int(),
  licence: z.string().describe("What whoever uses it should know."),
  state: z.enum(["ready", "unusable"]),
  problem: z.string().optional().describe("What in it is not supported, and what to do."),
});

export const listModels = defineOperation({
  name: "list_models",
  summary: "The voice models that covers and conversions can use, and the files of weights that were found.",
  description:
    "RVC voices in `models/rvc/NAME/` with a `.pth` file, the embedded timbres, and stored reference voices. `files` are the weights in the models folders, known by their content: [models.md](models.md).",
  params: z.strictObject({}),
  result: z.strictObject({ models: z.array(z.string()), count: z.number().int(), files: z.array(weightsFile) }),
  limits: [],
  example: {},
  heavy: false,
  async run(_params, context) {
    const [models, entries] = await Promise.all([targetVoiceNames(context), context.models.list()]);
    const files = entries.map(({ name, family, variant, bytes, licence, state, problem }) => ({
      name,
      family,
      variant,
      bytes,
      licence,
      state,
      ...(problem === undefined ? {} : { problem }),
    }));
    return { models, count: models.length, files };
  },
});
