import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { AppError } from "../errors.ts";
import { type Graph, GraphBuilder, type Precision } from "./graph-builder.ts";
import { doublingConv } from "./doubling.ts";
import {
  add,
  cast,
  concat,
  conv,
  type ConvOptions,
  convTranspose,
  permute,
  relu,
  scaleBy,
  sigmoid,
  slice,
} from "./nn.ts";
import { describeShape, type Value } from "./onnx/types.ts";
import { Weights } from "./weights.ts";

/**
 * Wav2Lip (Prajwal et al. 2020, "A Lip Sync Expert Is All You Need"): a masked face, the same face unmasked and 200 ms of
 * mel in, the face with a mouth that fits out. Two graphs, so that a face that comes again is encoded once:
 * `face` (pixels → features of every size) and `mouth` (mel and features → pixels); and `whole`, which is both, for faces
 * that come once, where what the encoder finds would have to leave a GPU and come back.
 */

/** The variants that are known, by the side of the face in pixels. */
export type Wav2LipSize = 96 | 256;

/** Frames and bands of the mel that one picture is made from. */
export const MEL_FRAMES = 16;
export const MEL_BANDS = 80;

type Layer = ConvOptions & {
  readonly residual?: boolean;
  readonly transposed?: boolean;
  readonly outputPadding?: number;
};

const keep = (out: number): Layer => ({ out, kernel: 3, padding: 1, residual: true });
const down = (out: number): Layer => ({ out, kernel: 3, stride: 2, padding: 1 });
const up = (out: number): Layer => ({ out, kernel: 3, stride: 2, padding: 1, outputPadding: 1, transposed: true });
const point = (out: number): Layer => ({ out, kernel: 1 });

const AUDIO: readonly Layer[] = [
  { out: 32, kernel: 3, padding: 1 },
  keep(32),
  keep(32),
  { out: 64, kernel: 3, stride: [3, 1], padding: 1 },
  keep(64),
  keep(64),
  { out: 128, kernel: 3, stride: 3, padding: 1 },
  keep(128),
  keep(128),
  { out: 256, kernel: 3, stride: [3, 2], padding: 1 },
  keep(256),
  { out: 512, kernel: 3 },
  point(512),
];

const TRUNK: readonly (readonly Layer[])[] = [
  [{ out: 16, kernel: 7, padding: 3 }],
  [down(32), keep(32), keep(32)],
  [down(64), keep(64), keep(64), keep(64)],
  [down(128), keep(128), keep(128)],
  [down(256), keep(256), keep(256)],
  [down(512), keep(512)],
];

const TAIL: readonly (readonly Layer[])[] = [
  [up(384), keep(384), keep(384)],
  [up(256), keep(256), keep(256)],
  [up(128), keep(128), keep(128)],
  [up(64), keep(64), keep(64)],
];

const VARIANTS: Readonly<
  Record<
    Wav2LipSize,
    { readonly encoder: readonly (readonly Layer[])[]; readonly decoder: readonly (readonly Layer[])[] }
  >
> = {
  96: {
    encoder: [...TRUNK, [{ out: 512, kernel: 3 }, point(512)]],
    decoder: [
      [point(512)],
      [{ out: 512, kernel: 3, transposed: true }, keep(512)],
      [up(512), keep(512), keep(512)],
      ...TAIL,
    ],
  },
  256: {
    encoder: [...TRUNK, [down(512), keep(512)], [{ out: 512, kernel: 4 }, point(512)]],
    decoder: [
      [point(512)],
      [{ out: 512, kernel: 4, transposed: true }, keep(512)],
      [up(512), keep(512)],
      [up(512), keep(512), keep(512)],
      ...TAIL,
    ],
  },
};

/**
 * Which variant a checkpoint is, by its shapes: file names say nothing.
 * @returns undefined when it is no Wav2Lip
 * @throws AppError `model_unusable` for a Wav2Lip of another size
 */
export function wav2lipSize(checkpoint: Checkpoint): Wav2LipSize | undefined {
  const { tensors, file } = checkpoint;
  const last = (block: number): string => `face_encoder_blocks.${block}.0.conv_block.0.weight`;
  if (!tensors.has(last(0)) || !tensors.has("audio_encoder.0.conv_block.0.weight")) return undefined;
  let block = 0;
  while (tensors.has(last(block + 1))) block++;
  const shape = tensors.get(last(block))?.shape ?? [];
  if (block === 6 && shape[2] === 3) return 96;
  if (block === 7 && shape[2] === 4) return 256;
  throw new AppError(
    "model_unusable",
    `${file}: it is a Wav2Lip of ${block + 1} encoder blocks that end in ${describeShape(shape)}, which is not supported. Known are those for faces of 96 and 256 pixels: use one of them.`,
  );
}

/** The graphs of a checkpoint. */
export type Wav2LipGraphs = {
  readonly size: Wav2LipSize;
  /** `face` [batch, size, size, 3] uint8 BGR → `feature0…` float32 */
  readonly face: Graph;
  /**
   * `mel` [batch, 1, 80, 16] float32, `feature0…` of some faces, and `which` [batch] int64, the face of each → `picture`
   * [batch, rows, size, 3] uint8 BGR: the face's rows from `from` on
   */
  readonly mouth: Graph;
  /** `mel` and `face` as above → `picture` */
  readonly whole: Graph;
  /** Keys of the checkpoint that neither needs. */
  readonly unused: readonly string[];
};

export type Wav2LipOptions = {
  readonly precision?: Precision;
  /** Gives the picture as float32 from 0 to 1, before it is cut to bytes: for comparisons. Default false. */
  readonly floats?: boolean;
  /** First row of the pictures; default where the lower face begins. What only rows above need is not computed. */
  readonly from?: number;
};

/** The row at which the lower face begins: above it the network draws what is there already. */
export const lowerFrom = (size: number): number => Math.floor((size * 11) / 24);

/** Builds the graphs. @throws AppError `model_unusable` when a weight is missing or of another shape */
export function buildWav2Lip(
  checkpoint: Checkpoint,
  size: Wav2LipSize,
  { precision = "float32", floats = false, from = lowerFrom(size) }: Wav2LipOptions = {},
): Wav2LipGraphs {
  const weights = new Weights(checkpoint, `Wav2Lip (${size} pixels)`);
  const { encoder, decoder } = VARIANTS[size];
  const firstRows = rowsNeeded(decoder, from);
  const encode = (g: GraphBuilder): Value[] =>
    encodeFace(g, weights, encoder, size).map((feature, i) => fromRow(g, feature, firstRows.at(-1 - i) ?? 0));
  const face = new GraphBuilder(`wav2lip-${size}-face`, precision);
  const features = encode(face);
  for (const [i, feature] of features.entries()) face.output(`feature${i}`, cast(face, feature, "float32"));

  const draw = (g: GraphBuilder, made: readonly Value[]): Graph => {
    const mel = g.input("mel", "float32", ["batch", 1, MEL_BANDS, MEL_FRAMES]);
    const picture = decode(g, weights, decoder, cast(g, mel, precision), made, firstRows, from);
    g.output("picture", floats ? picture : toBytes(g, picture));
    return g.finish();
  };
  const mouth = new GraphBuilder(`wav2lip-${size}-mouth`, precision);
  const which = mouth.input("which", "int64", ["batch"]);
  const given = features.map(({ shape }, i) => {
    const faces = mouth.input(`feature${i}`, "float32", ["faces", ...shape.slice(1)]);
    return cast(mouth, mouth.node("Gather", [faces, which], { shape }, { axis: 0 }), precision);
  });
  const whole = new GraphBuilder(`wav2lip-${size}-whole`, precision);
  return {
    size,
    face: face.finish(),
    mouth: draw(mouth, given),
    whole: draw(whole, encode(whole)),
    unused: weights.unused(),
  };
}

/** Pixels → the features of every block; the masked copy is made here: rows from the middle on are black. */
function encodeFace(g: GraphBuilder, w: Weights, blocks: readonly (readonly Layer[])[], size: number): Value[] {
  const pixels = g.input("face", "uint8", ["batch", size, size, 3]);
  const channelsFirst = permute(g, cast(g, pixels, g.precision), [0, 3, 1, 2]);
  const whole = scaleBy(g, channelsFirst, 1 / 255);
  const rows = Array.from({ length: size }, (_, row) => (row < size / 2 ? 1 : 0));
  const mask = g.constant("mask", g.precision, [1, 1, size, 1], rows);
  const masked = g.node("Mul", [whole, mask], whole);
  let x = concat(g, [masked, whole], 1);
  return blocks.map((layers, block) => (x = run(g, w, x, layers, `face_encoder_blocks.${block}`)));
}

/**
 * For each block of the decoder the first row of its output that a picture from row `from` on needs. A filter of 3 looks
 * a row up, so where rows above are left out, each such layer spoils one: those are not counted on.
 */
function rowsNeeded(blocks: readonly (readonly Layer[])[], from: number): number[] {
  let needed = Math.max(0, from - 1);
  return blocks
    .toReversed()
    .map((layers) => {
      const here = needed;
      const doubles = layers[0]?.stride === 2;
      needed = doubles ? Math.max(0, Math.floor((here - (layers.length - 1)) / 2)) : 0;
      return here;
    })
    .reverse();
}

/** The rows from one on. */
function fromRow(g: GraphBuilder, x: Value, row: number): Value {
  const height = x.shape[2];
  return row === 0 || typeof height !== "number" ? x : slice(g, x, 2, row, height);
}

function decode(
  g: GraphBuilder,
  w: Weights,
  blocks: readonly (readonly Layer[])[],
  mel: Value,
  features: readonly Value[],
  firstRows: readonly number[],
  from: number,
): Value {
  let x = run(g, w, mel, AUDIO, "audio_encoder");
  let top = 0;
  for (const [block, layers] of blocks.entries()) {
    x = run(g, w, x, layers, `face_decoder_blocks.${block}`);
    const first = firstRows[block] ?? 0;
    x = fromRow(g, x, first - (layers[0]?.stride === 2 ? 2 * top : 0));
    x = concat(g, [x, features[features.length - 1 - block] as Value], 1);
    top = first;
  }
  x = run(g, w, x, [{ out: 32, kernel: 3, padding: 1 }], "output_block");
  x = sigmoid(g, conv(g, w, fromRow(g, x, from - top), "output_block.1", point(3)));
  return permute(g, cast(g, x, "float32"), [0, 2, 3, 1]);
}

/** As the original: times 255, and what is behind the point cut off. */
function toBytes(g: GraphBuilder, picture: Value): Value {
  return cast(g, scaleBy(g, picture, 255), "uint8");
}

/** Convolution, batch norm, the input again where the layer says so, ReLU. */
function run(g: GraphBuilder, w: Weights, x: Value, layers: readonly Layer[], key: string): Value {
  let value = x;
  for (const [i, layer] of layers.entries()) {
    const { residual = false, transposed = false, ...options } = layer;
    const at = `${key}.${i}.conv_block`;
    const folded = { ...options, norm: w.batchNorm(`${at}.1`, options.out) };
    const doubles = transposed && layer.stride === 2;
    const made = (doubles ? doublingConv : transposed ? convTranspose : conv)(g, w, value, `${at}.0`, folded);
    value = g.scope(at, () => relu(g, residual ? add(g, made, value) : made));
  }
  return value;
}
