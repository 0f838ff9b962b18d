import type { Checkpoint, GraphValue } from "../../../checkpoints/checkpoint.ts";
import { AppError } from "../../../errors.ts";
import type { Architecture } from "../architecture.ts";

/** ContentVec as others export it to ONNX. Which file has which form: tools/graph-goldens/ready.py. */

/** How a ready graph is run: sound at 16 kHz in, the features of RVC's versions out. */
export type ContentVecForm = {
  readonly input: string;
  /** Sides of the input: [1, samples], or [1, 1, samples]. */
  readonly rank: 2 | 3;
  /** Output with the features of layer 9, projected. */
  readonly v1?: string;
  /** Output with those of layer 12. */
  readonly v2?: string;
};

const TAKEN =
  "Taken are graphs from sound, [1, samples] or [1, 1, samples] in float32, to layer 9 through the projection (vec-256-layer-9.onnx), to layer 12 (vec-768-layer-12.onnx), or to both as units9 and unit12 (content_vec_500.onnx). Or use hubert_base.pt.";

/** Taps of the first filter that listens, and of the one that tells places apart. */
const FIRST_TAPS = 10;
const PLACE_TAPS = 128;

/** Variants: the versions of RVC whose features come out, `v1`, `v2` or `v1, v2`. */
export const CONTENTVEC_ONNX: Architecture = {
  family: "contentvec",
  title: "ContentVec in ONNX",
  licence: "MIT, as fairseq, ContentVec and RVC are.",
  marks: [],
  ready: true,
  recognise(checkpoint) {
    const form = contentVecForm(checkpoint);
    return form && (["v1", "v2"] as const).filter((version) => form[version] !== undefined).join(", ");
  },
};

/**
 * How a ready graph is to be run; undefined for one that is no HuBERT.
 * @throws AppError `model_unusable` for a HuBERT in a form that is not taken
 */
export function contentVecForm({ file, onnx, tensors }: Checkpoint): ContentVecForm | undefined {
  const hubert = onnx && hubertOf(tensors.values());
  if (!hubert) return undefined;
  const refused = (what: string): AppError => new AppError("model_unusable", `${file}: ${what}. ${TAKEN}`);
  const [input, second] = onnx.inputs;
  if (!input || second) throw refused(`it is a HuBERT with ${onnx.inputs.length} inputs`);
  const { rank } = { rank: input.shape.length };
  const sides = input.shape.slice(0, -1);
  if ((rank !== 2 && rank !== 3) || !sides.every((side) => side <= 1)) {
    throw refused(`it is a HuBERT whose input is [${shown(input)}]`);
  }
  if (input.shape.at(-1) !== 0) throw refused(`it is a HuBERT for sound of ${input.shape.at(-1)} samples alone`);
  if (input.dtype !== "f32") throw refused(`it is a HuBERT that takes ${input.dtype ?? "no numbers"}`);
  const { layers, width, projected } = hubert;
  const widthOf = (output: GraphValue): number =>
    output.shape.at(-1) || (onnx.outputs.length === 1 && projected !== undefined ? projected : width);
  const named = (name: RegExp, wanted: number | undefined): string | undefined =>
    onnx.outputs.find((output) => name.test(output.name) && (output.shape.at(-1) || wanted) === wanted)?.name;
  const [only, other] = onnx.outputs;
  if (only && !other) {
    const given = widthOf(only);
    if (layers === 9 && given === projected) return { input: input.name, rank, v1: only.name };
    if (layers === 12 && given === width) return { input: input.name, rank, v2: only.name };
    const through = given === projected ? " through the projection" : "";
    throw refused(
      `it is a HuBERT that gives ${given} features of layer ${layers}${through}, which no voice was trained with`,
    );
  }
  const v1 = layers === 12 ? named(/^units?9$/i, projected) : undefined;
  const v2 = layers === 12 ? named(/^units?12$/i, width) : undefined;
  if (v1 === undefined && v2 === undefined) {
    const names = onnx.outputs.map(({ name }) => name).join(", ");
    throw refused(`it is a HuBERT of ${layers} layers with the outputs ${names}`);
  }
  return { input: input.name, rank, ...(v1 === undefined ? {} : { v1 }), ...(v2 === undefined ? {} : { v2 }) };
}

type Hubert = {
  readonly layers: number;
  readonly width: number;
  /** Numbers that the projection gives; undefined where there is none. */
  readonly projected: number | undefined;
};

/** What the shapes of a graph's weights say, whatever their names; undefined for other networks. */
function hubertOf(tensors: Iterable<{ readonly shape: readonly number[] }>): Hubert | undefined {
  const shapes = [...tensors].map(({ shape }) => shape);
  const first = shapes.find((shape) => shape.length === 3 && shape[1] === 1 && shape[2] === FIRST_TAPS);
  const place = shapes.find((shape) => shape.length === 3 && shape[2] === PLACE_TAPS && (shape[1] ?? 0) > 1);
  if (!first || !place) return undefined;
  const [channels = 0] = first;
  const [width = 0] = place;
  /** How many matrices there are between the width and another one. */
  const others = new Map<number, number>();
  for (const [a = 0, b = 0, ...rest] of shapes.filter(({ length }) => length === 2)) {
    if (rest.length > 0 || a === b || (a !== width && b !== width)) continue;
    const side = a === width ? b : a;
    others.set(side, (others.get(side) ?? 0) + 1);
  }
  // Every layer widens and narrows once; before and behind the layers there is one matrix each.
  const layers = Math.floor(Math.max(0, ...others.values()) / 2);
  const single = [...others].filter(([side, count]) => count === 1 && side !== channels);
  return layers === 0 ? undefined : { layers, width, projected: single.length === 1 ? single[0]?.[0] : undefined };
}

function shown({ shape }: GraphValue): string {
  return shape.map((side) => (side === 0 ? "any" : side)).join(", ");
}
