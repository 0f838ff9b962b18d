import type { Checkpoint } from "../../checkpoints/checkpoint.ts";
import { nearKey } from "../../checkpoints/near-key.ts";
import { AppError } from "../../errors.ts";
import type { Architecture } from "./architecture.ts";
import { CONTENTVEC } from "./architectures/contentvec.ts";
import { CONTENTVEC_ONNX } from "./architectures/contentvec-onnx.ts";
import { CREPE } from "./architectures/crepe.ts";
import { KNOWN_BY_NAME } from "./architectures/known-by-name.ts";
import { MDX_NET } from "./architectures/mdx-net.ts";
import { RMVPE } from "./architectures/rmvpe.ts";
import { RMVPE_ONNX } from "./architectures/rmvpe-onnx.ts";
import { ROFORMER } from "./architectures/roformer.ts";
import { RVC } from "./architectures/rvc.ts";
import { S3FD } from "./architectures/s3fd.ts";
import { WAV2LIP } from "./architectures/wav2lip.ts";

/** Every network that a file can be recognised as, in the order in which they are tried. */
export const ARCHITECTURES: readonly Architecture[] = [
  WAV2LIP,
  S3FD,
  MDX_NET,
  RVC,
  CONTENTVEC,
  CONTENTVEC_ONNX,
  RMVPE,
  RMVPE_ONNX,
  CREPE,
  ROFORMER,
  ...KNOWN_BY_NAME,
];

/** Raised when files are recognised in another way, so that what an index remembers of them is looked at anew. */
export const RECOGNITION_VERSION = 5;

/** Which network a checkpoint is, and what of it is not supported, where something is not. */
export type Recognised = {
  readonly architecture: Architecture;
  readonly variant: string;
  readonly problem?: string;
};

/**
 * Recognises a network by the keys and shapes of its weights.
 * @throws AppError `model_unusable` for weights that nothing here knows
 */
export function recognise(checkpoint: Checkpoint): Recognised {
  for (const architecture of ARCHITECTURES) {
    const { graphs, ready = false } = architecture;
    // Weights in a graph may be folded into each other: it is no checkpoint, whatever their names.
    if (ready !== (checkpoint.format === "onnx")) continue;
    let variant: string | undefined;
    try {
      variant = architecture.recognise(checkpoint);
      if (variant === undefined) continue;
      // A graph that is built without being written finds weights that are missing or of another shape.
      for (const part of graphs?.parts ?? []) graphs?.build(checkpoint, variant, part, "float32");
      return { architecture, variant };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { architecture, variant: variant ?? "", problem: error.message };
    }
  }
  throw unknown(checkpoint);
}

/** The architecture of a family. */
export function architectureOf(family: string): Architecture | undefined {
  return ARCHITECTURES.find((architecture) => architecture.family === family);
}

/** Says what a file holds that is of no network known, and what its keys would have to be if they are nearly right. */
function unknown({ file, tensors, format }: Checkpoint): AppError {
  const keys = [...tensors.keys()];
  if (keys.length === 0) {
    return new AppError(
      "model_unusable",
      `${file}: it holds no weights (${format}). Use the file of the model itself.`,
    );
  }
  for (const { title, marks } of ARCHITECTURES) {
    for (const mark of marks) {
      const near = nearKey(mark, keys);
      if (near === undefined) continue;
      return new AppError(
        "model_unusable",
        `${file}: its keys are almost ${title}'s: it has "${near}" where "${mark}" is expected. Save its state dict under the original names.`,
      );
    }
  }
  const some = keys.slice(0, 2).map((key) => `"${key}"`);
  const titles = ARCHITECTURES.filter(({ graphs, ready }) => graphs || ready).map(({ title }) => title);
  return new AppError(
    "model_unusable",
    `${file}: its ${keys.length} tensors (${some.join(", ")}${keys.length > 2 ? ", …" : ""}) are of no network that is known. Usable are files of ${new Intl.ListFormat("en").format(titles)}.`,
  );
}
