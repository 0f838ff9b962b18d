import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Graph } from "../graph-builder.ts";
import { encodeModel } from "./schema.ts";
import { type Attribute, ELEMENT_TYPES, elementsOf, type Initializer, type Value } from "./types.ts";
import { INLINE_BYTES, WeightFile } from "./weight-file.ts";

/** `AttributeProto.AttributeType`. */
const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, ints: 7 } as const;

export type WriteOptions = {
  readonly signal?: AbortSignal;
  /** Bytes of weights that are written, and how many there will be. */
  readonly onProgress?: (bytes: number, all: number) => void;
  /** What the file says of itself. */
  readonly metadata?: Readonly<Record<string, string>>;
};

/**
 * Writes a graph as `NAME.onnx` and its weights as `NAME.bin` beside it, one weight at a time, so that memory holds the
 * largest and no more. The graph's file comes last: where it is, all is.
 * @returns the path of the graph
 */
export async function writeModel(
  graph: Graph,
  folder: string,
  name: string,
  options: WriteOptions = {},
): Promise<string> {
  const { signal, onProgress, metadata = {} } = options;
  const weights = await WeightFile.create(join(folder, `${name}.bin`));
  const all = graph.initializers.reduce((sum, weight) => sum + bytesOf(weight), 0);
  const initializer: object[] = [];
  let written = 0;
  try {
    for (const weight of graph.initializers) {
      signal?.throwIfAborted();
      const bytes = await weight.bytes();
      if (bytes.length !== bytesOf(weight)) throw new Error(`weight ${weight.name} has ${bytes.length} bytes`);
      const base = { name: weight.name, dims: weight.shape, data_type: ELEMENT_TYPES[weight.type].code };
      const place = bytes.length <= INLINE_BYTES ? { raw_data: bytes } : await weights.add(bytes);
      initializer.push({ ...base, ...place });
      written += bytes.length;
      onProgress?.(written, all);
    }
    await weights.close();
  } catch (error) {
    await weights.discard();
    throw error;
  }
  const path = join(folder, `${name}.onnx`);
  await writeFile(`${path}.part`, encodeModel(modelOf(graph, initializer, metadata)));
  await weights.keep();
  await rename(`${path}.part`, path);
  return path;
}

/** The model's fields, as the schema names them. */
function modelOf(graph: Graph, initializer: readonly object[], metadata: Readonly<Record<string, string>>): object {
  const domains = new Set(graph.nodes.map(({ op }) => domainOf(op)));
  domains.delete("");
  return {
    ir_version: 9,
    producer_name: "talkbox",
    opset_import: [{ domain: "", version: graph.opset }, ...[...domains].map((domain) => ({ domain, version: 1 }))],
    metadata_props: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      node: graph.nodes.map(({ op, name, inputs, outputs, attributes }) => ({
        op_type: op.slice(op.indexOf(":") + 1),
        ...(domainOf(op) === "" ? {} : { domain: domainOf(op) }),
        name,
        input: inputs,
        output: outputs,
        attribute: Object.entries(attributes).map(([key, value]) => attributeOf(key, value)),
      })),
      initializer,
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
      value_info: graph.values.map(valueInfo),
    },
  };
}

/** Where an operator that is not ONNX's own comes from: `com.microsoft` of `com.microsoft:RotaryEmbedding`. */
function domainOf(op: string): string {
  return op.slice(0, Math.max(0, op.indexOf(":")));
}

function attributeOf(name: string, value: Attribute): object {
  if (typeof value === "number") return { name, type: ATTRIBUTE_TYPES.int, i: value };
  if (typeof value === "string") return { name, type: ATTRIBUTE_TYPES.string, s: Buffer.from(value) };
  if ("float" in value) return { name, type: ATTRIBUTE_TYPES.float, f: value.float };
  return { name, type: ATTRIBUTE_TYPES.ints, ints: value };
}

function valueInfo({ name, type, shape }: Value): object {
  const dim = shape.map((side) => (typeof side === "number" ? { dim_value: side } : { dim_param: side }));
  return { name, type: { tensor_type: { elem_type: ELEMENT_TYPES[type].code, shape: { dim } } } };
}

function bytesOf({ shape, type }: Initializer): number {
  return elementsOf(shape) * ELEMENT_TYPES[type].bytes;
}
