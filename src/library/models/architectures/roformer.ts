import { buildRoformer } from "../../../graphs/roformer.ts";
import { describeRoformer, roformerCheckpoint, roformerConfig } from "../../../graphs/roformer-config.ts";
import type { Architecture } from "../architecture.ts";

/**
 * Parts: `plain` and `skipping`, where each pair of transformers gets what all before it made: shapes do not tell which of
 * the two a file was trained as, its settings do. Variants: kind and sizes, `mel-band 384x6, 60 bands of 2048, stereo, 1 stem`.
 */
export const ROFORMER: Architecture = {
  family: "roformer",
  title: "a BS-RoFormer or Mel-Band RoFormer",
  licence: "As its publisher says: few of those that separate songs have a licence.",
  marks: ["band_split.to_features.0.1.weight", "mask_estimators.0.to_freqs.0.0.0.weight"],
  recognise(checkpoint) {
    const known = roformerCheckpoint(checkpoint);
    return known && describeRoformer(roformerConfig(known));
  },
  graphs: {
    version: 1,
    parts: ["plain", "skipping"],
    build: (checkpoint, _variant, part, precision) =>
      buildRoformer(checkpoint, { precision, skips: part === "skipping" }),
  },
};
