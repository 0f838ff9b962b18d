import type { Checkpoint, CheckpointTensor } from "../checkpoints/checkpoint.ts";
import { AppError } from "../errors.ts";
import { ComplexFft } from "../signal/complex-fft.ts";
import { adjacentBands, type BandLayout, melBands } from "./roformer-bands.ts";

/** Sizes of a band-split RoFormer, as the shapes of its weights say them. */
export type RoformerConfig = {
  readonly kind: "bs" | "mel-band";
  readonly width: number;
  /** Pairs of transformers, over time and over bands, and layers of each. */
  readonly depth: number;
  readonly timeLayers: number;
  readonly bandLayers: number;
  readonly heads: number;
  /** Numbers that each head looks at. */
  readonly head: number;
  /** Sides of the sound that it hears at once. */
  readonly channels: 1 | 2;
  /** Bins of the spectrum: half of the transform and one. */
  readonly bins: number;
  readonly layout: BandLayout;
  readonly stems: number;
  /** Whether each transformer ends with a norm, and whether the last one is followed by one. */
  readonly norms: { readonly each: boolean; readonly last: boolean };
  /** Linear layers of a band's mask. */
  readonly maskLayers: number;
};

/** What to do about a form that is not supported. */
export const ROFORMER_REMEDY = "Use one of the usual form, such as MelBandRoformer.ckpt.";

const FIRST_BAND = "band_split.to_features.0.1.weight";

/** Transforms and rates (Hz) that mel layouts are tried for, the usual ones first. */
const TRANSFORMS = [2048, 4096, 1024, 8192, 512];
const RATES = [44_100, 48_000, 32_000, 24_000, 22_050, 16_000];

/** What only other networks of the family have, by their keys. */
const FORKS: readonly (readonly [mark: RegExp, name: string])[] = [
  [/\.temperature$|\.to_qkv\.0\.weight$/, "linear attention"],
  [/pope/i, "PoPE embeddings"],
  [/to_value_residual_mix/, "residuals of values"],
  [/\.branch\.|(static|dynamic)_(alpha|beta)/, "hyper-connections"],
  [/\.(ff1|ff2|out_norm)\.|\.conv\.net\./, "Conformer blocks"],
  [/\.lora_|\.parametrizations\./, "LoRA layers that are not merged"],
  [/fno|spectral_conv/i, "Fourier neural operators"],
  [/segm|hyper_?ace|hypergraph/i, "HyperACE blocks"],
];

/** A checkpoint of the family, with its keys as the reference names them; undefined for another network. */
export function roformerCheckpoint(checkpoint: Checkpoint): Checkpoint | undefined {
  const first = [...checkpoint.tensors.keys()].find((key) => key === FIRST_BAND || key.endsWith(`.${FIRST_BAND}`));
  const prefix = first?.slice(0, -FIRST_BAND.length);
  if (prefix === undefined) return undefined;
  if (![...checkpoint.tensors.keys()].some((key) => key.startsWith(`${prefix}mask_estimators.0.`))) return undefined;
  if (prefix === "") return checkpoint;
  const tensors = new Map<string, CheckpointTensor>();
  for (const [key, tensor] of checkpoint.tensors) {
    if (key.startsWith(prefix)) tensors.set(key.slice(prefix.length), { ...tensor, read: () => tensor.read() });
  }
  const { file, format, fields, root } = checkpoint;
  return { file, format, fields, root, tensors, [Symbol.dispose]: () => checkpoint[Symbol.dispose]() };
}

/**
 * Reads the sizes from the weights' shapes.
 * @param checkpoint as `roformerCheckpoint` answers
 * @throws AppError `model_unusable` for a fork that is not supported, by its name
 */
export function roformerConfig({ file, tensors }: Checkpoint): RoformerConfig {
  const refuse = (problem: string): AppError =>
    new AppError("model_unusable", `${file}: it is a RoFormer for separation ${problem}. ${ROFORMER_REMEDY}`);
  for (const [mark, name] of FORKS) {
    const key = [...tensors.keys()].find((each) => mark.test(each));
    if (key !== undefined) throw refuse(`with ${name} ("${key}"), which is not supported`);
  }
  const side = (key: string, axis: number): number => {
    const sides = tensors.get(key)?.shape;
    const size = sides?.[axis];
    if (sides?.length === (key.endsWith(".bias") ? 1 : 2) && size !== undefined && size > 0) return size;
    throw refuse(`whose "${key}" is ${sides ? "of another shape" : "missing"}`);
  };
  const count = (keyOf: (i: number) => string): number => {
    let found = 0;
    while (tensors.has(keyOf(found))) found++;
    return found;
  };
  const width = side(FIRST_BAND, 0);
  const depth = count((i) => `layers.${i}.0.layers.0.0.to_qkv.weight`);
  const heads = side("layers.0.0.layers.0.0.to_gates.weight", 0);
  const inner = side("layers.0.0.layers.0.0.to_qkv.weight", 0) / 3;
  const head = inner / heads;
  if (!Number.isInteger(head) || head % 2 !== 0) {
    throw refuse(`whose ${heads} heads do not share ${inner} numbers evenly`);
  }
  const inputs = Array.from({ length: count((i) => `band_split.to_features.${i}.1.weight`) }, (_, i) =>
    side(`band_split.to_features.${i}.1.weight`, 1),
  );
  const norms = { each: tensors.has("layers.0.0.norm.gamma"), last: tensors.has("final_norm.gamma") };
  const bands = melSplit(inputs) ?? (norms.last ? adjacentSplit(inputs) : undefined);
  if (!bands) {
    throw refuse(`whose ${inputs.length} bands are of no layout that is known`);
  }
  return {
    ...bands,
    width,
    depth,
    timeLayers: count((i) => `layers.0.0.layers.${i}.0.to_qkv.weight`),
    bandLayers: count((i) => `layers.0.1.layers.${i}.0.to_qkv.weight`),
    heads,
    head,
    stems: count((i) => `mask_estimators.${i}.to_freqs.0.0.0.weight`),
    norms,
    maskLayers: count((i) => `mask_estimators.0.to_freqs.0.0.${2 * i}.weight`),
  };
}

type Split = Pick<RoformerConfig, "kind" | "channels" | "bins" | "layout">;

/** A layout of mel bands that has bands of these sizes. @param inputs numbers of each band: real and imaginary, each side */
function melSplit(inputs: readonly number[]): Split | undefined {
  for (const channels of [2, 1] as const) {
    for (const size of TRANSFORMS) {
      for (const sampleRate of RATES) {
        const layout = melBands({ sampleRate, size }, inputs.length);
        if (layout.every((bins, i) => 2 * channels * bins.length === inputs[i])) {
          return { kind: "mel-band", channels, bins: size / 2 + 1, layout };
        }
      }
    }
  }
  return undefined;
}

/** Bands side by side; a transform is even, so that its bins are odd and tell one side from two. */
function adjacentSplit(inputs: readonly number[]): Split | undefined {
  const channels = inputs.every((input) => input % 4 === 0) ? 2 : 1;
  const counts = inputs.map((input) => input / (2 * channels));
  const bins = counts.reduce((sum, each) => sum + each, 0);
  const size = 2 * (bins - 1);
  if (!counts.every(Number.isInteger) || size < 4 || !ComplexFft.takes(size)) return undefined;
  return { kind: "bs", channels, bins, layout: adjacentBands(counts) };
}

/** What lists show of a network, and what its settings are compared with. */
export type RoformerVariant = Pick<RoformerConfig, "kind" | "width" | "depth" | "channels" | "stems"> & {
  readonly bands: number;
  /** Samples of the transform. */
  readonly size: number;
};

const VARIANT = /^(bs|mel-band) (\d+)x(\d+), (\d+) bands of (\d+), (mono|stereo), (\d+) stems?$/;

/** Such as `mel-band 384x6, 60 bands of 2048, stereo, 1 stem`. */
export function describeRoformer({ kind, width, depth, layout, bins, channels, stems }: RoformerConfig): string {
  const sides = channels === 2 ? "stereo" : "mono";
  const many = `${stems} stem${stems === 1 ? "" : "s"}`;
  return `${kind} ${width}x${depth}, ${layout.length} bands of ${2 * (bins - 1)}, ${sides}, ${many}`;
}

/** Reads what `describeRoformer` writes. */
export function readRoformerVariant(text: string): RoformerVariant {
  const [, kind, width, depth, bands, size, sides, stems] = VARIANT.exec(text) ?? [];
  return {
    kind: kind === "bs" ? "bs" : "mel-band",
    width: Number(width),
    depth: Number(depth),
    bands: Number(bands),
    size: Number(size),
    channels: sides === "mono" ? 1 : 2,
    stems: Number(stems),
  };
}
