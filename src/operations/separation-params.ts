import { z } from "zod";

/** Networks that take songs apart, chosen by name. */
export const separationModelsParam = z
  .array(z.string().min(1).max(200))
  .max(8)
  .default([])
  .describe(
    "Files that separate, where several would do: names as in `separation` of `list_models`, or files' own (`MelBandRoformer.ckpt`). Each does the step that it is for; the best does each other step.",
  );
