import { buildContentVec, isContentVec } from "../../../graphs/contentvec.ts";
import type { Architecture } from "../architecture.ts";

/** Parts: `v1` (sound → features for RVC's first voices) and `v2` (for its later ones). */
export const CONTENTVEC: Architecture = {
  family: "contentvec",
  title: "ContentVec or HuBERT base",
  licence: "MIT, as fairseq, ContentVec and RVC are.",
  marks: ["encoder.layers.11.final_layer_norm.weight"],
  recognise: (checkpoint) => (isContentVec(checkpoint) ? "" : undefined),
  graphs: {
    version: 2,
    parts: ["v1", "v2"],
    build(checkpoint, _variant, part, precision) {
      const graphs = buildContentVec(checkpoint, precision);
      return { graph: graphs[part as "v1" | "v2"], unused: graphs.unused };
    },
  },
};
