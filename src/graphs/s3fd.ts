import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { type Graph, GraphBuilder, type Precision } from "./graph-builder.ts";
import { cast, channelL2Norm, concat, conv, maxPool, permute, reduceMax, relu, slice } from "./nn.ts";
import type { Value } from "./onnx/types.ts";
import { Weights } from "./weights.ts";

/**
 * S3FD (Zhang et al. 2017, "Single Shot Scale-invariant Face Detector"): a VGG-16 trunk with detectors at six scales.
 * Level i has strides of 2^(i+2) pixels; `face_alignment/detection/sfd/net_s3fd.py` is the reference.
 */

/** Scales at which faces are looked for. */
export const S3FD_LEVELS = 6;

/** Brightness that is taken off blue, green and red. */
const MEAN = [104, 117, 123];

/**
 * Which channel a mean belongs to. `vendored`: as the copies in Wav2Lip and MuseTalk have it, which take the blue's off
 * the red and the red's off the blue; `right`: as the network was trained.
 */
export type MeanOrder = "vendored" | "right";

/** Whether a checkpoint is an S3FD. */
export function isS3fd({ tensors }: Checkpoint): boolean {
  return tensors.has("conv3_3_norm_mbox_conf.weight") && tensors.has("conv7_2_mbox_loc.weight");
}

/** The graph of a checkpoint, and the keys that it does not need. */
export type S3fdGraph = { readonly graph: Graph; readonly unused: readonly string[] };

/**
 * Builds the graph: `picture` [batch, height, width, 3] uint8 BGR → for each level `score{i}` [batch, 1, h, w], the
 * probability of a face at each place, and `box{i}` [batch, 4, h, w], offsets and scales of its box.
 * @throws AppError `model_unusable` when a weight is missing or of another shape
 */
export function buildS3fd(
  checkpoint: Checkpoint,
  mean: MeanOrder = "vendored",
  precision: Precision = "float32",
): S3fdGraph {
  const w = new Weights(checkpoint, "S3FD");
  const g = new GraphBuilder("s3fd", precision);
  let x = normalised(g, mean);
  const stage = (names: readonly string[], out: number): Value => {
    for (const name of names) x = relu(g, conv(g, w, x, name, { out, kernel: 3, padding: 1 }));
    return x;
  };
  stage(["conv1_1", "conv1_2"], 64);
  x = maxPool(g, x, 2);
  stage(["conv2_1", "conv2_2"], 128);
  x = maxPool(g, x, 2);
  const f3 = stage(["conv3_1", "conv3_2", "conv3_3"], 256);
  x = maxPool(g, x, 2);
  const f4 = stage(["conv4_1", "conv4_2", "conv4_3"], 512);
  x = maxPool(g, x, 2);
  const f5 = stage(["conv5_1", "conv5_2", "conv5_3"], 512);
  x = maxPool(g, x, 2);
  x = relu(g, conv(g, w, x, "fc6", { out: 1024, kernel: 3, padding: 3 }));
  const ffc7 = (x = relu(g, conv(g, w, x, "fc7", { out: 1024, kernel: 1 })));
  x = relu(g, conv(g, w, x, "conv6_1", { out: 256, kernel: 1 }));
  const f6 = (x = relu(g, conv(g, w, x, "conv6_2", { out: 512, kernel: 3, stride: 2, padding: 1 })));
  x = relu(g, conv(g, w, x, "conv7_1", { out: 128, kernel: 1 }));
  const f7 = relu(g, conv(g, w, x, "conv7_2", { out: 256, kernel: 3, stride: 2, padding: 1 }));

  const levels: readonly (readonly [Value, string])[] = [
    [channelL2Norm(g, w, f3, "conv3_3_norm"), "conv3_3_norm_mbox"],
    [channelL2Norm(g, w, f4, "conv4_3_norm"), "conv4_3_norm_mbox"],
    [channelL2Norm(g, w, f5, "conv5_3_norm"), "conv5_3_norm_mbox"],
    [ffc7, "fc7_mbox"],
    [f6, "conv6_2_mbox"],
    [f7, "conv7_2_mbox"],
  ];
  for (const [level, [features, head]] of levels.entries()) {
    const channels = level === 0 ? 4 : 2;
    const classes = conv(g, w, features, `${head}_conf`, { out: channels, kernel: 3, padding: 1 });
    const boxes = conv(g, w, features, `${head}_loc`, { out: 4, kernel: 3, padding: 1 });
    g.output(`score${level}`, cast(g, faceScore(g, classes, channels), "float32"));
    g.output(`box${level}`, cast(g, boxes, "float32"));
  }
  return { graph: g.finish(), unused: w.unused() };
}

/** Pixels with the channels first, less the mean: as RGB with the means of BGR (vendored), or as BGR. */
function normalised(g: GraphBuilder, mean: MeanOrder): Value {
  const picture = g.input("picture", "uint8", ["batch", "height", "width", 3]);
  const bgr = permute(g, cast(g, picture, g.precision), [0, 3, 1, 2]);
  const channels = [2, 1, 0].map((channel) => slice(g, bgr, 1, channel, channel + 1));
  const x = mean === "vendored" ? concat(g, channels, 1) : bgr;
  return g.node("Sub", [x, g.constant("mean", g.precision, [1, 3, 1, 1], MEAN)], x);
}

/** Softmax over background and face; at the finest level the background is the largest of three (max-out). */
function faceScore(g: GraphBuilder, classes: Value, channels: number): Value {
  const face = slice(g, classes, 1, channels - 1, channels);
  const rest = slice(g, classes, 1, 0, channels - 1);
  const background = channels > 2 ? reduceMax(g, rest, 1) : rest;
  return g.node("Sigmoid", [g.node("Sub", [face, background], face)], face);
}
