import { buildRmvpe, isRmvpe } from "../../../graphs/rmvpe.ts";
import type { Architecture } from "../architecture.ts";

/** Part: `salience` (sound → how likely each pitch is). */
export const RMVPE: Architecture = {
  family: "rmvpe",
  title: "RMVPE",
  licence: "Published with RVC (MIT).",
  marks: ["unet.encoder.layers.0.conv.0.conv.0.weight", "fc.0.gru.weight_ih_l0"],
  recognise: (checkpoint) => (isRmvpe(checkpoint) ? "" : undefined),
  graphs: {
    version: 2,
    parts: ["salience"],
    build: (checkpoint, _variant, _part, precision) => buildRmvpe(checkpoint, { precision }),
  },
};
