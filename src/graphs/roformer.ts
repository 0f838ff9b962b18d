import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { AppError } from "../errors.ts";
import { linear } from "./attention.ts";
import { type Graph, GraphBuilder, type Precision } from "./graph-builder.ts";
import { add, cast, concat, multiply, permute, sigmoid, tanh } from "./nn.ts";
import type { Dim, Value } from "./onnx/types.ts";
import { placesOfBins } from "./roformer-bands.ts";
import { ROFORMER_REMEDY, roformerCheckpoint, type RoformerConfig, roformerConfig } from "./roformer-config.ts";
import { rmsNorm, ROFORMER_LEAST, type Sequences, transformer, turnsOf } from "./roformer-layers.ts";
import { Weights } from "./weights.ts";

/**
 * BS-RoFormer (Lu et al. 2023, "Music Source Separation with Band-Split RoPE Transformer") and Mel-Band RoFormer (Wang et
 * al. 2023): a song's spectrum in, the spectra of its stems out. Bands are looked at along time and along the bands by
 * turns; each stem is the spectrum times a complex mask. The references are lucidrains' BS-RoFormer and ZFTurbo's copy of
 * it in Music-Source-Separation-Training (both MIT), which the published files are run with.
 */

/** What some versions of the reference keep beside the weights, and which follows from the sizes. */
const TABLES =
  /^(freq_indices|freqs_per_band|num_freqs_per_band|num_bands_per_freq)$|\.rotary_embed\.(cached_\w+|scale|dummy)$/;

/** A graph, and the keys of the checkpoint that it does not need. */
export type RoformerGraph = { readonly graph: Graph; readonly unused: readonly string[] };

export type RoformerOptions = {
  readonly precision?: Precision;
  /** Each pair of transformers gets what all pairs before it made, as the setting `skip_connection` says. Default false. */
  readonly skips?: boolean;
};

/**
 * Builds the graph: `spectrum` [batch, 2 · channels, bins, frames] float32 (real and imaginary parts of each channel in
 * turn) → `stems` [batch, stems, 2 · channels, bins, frames] float32
 * @throws AppError `model_unusable` when a weight is missing or of another shape, or for a fork
 */
export function buildRoformer(
  whole: Checkpoint,
  { precision = "float32", skips = false }: RoformerOptions = {},
): RoformerGraph {
  const checkpoint = roformerCheckpoint(whole);
  if (!checkpoint) throw new Error(`${whole.file} is no RoFormer`);
  const config = roformerConfig(checkpoint);
  const w = new Weights(checkpoint, config.kind === "bs" ? "BS-RoFormer" : "Mel-Band RoFormer");
  const g = new GraphBuilder("roformer", precision);
  const { channels, bins, stems, layout } = config;
  if (layout.length < ROFORMER_LEAST) throw unsupported(whole, `with ${layout.length} bands, which are too few`);
  const spectrum = g.input("spectrum", "float32", ["batch", 2 * channels, bins, "frames"]);
  const frames = g.node("Shape", [spectrum], { type: "int64", shape: [1] }, { start: 3, end: 4 });
  const features = looked(g, w, split(g, w, spectrum, config), frames, config, skips);
  const made = Array.from({ length: stems }, (_, stem) => masked(g, w, spectrum, features, frames, stem, config));
  g.output("stems", concat(g, made, 1));
  const unused = w.unused().filter((key) => !TABLES.test(key));
  // A fork's weights would be left out in silence.
  const more = unused.length > 1 ? ` and ${unused.length - 1} more` : "";
  if (unused[0] !== undefined)
    throw unsupported(whole, `of a form that is not supported: it has "${unused[0]}"${more}`);
  return { graph: g.finish(), unused };
}

function unsupported({ file }: Checkpoint, what: string): AppError {
  return new AppError("model_unusable", `${file}: it is a RoFormer for separation ${what}. ${ROFORMER_REMEDY}`);
}

/** The spectrum's bands, each as `width` numbers: [batch · frames, bands, width]. */
function split(g: GraphBuilder, w: Weights, spectrum: Value, config: RoformerConfig): Value {
  const { channels, bins, layout, width, kind } = config;
  // A row for each moment, and in it the bins in order, each with its parts.
  let rows = permute(g, spectrum, [0, 3, 2, 1]);
  const flat = layout.flat();
  if (kind === "mel-band") {
    const index = g.constant("bins", "int64", [flat.length], flat);
    rows = g.node("Gather", [rows, index], { shape: ["batch", "frames", flat.length, 2 * channels] }, { axis: 2 });
  } else if (flat.length !== bins) throw new Error("bands side by side leave bins out");
  const line = reshape(g, rows, [-1, 2 * channels * flat.length], ["moments", 2 * channels * flat.length]);
  const sizes = layout.map((band) => 2 * channels * band.length);
  const parts = splitAlong(g, line, 1, sizes);
  const bands = parts.map((part, band) => {
    const key = `band_split.to_features.${band}`;
    return linear(g, w, rmsNorm(g, w, part, `${key}.0`), `${key}.1`, [width, sizes[band] as number]);
  });
  return reshape(g, concat(g, bands, 1), [-1, layout.length, width], ["moments", layout.length, width]);
}

/** Bands as they are after all transformers, [batch · frames, bands, width]. */
function looked(
  g: GraphBuilder,
  w: Weights,
  features: Value,
  frames: Value,
  config: RoformerConfig,
  skips: boolean,
): Value {
  const { width, depth, layout, timeLayers, bandLayers, head, norms } = config;
  const bands = layout.length;
  const int = (...values: readonly number[]): Value => g.constant("sides", "int64", [values.length], values);
  const sides = (...parts: readonly Value[]): Value =>
    g.node("Concat", parts, { type: "int64", shape: [parts.length] }, { axis: 0 });
  const alongTime: Sequences = {
    shape: (each) => sides(int(-1), frames, int(each)),
    places: "frames",
    count: frames,
    turns: turnsOf(g, w, "layers.0.0.layers.0.0", head, frames),
  };
  const alongBands: Sequences = {
    shape: (each) => int(-1, bands, each),
    places: bands,
    count: int(bands),
    turns: turnsOf(g, w, "layers.0.1.layers.0.0", head, int(bands)),
  };
  const turn = (x: Value, from: readonly Value[], shape: readonly Dim[]): Value => {
    const grid = g.node("Reshape", [x, sides(...from)], { shape: ["batch", ...shape, width] });
    return reshape(g, permute(g, grid, [0, 2, 1, 3]), [-1, width], ["rows", width]);
  };
  let x = reshape(g, features, [-1, width], ["rows", width]);
  let before: Value | undefined;
  for (let i = 0; i < depth; i++) {
    if (before) x = add(g, x, before);
    x = turn(x, [int(-1), frames, int(bands), int(width)], ["frames", bands]);
    x = transformer(g, w, x, `layers.${i}.0`, timeLayers, alongTime, config);
    x = turn(x, [int(-1), int(bands), frames, int(width)], [bands, "frames"]);
    x = transformer(g, w, x, `layers.${i}.1`, bandLayers, alongBands, config);
    if (skips) before = before ? add(g, before, x) : x;
  }
  if (norms.last) x = rmsNorm(g, w, x, "final_norm");
  return reshape(g, x, [-1, bands, width], ["moments", bands, width]);
}

/** The spectrum times a stem's mask, [batch, 1, 2 · channels, bins, frames]. */
function masked(
  g: GraphBuilder,
  w: Weights,
  spectrum: Value,
  features: Value,
  frames: Value,
  stem: number,
  config: RoformerConfig,
): Value {
  const { channels, bins, layout, width, maskLayers } = config;
  const numbers = 2 * channels * layout.flat().length;
  const ofBands = splitAlong(
    g,
    features,
    1,
    layout.map(() => 1),
  ).map((one, band) => {
    const key = `mask_estimators.${stem}.to_freqs.${band}.0`;
    let x = reshape(g, one, [-1, width], ["moments", width]);
    for (let layer = 0; layer < maskLayers - 1; layer++) {
      const [out = 0, from = 0] = w.shape(`${key}.${2 * layer}.weight`);
      x = tanh(g, linear(g, w, x, `${key}.${2 * layer}`, [out, from]));
    }
    x = g.stoppable(x);
    const size = 2 * channels * (layout[band]?.length ?? 0);
    const last = `${key}.${2 * (maskLayers - 1)}`;
    const half = (from: number): Value =>
      linear(g, w, x, last, [2 * size, x.shape[1] as number], { rows: [from, from + size] });
    return multiply(g, half(0), sigmoid(g, half(size)));
  });
  // In float32 from here on: a song's spectrum and its mask are more than half as many bits can tell.
  const line = cast(g, concat(g, ofBands, 1), "float32");
  const grid = g.node(
    "Concat",
    [
      g.constant("batch", "int64", [1], [-1]),
      frames,
      g.constant("grid", "int64", [2], [numbers / (2 * channels), 2 * channels]),
    ],
    { type: "int64", shape: [4] },
    { axis: 0 },
  );
  const byPlace = g.node("Reshape", [line, grid], {
    shape: ["batch", "frames", numbers / (2 * channels), 2 * channels],
  });
  const mask = permute(g, config.kind === "bs" ? byPlace : averaged(g, byPlace, config), [0, 3, 2, 1]);
  const asComplex = (value: Value): [real: Value, imaginary: Value] => {
    const pairs = reshape(g, value, [0, channels, 2, bins, -1], ["batch", channels, 2, bins, "frames"]);
    return splitAlong(g, pairs, 2, [1, 1]) as [Value, Value];
  };
  const [real, imaginary] = asComplex(spectrum);
  const [maskReal, maskImaginary] = asComplex(mask);
  const product = (a: Value, b: Value): Value => multiply(g, a, b);
  const both = [
    g.node("Sub", [product(real, maskReal), product(imaginary, maskImaginary)], real),
    add(g, product(real, maskImaginary), product(imaginary, maskReal)),
  ];
  return reshape(g, concat(g, both, 2), [0, 1, 2 * channels, bins, -1], ["batch", 1, 2 * channels, bins, "frames"]);
}

/** Of a mask by the places of all bands the mean for each bin: [batch, frames, places, …] → [batch, frames, bins, …]. */
function averaged(g: GraphBuilder, mask: Value, { bins, layout, channels }: RoformerConfig): Value {
  const places = placesOfBins(layout, bins);
  const most = Math.max(...places.map((each) => each.length));
  const shape = ["batch", "frames", bins, 2 * channels];
  const parts = Array.from({ length: most }, (_, i) => {
    const index = g.constant(
      "places",
      "int64",
      [bins],
      places.map((each) => each[i] ?? 0),
    );
    const weights = g.constant(
      "weights",
      "float32",
      [bins, 1],
      places.map((each) => (i < each.length ? 1 / each.length : 0)),
    );
    return multiply(g, g.node("Gather", [mask, index], { shape }, { axis: 2 }), weights);
  });
  return parts.reduce((sum, part) => add(g, sum, part));
}

function reshape(g: GraphBuilder, x: Value, to: readonly number[], shape: readonly Dim[]): Value {
  return g.node("Reshape", [x, g.constant("shape", "int64", [to.length], to)], { shape });
}

function splitAlong(g: GraphBuilder, x: Value, axis: number, sizes: readonly number[]): Value[] {
  const made = sizes.map((size) => ({ type: x.type, shape: x.shape.map((side, i) => (i === axis ? size : side)) }));
  if (sizes.length === 1) return [x];
  return g.nodes("Split", [x, g.constant("sizes", "int64", [sizes.length], sizes)], made, { axis });
}
