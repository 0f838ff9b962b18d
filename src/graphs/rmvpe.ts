import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { linear } from "./attention.ts";
import { type Graph, GraphBuilder, type Precision } from "./graph-builder.ts";
import { add, averagePool, cast, concat, conv, convTranspose, permute, relu, sigmoid } from "./nn.ts";
import type { Dim, Value } from "./onnx/types.ts";
import { biGru } from "./recurrent.ts";
import { melOf, RMVPE_BANDS } from "./rmvpe-mel.ts";
import { weightOf, Weights } from "./weights.ts";

/**
 * RMVPE (Wei et al. 2023, "RMVPE: A Robust Model for Vocal Pitch Estimation in Polyphonic Music"): sound in, how likely
 * each of 360 pitches is at each time out. A U-Net over the mel, then a GRU. `rmvpe.py` of RVC is the reference.
 */

/** Pitches, 20 cents apart. */
export const RMVPE_PITCHES = 360;
/** Frames that the network needs fewest of: it mirrors what is missing to a multiple of 32, and that must be there. */
export const RMVPE_MIN_FRAMES = 17;

const LEVELS = 5;
const INNER = 4;
const BLOCKS = 4;
const HIDDEN = 256;
/** Channels that come out of the U-Net for the GRU. */
const OUT = 3;

/** Whether a checkpoint is RMVPE. */
export function isRmvpe({ tensors }: Checkpoint): boolean {
  return tensors.has("unet.encoder.layers.0.conv.0.conv.0.weight") && tensors.has("fc.0.gru.weight_ih_l0");
}

/** The graph of a checkpoint, and the keys that it does not need. */
export type RmvpeGraph = { readonly graph: Graph; readonly unused: readonly string[] };

export type RmvpeOptions = {
  readonly precision?: Precision;
  /** Begins with `mel` [batch, 128, frames] float32 instead of the sound: for comparisons. Default false. */
  readonly mel?: boolean;
};

/**
 * Builds the graph: `audio` [batch, samples] float32 at 16 kHz, at least 2560 → `salience` [batch, frames, 360] float32
 * from 0 to 1, 1 + samples / 160 frames (rounded down), frame i at 10 ms · i
 * @throws AppError `model_unusable` when a weight is missing or of another shape
 */
export function buildRmvpe(
  checkpoint: Checkpoint,
  { precision = "float32", mel = false }: RmvpeOptions = {},
): RmvpeGraph {
  const w = new Weights(checkpoint, "RMVPE");
  const g = new GraphBuilder("rmvpe", precision);
  const heard = mel
    ? g.input("mel", "float32", ["batch", RMVPE_BANDS, "frames"])
    : melOf(g, g.input("audio", "float32", ["batch", "samples"]));
  const frames = g.node("Shape", [heard], { type: "int64", shape: [1] }, { start: 2, end: 3 });
  const whole = cast(g, mirrored(g, heard, frames), precision);
  const picture = g.node("Unsqueeze", [permute(g, whole, [0, 2, 1]), g.constant("axis", "int64", [1], [1])], {
    shape: ["batch", 1, "padded", RMVPE_BANDS],
  });
  const features = unet(g, w, picture);
  const drawn = conv(g, w, features, "cnn", { out: OUT, kernel: 3, padding: 1 });
  const width = g.constant("width", "int64", [3], [0, 0, OUT * RMVPE_BANDS]);
  const rows = g.node("Reshape", [permute(g, drawn, [0, 2, 1, 3]), width], {
    shape: ["batch", "padded", OUT * RMVPE_BANDS],
  });
  const scores = linear(g, w, biGru(g, w, rows, "fc.0.gru", HIDDEN), "fc.1", [RMVPE_PITCHES, 2 * HIDDEN]);
  const salience = sigmoid(g, cast(g, scores, "float32"));
  const int = (name: string, value: number): Value => g.constant(name, "int64", [1], [value]);
  g.output(
    "salience",
    g.node("Slice", [salience, int("start", 0), frames, int("time", 1)], { shape: ["batch", "frames", RMVPE_PITCHES] }),
  );
  return { graph: g.finish(), unused: w.unused() };
}

/** Frames mirrored at the end to a multiple of 32, which is as often as the U-Net halves them. */
function mirrored(g: GraphBuilder, mel: Value, frames: Value): Value {
  return g.scope("mirror", () => {
    const multiple = g.constant("multiple", "int64", [1], [2 ** LEVELS]);
    const missing = g.node("Mod", [g.node("Neg", [frames], frames), multiple], frames);
    const zeros = g.constant("zeros", "int64", [5], [0, 0, 0, 0, 0]);
    const sides = g.node("Concat", [zeros, missing], { shape: [6] }, { axis: 0 });
    return g.node("Pad", [mel, sides], { shape: ["batch", RMVPE_BANDS, "padded"] }, { mode: "reflect" });
  });
}

function unet(g: GraphBuilder, w: Weights, picture: Value): Value {
  const first = w.shape("unet.encoder.layers.0.conv.0.conv.0.weight")[0] ?? 16;
  const { scale, shift } = w.batchNorm("unet.encoder.bn", 1);
  const name = "unet.encoder.bn";
  const scaled = g.node("Mul", [picture, weightOf(g, `${name}.weight`, [1], scale)], picture);
  let x = g.node("Add", [scaled, weightOf(g, `${name}.bias`, [1], shift)], scaled);
  const skipped: Value[] = [];
  for (let level = 0; level < LEVELS; level++) {
    x = blocks(g, w, x, `unet.encoder.layers.${level}.conv`, first * 2 ** level);
    skipped.push(x);
    x = averagePool(g, x, 2, [`padded/${2 ** (level + 1)}`, RMVPE_BANDS / 2 ** (level + 1)]);
  }
  for (let layer = 0; layer < INNER; layer++) {
    x = blocks(g, w, x, `unet.intermediate.layers.${layer}.conv`, first * 2 ** LEVELS);
  }
  for (let layer = 0; layer < LEVELS; layer++) {
    const key = `unet.decoder.layers.${layer}`;
    const skip = skipped[LEVELS - 1 - layer] as Value;
    const [, out, ...sides] = skip.shape as [Dim, number, Dim, Dim];
    const norm = w.batchNorm(`${key}.conv1.1`, out);
    const options = { out, kernel: 3, stride: 2, padding: 1, outputPadding: 1, bias: false, norm, sides };
    const larger = relu(g, convTranspose(g, w, x, `${key}.conv1.0`, options));
    x = blocks(g, w, concat(g, [larger, skip], 1), `${key}.conv2`, out);
  }
  return x;
}

/** Blocks of two convolutions each; what comes in is added, over a convolution of its own where the channels change. */
function blocks(g: GraphBuilder, w: Weights, x: Value, key: string, out: number): Value {
  let value = x;
  for (let block = 0; block < BLOCKS; block++) {
    const at = `${key}.${block}`;
    const part = (input: Value, filter: number): Value => {
      const norm = w.batchNorm(`${at}.conv.${filter + 1}`, out);
      return relu(g, conv(g, w, input, `${at}.conv.${filter}`, { out, kernel: 3, padding: 1, bias: false, norm }));
    };
    const made = part(part(value, 0), 3);
    const kept = value.shape[1] === out ? value : conv(g, w, value, `${at}.shortcut`, { out, kernel: 1 });
    value = g.stoppable(add(g, made, kept));
  }
  return value;
}
