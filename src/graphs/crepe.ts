import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { AppError } from "../errors.ts";
import { linear } from "./attention.ts";
import { type Graph, GraphBuilder, type Precision } from "./graph-builder.ts";
import { cast, conv, maxPool, permute, relu, sigmoid } from "./nn.ts";
import type { Value } from "./onnx/types.ts";
import { weightOf, Weights } from "./weights.ts";

/**
 * CREPE (Kim et al. 2018, "CREPE: A Convolutional Representation for Pitch Estimation"): 64 ms of sound in, how likely each
 * of 360 pitches is out. `torchcrepe/model.py` is the reference.
 */

/** Samples at 16 kHz of a frame, and pitches, 20 cents apart. */
export const CREPE_WINDOW = 1024;
export const CREPE_PITCHES = 360;

/** The variants, by the channels of their first layer. */
const SIZES: Readonly<Record<number, CrepeSize>> = { 1024: "full", 128: "tiny" };

export type CrepeSize = "full" | "tiny";

const LAYERS = 6;
/** What is added to a variance: as it came out of Keras. */
const EPSILON = 0.001_000_000_047_497_451_3;
/** A frame that changes less than this is silence. */
const SILENCE = 1e-10;

/**
 * Which variant a checkpoint is, by its shapes.
 * @returns undefined when it is no CREPE
 * @throws AppError `model_unusable` for a CREPE of another size
 */
export function crepeSize({ tensors, file }: Checkpoint): CrepeSize | undefined {
  const first = tensors.get("conv1.weight")?.shape;
  if (first?.length !== 4 || first[2] !== 512 || !tensors.has("conv6_BN.running_mean")) return undefined;
  const size = SIZES[first[0] ?? 0];
  if (size) return size;
  throw new AppError(
    "model_unusable",
    `${file}: it is a CREPE whose first layer has ${first[0]} channels, which is not supported. Known are full (1024) and tiny (128).`,
  );
}

/** The graph of a checkpoint, and the keys that it does not need. */
export type CrepeGraph = { readonly graph: Graph; readonly unused: readonly string[] };

/**
 * Builds the graph: `frames` [batch, 1024] float32 of sound at 16 kHz as it is → `salience` [batch, 360] float32 from 0 to 1
 * @throws AppError `model_unusable` when a weight is missing or of another shape
 */
export function buildCrepe(checkpoint: Checkpoint, size: CrepeSize, precision: Precision = "float32"): CrepeGraph {
  const w = new Weights(checkpoint, `CREPE (${size})`);
  const g = new GraphBuilder(`crepe-${size}`, precision);
  const frames = normalised(g, g.input("frames", "float32", ["batch", CREPE_WINDOW]));
  const axis = g.constant("axis", "int64", [1], [1]);
  let x = g.node("Unsqueeze", [cast(g, frames, precision), axis], { shape: ["batch", 1, CREPE_WINDOW] });
  for (let layer = 1; layer <= LAYERS; layer++) {
    const key = `conv${layer}`;
    const [out = 0] = w.shape(`${key}.weight`);
    const form = layer === 1 ? { kernel: 512, stride: 4, padding: 254 } : { kernel: 64, padding: 31, paddingAfter: 32 };
    const filters = w.numbers(`${key}.weight`, [out, x.shape[1] as number, form.kernel, 1]);
    // Here the norm comes after the rectifier: it cannot be folded into the filters.
    const { scale, shift } = w.batchNorm(`${key}_BN`, out, EPSILON);
    const heard = relu(g, conv(g, w, x, key, { out, filters, ...form }));
    const scaled = g.node("Mul", [heard, weightOf(g, `${key}_BN.weight`, [out, 1], scale)], heard);
    const moved = g.node("Add", [scaled, weightOf(g, `${key}_BN.bias`, [out, 1], shift)], scaled);
    x = maxPool(g, moved, 2);
  }
  const [, channels, steps] = x.shape as [unknown, number, number];
  const width = channels * steps;
  const flat = g.node("Reshape", [permute(g, x, [0, 2, 1]), g.constant("width", "int64", [2], [0, width])], {
    shape: ["batch", width],
  });
  g.output("salience", sigmoid(g, cast(g, linear(g, w, flat, "classifier", [CREPE_PITCHES, width]), "float32")));
  return { graph: g.finish(), unused: w.unused() };
}

/** Each frame less its mean, by its deviation. */
function normalised(g: GraphBuilder, frames: Value): Value {
  const one = { shape: ["batch", 1] };
  const mean = g.node("ReduceMean", [frames], one, { axes: [1], keepdims: 1 });
  const level = g.node("Sub", [frames, mean], frames);
  const length = g.node("ReduceL2", [level], one, { axes: [1], keepdims: 1 });
  const root = g.constant("root", "float32", [], [Math.sqrt(CREPE_WINDOW - 1)]);
  const deviation = g.node("Div", [length, root], one);
  const safe = g.node("Max", [deviation, g.constant("silence", "float32", [], [SILENCE])], one);
  return g.node("Div", [level, safe], level);
}
