import { z } from "zod";
import { INSTRUMENTS } from "../engines/stems/stem-separator.ts";
import { rvcVoices } from "../library/rvc-voices.ts";
import { separationNetworks } from "../pipelines/stems/separation-networks.ts";
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

/** An RVC voice as callers see it. */
const rvcVoice = z.strictObject({
  name: z.string(),
  state: z.enum(["ready", "unusable"]),
  problem: z.string().optional().describe("What in its files is not supported, and what to do."),
  version: z.enum(["v1", "v2"]).optional(),
  sample_rate: z.int().optional().describe("Hz of what it sings."),
  f0: z.boolean().optional().describe("Whether it sings the pitch that it is given."),
  index_vectors: z.int().nullable().optional().describe("Of the `.index` beside it; null where there is none."),
});

/** What can take songs apart, as callers see it. */
const separationNetwork = z.strictObject({
  name: z.string().describe("What `separation_models` calls it."),
  engine: z.string(),
  role: z
    .enum(["vocals", "instrumental", "karaoke", "reverb", "other"])
    .describe("The step that it is for: `karaoke` tells the lead from other voices; `other` is for none."),
  instruments: z.array(z.enum(INSTRUMENTS)).describe("What else it takes out, each by itself."),
});

export const listModels = defineOperation({
  name: "list_models",
  summary: "The voice models that covers and conversions can use, and the files of weights that were found.",
  description:
    "RVC voices in `models/rvc/NAME/` with a `.pth` file, the embedded timbres, and stored reference voices; `voices` says what the RVC voices are: [rvc.md](rvc.md). `files` are the weights in the models folders, known by their content: [models.md](models.md); `separation` says which of them take songs apart, and for which step.",
  params: z.strictObject({}),
  result: z.strictObject({
    models: z.array(z.string()),
    count: z.number().int(),
    voices: z.array(rvcVoice),
    files: z.array(weightsFile),
    separation: z.array(separationNetwork),
  }),
  limits: [],
  example: {},
  heavy: false,
  async run(_params, context) {
    const { config, signal } = context;
    const [models, entries, found, networks] = await Promise.all([
      targetVoiceNames(context),
      context.models.list(),
      rvcVoices(context.models, config, signal),
      separationNetworks("auto", context),
    ]);
    const voices = found.map((voice) =>
      "problem" in voice
        ? { name: voice.name, state: "unusable" as const, problem: voice.problem }
        : {
            name: voice.name,
            state: "ready" as const,
            version: voice.version,
            sample_rate: voice.sampleRate,
            f0: voice.f0,
            index_vectors: voice.index?.count ?? null,
          },
    );
    const files = entries.map(({ name, family, variant, bytes, licence, state, problem }) => ({
      name,
      family,
      variant,
      bytes,
      licence,
      state,
      ...(problem === undefined ? {} : { problem }),
    }));
    const separation = networks.map(({ engine, model: { name, role, instruments = [] } }) => ({
      name,
      engine: engine.info.id,
      role,
      instruments: [...instruments],
    }));
    return { models, count: models.length, voices, files, separation };
  },
});
