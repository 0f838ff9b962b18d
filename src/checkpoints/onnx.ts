import { type ByteSource, sliceOf } from "./byte-source.ts";
import type { CheckpointTensor, GraphValue } from "./checkpoint.ts";
import { type Dtype, DTYPE_BYTES } from "./dtype.ts";
import { type Field, fieldsOf, numbersOf, textOf, within } from "./onnx-fields.ts";
import { unusable } from "./unusable.ts";

/** What an ONNX file says of its graph without its nodes. */
export type OnnxHeader = {
  /** Weights that stand in the file as raw bytes. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /** Inputs that are no weights. */
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
};

/** `TensorProto.DataType`. */
const DTYPES: Readonly<Record<number, Dtype>> = {
  1: "f32",
  2: "u8",
  3: "i8",
  5: "i16",
  6: "i32",
  7: "i64",
  9: "bool",
  10: "f16",
  11: "f64",
  12: "u32",
  13: "u64",
  16: "bf16",
};

/** Fields of the messages of `onnx/onnx.proto` that are gone into. */
export const MODEL = { irVersion: 1, graph: 7, opset: 8 } as const;
export const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 } as const;
export const NODE = { input: 1, output: 2, op: 4, attribute: 5, domain: 7 } as const;
export const TENSOR = { dims: 1, type: 2, name: 8, raw: 9, external: 13, location: 14 } as const;

/** Whether a file begins as ONNX does; it has no mark of its own, so that only its name can tell the rest. */
export function isOnnx(source: ByteSource): boolean {
  if (source.size < 16) return false;
  const head = source.readSync(0, 3);
  // The version of the form, then a field with a name of its maker or with the graph.
  return head[0] === MODEL.irVersion << 3 && (head[1] as number) >= 3 && (head[1] as number) < 32;
}

/**
 * Reads what an ONNX file says of itself; weights and nodes are passed over, so that a large file costs no more than a
 * small one.
 * @throws AppError `model_unusable`
 */
export function readOnnx(source: ByteSource): OnnxHeader {
  const tensors = new Map<string, CheckpointTensor>();
  const inputs: GraphValue[] = [];
  const outputs: GraphValue[] = [];
  const weights = new Set<string>();
  let graphs = 0;
  for (const graph of fieldsOf(source, 0, source.size)) {
    if (graph.number !== MODEL.graph || graph.length < 0) continue;
    graphs += 1;
    for (const field of fieldsOf(source, graph.at, graph.at + graph.length)) {
      if (field.length < 0) continue;
      if (field.number === GRAPH.initializer) {
        const { name, tensor } = tensorOf(source, field);
        weights.add(name);
        if (tensor) tensors.set(name, tensor);
      } else if (field.number === GRAPH.input) inputs.push(valueOf(source, field));
      else if (field.number === GRAPH.output) outputs.push(valueOf(source, field));
    }
  }
  if (graphs !== 1) throw unusable(source.name, "it holds no graph", "Download it again.");
  return { tensors, inputs: inputs.filter(({ name }) => !weights.has(name)), outputs };
}

function tensorOf(source: ByteSource, { at, length }: Field): { name: string; tensor: CheckpointTensor | undefined } {
  const shape: number[] = [];
  let dtype: Dtype | undefined;
  let name = "";
  let raw: Field | undefined;
  for (const field of fieldsOf(source, at, at + length)) {
    if (field.number === TENSOR.dims) shape.push(...numbersOf(source, field));
    else if (field.number === TENSOR.type) dtype = DTYPES[field.value];
    else if (field.number === TENSOR.name) name = textOf(source, field);
    else if (field.number === TENSOR.raw) raw = field;
  }
  if (!raw || dtype === undefined) return { name, tensor: undefined };
  const bytes = shape.reduce((product, side) => product * side, DTYPE_BYTES[dtype]);
  if (raw.length !== bytes)
    throw unusable(source.name, `"${name}" has ${raw.length} bytes, not ${bytes}`, "Download it again.");
  const data = sliceOf(source, raw.at, bytes);
  return { name, tensor: { name, dtype, shape, read: () => data.read(0, bytes) } };
}

/** `ValueInfoProto`: name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 { dim = 1 { dim_value = 1 } } } }. */
function valueOf(source: ByteSource, value: Field): GraphValue {
  let name = "";
  let dtype: Dtype | undefined;
  const shape: number[] = [];
  for (const field of within(source, value)) {
    if (field.number === 1) name = textOf(source, field);
    if (field.number !== 2) continue;
    for (const type of within(source, field).filter(({ number }) => number === 1)) {
      for (const part of within(source, type)) {
        if (part.number === 1) dtype = DTYPES[part.value];
        if (part.number !== 2) continue;
        for (const side of within(source, part).filter(({ number }) => number === 1)) {
          shape.push(within(source, side).find(({ number }) => number === 1)?.value ?? 0);
        }
      }
    }
  }
  return { name, shape, dtype };
}
