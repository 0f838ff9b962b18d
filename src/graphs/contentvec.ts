import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { AppError } from "../errors.ts";
import { attention, gelu, layerNorm, linear } from "./attention.ts";
import { type ContentVecNames, contentVecNames } from "./contentvec-names.ts";
import { type Graph, GraphBuilder, type Precision } from "./graph-builder.ts";
import { add, cast, conv, permute } from "./nn.ts";
import type { Value } from "./onnx/types.ts";
import { weightNorm } from "./weight-norm.ts";
import { weightOf, Weights } from "./weights.ts";

/**
 * ContentVec (Qian et al. 2022), a HuBERT base (Hsu et al. 2021) trained to hear what is said and not who says it: sound
 * in, 50 frames a second of features out. fairseq's `HubertModel` and that of transformers are the references.
 */

/** Sides and steps of the filters that listen: 320 samples to a frame. */
const LISTENERS: readonly (readonly [kernel: number, stride: number])[] = [
  [10, 5],
  [3, 2],
  [3, 2],
  [3, 2],
  [3, 2],
  [2, 2],
  [2, 2],
];
/** Taps of the filter that tells places apart, and its groups. */
const PLACE_TAPS = 128;
const PLACE_GROUPS = 16;
/** Numbers that each head looks at. */
const HEAD = 64;
const LAYERS = 12;
/** The layer whose features RVC v1 takes, counted from one. */
const V1_LAYER = 9;
/** Weights that only training needs. */
const OF_TRAINING = new Set(["mask_emb", "masked_spec_embed", "label_embs_concat"]);

/** Samples at 16 kHz that a frame needs: fewer make none. */
export const CONTENTVEC_MIN_SAMPLES = 400;

/**
 * Whether a checkpoint is ContentVec or another HuBERT base with the projection that RVC v1 takes.
 * @throws AppError `model_unusable` for a HuBERT that is larger, or that has no projection
 */
export function isContentVec(checkpoint: Checkpoint): boolean {
  const { file } = checkpoint;
  const names = contentVecNames(checkpoint);
  if (!names) return false;
  const has = (key: string): boolean => checkpoint.tensors.has(`${key}.weight`);
  if (has(names.layer(LAYERS).last)) {
    throw new AppError(
      "model_unusable",
      `${file}: it is a HuBERT of more than ${LAYERS} layers, which no voice here was trained with. Use ContentVec: hubert_base.pt of RVC.`,
    );
  }
  const [width = 0] = checkpoint.tensors.get(`${names.features}.weight`)?.shape ?? [];
  if (width % HEAD !== 0) {
    throw new AppError(
      "model_unusable",
      `${file}: it is a HuBERT ${width} wide, which is no multiple of ${HEAD}. Use ContentVec: hubert_base.pt of RVC.`,
    );
  }
  if (!has(names.projection)) {
    throw new AppError(
      "model_unusable",
      `${file}: it is a HuBERT without final_proj, which voices of RVC v1 need. Use ContentVec as RVC or Applio publish it.`,
    );
  }
  return true;
}

/** The graphs of a checkpoint. */
export type ContentVecGraphs = {
  /** `audio` [batch, samples] float32 at 16 kHz → `features` [batch, frames, 256]: for voices of RVC v1 */
  readonly v1: Graph;
  /** The same with [batch, frames, 768]: for voices of v2. */
  readonly v2: Graph;
  /** Keys of the checkpoint that neither needs. */
  readonly unused: readonly string[];
};

/**
 * Builds the graphs. Frames are (samples − 400) / 320 + 1, rounded down. The first filter's norm is over all of the sound:
 * parts of a sound sound a little different to it than the whole.
 * @throws AppError `model_unusable` when a weight is missing or of another shape
 */
export function buildContentVec(checkpoint: Checkpoint, precision: Precision = "float32"): ContentVecGraphs {
  const names = contentVecNames(checkpoint);
  if (!names) throw new Error(`${checkpoint.file} is no ContentVec`);
  const w = new Weights(checkpoint, "ContentVec");
  const graph = (name: string, layers: number, projected: boolean): Graph => {
    const g = new GraphBuilder(name, precision);
    let x = layersOf(g, w, names, layers);
    if (projected) x = linear(g, w, x, names.projection, [w.shape(`${names.projection}.weight`)[0] ?? 0, widthOf(x)]);
    g.output("features", cast(g, x, "float32"));
    return g.finish();
  };
  return {
    v1: graph("contentvec-v1", V1_LAYER, true),
    v2: graph("contentvec-v2", LAYERS, false),
    unused: w.unused().filter((key) => !OF_TRAINING.has(key.slice(names.prefix.length))),
  };
}

function layersOf(g: GraphBuilder, w: Weights, names: ContentVecNames, layers: number): Value {
  const heard = permute(g, listened(g, w, names), [0, 2, 1]);
  const [width = 0] = w.shape(`${names.features}.weight`);
  const features = layerNorm(g, w, heard, names.featureNorm);
  let x = linear(g, w, features, names.features, [width, widthOf(heard)]);
  x = layerNorm(g, w, add(g, x, placed(g, w, names, x)), names.norm);
  for (let layer = 0; layer < layers; layer++) {
    const { query, key, value, out, first, last, wider, narrower } = names.layer(layer);
    const looked = attention(g, w, x, { heads: width / HEAD, query, key, value, out });
    x = g.stoppable(layerNorm(g, w, add(g, x, looked), first));
    const [wide = 0] = w.shape(`${wider}.weight`);
    const thought = linear(g, w, gelu(g, linear(g, w, x, wider, [wide, width])), narrower, [width, wide]);
    x = g.stoppable(layerNorm(g, w, add(g, x, thought), last));
  }
  return x;
}

/** The filters that listen: [batch, samples] → [batch, channels, frames]. */
function listened(g: GraphBuilder, w: Weights, names: ContentVecNames): Value {
  const audio = g.input("audio", "float32", ["batch", "samples"]);
  const axis = g.constant("axis", "int64", [1], [1]);
  let x = cast(g, g.node("Unsqueeze", [audio, axis], { shape: ["batch", 1, "samples"] }), g.precision);
  for (const [i, [kernel, stride]] of LISTENERS.entries()) {
    const key = names.listener(i);
    const [out = 0] = w.shape(`${key}.weight`);
    const sides = [i === LISTENERS.length - 1 ? "frames" : `samples/${i}`];
    x = conv(g, w, x, key, { out, kernel, stride, bias: false, sides });
    if (i === 0) x = channelNorm(g, w, x, names.listenerNorm);
    x = g.stoppable(gelu(g, x));
  }
  return x;
}

/** `GroupNorm` with a group for each channel, in float32: it sums over all of the sound. */
function channelNorm(g: GraphBuilder, w: Weights, x: Value, key: string): Value {
  const channels = x.shape[1] as number;
  const wide = cast(g, x, "float32");
  const [scale, shift] = ["weight", "bias"].map((name) =>
    weightOf(g, `${key}.${name}`, [channels], w.numbers(`${key}.${name}`, [channels]), "float32"),
  );
  return g.scope(key, () =>
    cast(g, g.node("InstanceNormalization", [wide, scale, shift], wide, { epsilon: { float: 1e-5 } }), x.type),
  );
}

/** What tells places apart: a filter over the neighbours of each, one more of those before it than of those after. */
function placed(g: GraphBuilder, w: Weights, { place }: ContentVecNames, x: Value): Value {
  const width = widthOf(x);
  const heard = conv(g, w, permute(g, x, [0, 2, 1]), place, {
    out: width,
    kernel: PLACE_TAPS,
    padding: PLACE_TAPS / 2,
    paddingAfter: PLACE_TAPS / 2 - 1,
    groups: PLACE_GROUPS,
    filters: weightNorm(w, place, [width, width / PLACE_GROUPS, PLACE_TAPS], 2),
  });
  return gelu(g, permute(g, heard, [0, 2, 1]));
}

function widthOf(x: Value): number {
  return x.shape.at(-1) as number;
}
