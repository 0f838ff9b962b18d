import { rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type ByteSource, openFile } from "../../checkpoints/byte-source.ts";
import { GRAPH, MODEL, NODE, TENSOR } from "../../checkpoints/onnx.ts";
import { type Field, fieldsOf, within } from "../../checkpoints/onnx-fields.ts";
import { unusable } from "../../checkpoints/unusable.ts";
import { STOP_SIDES, stopRank } from "../../inference/stop-input.ts";
import { nameOf, nodeOf, opsetOf, type Weight, weightOf } from "./read-ready.ts";
import { asField, encodeFields } from "./schema.ts";
import { stopPlaces } from "./stop-places.ts";
import { ELEMENT_TYPES } from "./types.ts";
import { INLINE_BYTES, WeightFile } from "./weight-file.ts";
import type { WriteOptions } from "./write-model.ts";

/** Raised whenever what is written changes. */
export const READY_VERSION = 1;

/** Since which sides may be computed, and sums have operands of other sides. */
const LEAST_OPSET = 7;

/**
 * Writes a graph that others made as `NAME.onnx` and `NAME.bin`, as `writeModel` does with one of ours: its weights beside
 * it, to be mapped, and with places at which a run can be stopped. All else of it is as it was, whatever it is.
 * @param path of an ONNX file, with weights in it or in other files of its folder
 * @returns the path of the graph
 * @throws AppError `model_unusable` where it is no whole ONNX file, or one of its weights is not there
 */
export async function writeReady(
  path: string,
  folder: string,
  name: string,
  options: WriteOptions = {},
): Promise<string> {
  const { signal, onProgress } = options;
  using source = openFile(path);
  const model = [...fieldsOf(source, 0, source.size)];
  const graph = model.find(({ number, length }) => number === MODEL.graph && length >= 0);
  if (!graph) throw unusable(source.name, "it holds no graph", "Download it again.");
  const fields = within(source, graph);
  const weights = new Map<Field, Weight>();
  for (const field of fields) if (field.number === GRAPH.initializer) weights.set(field, weightOf(source, field));
  const nodes = withPlaces(source, model, fields, weights.values());
  const file = await WeightFile.create(join(folder, `${name}.bin`));
  const parts: Uint8Array[] = [];
  try {
    for (const field of fields) {
      signal?.throwIfAborted();
      const weight = weights.get(field);
      const node = nodes?.get(field);
      if (weight) parts.push(await moved(source, dirname(path), field, weight, file));
      else parts.push(...(node ?? [bytesOf(source, field)]));
      onProgress?.(field.to, source.size);
    }
    await file.close();
  } catch (error) {
    await file.discard();
    throw error;
  }
  if (nodes) parts.push(encodeFields("GraphProto", { input: [STOP_INPUT] }));
  const rest = model.filter((field) => field !== graph).map((field) => bytesOf(source, field));
  const made = join(folder, `${name}.onnx`);
  await writeFile(`${made}.part`, Buffer.concat([...rest, asField(MODEL.graph, Buffer.concat(parts))]));
  await file.keep();
  await rename(`${made}.part`, made);
  return made;
}

const STOP_INPUT = {
  name: STOP_SIDES,
  type: { tensor_type: { elem_type: ELEMENT_TYPES.int64.code, shape: { dim: [{ dim_value: 1 }] } } },
};

/** By field, what stands in a node's place; undefined for a graph that can have no such places. */
function withPlaces(
  source: ByteSource,
  model: readonly Field[],
  fields: readonly Field[],
  weights: Iterable<Weight>,
): ReadonlyMap<Field, readonly Uint8Array[]> | undefined {
  const inputs = fields.filter(({ number }) => number === GRAPH.input).map((input) => nameOf(source, input));
  if (opsetOf(source, model) < LEAST_OPSET || inputs.some((input) => stopRank(input) !== undefined)) return undefined;
  const nodes = fields.filter(({ number }) => number === GRAPH.node);
  const places = stopPlaces(
    nodes.map((node) => nodeOf(source, node)),
    [...weights].map((weight) => weight.name),
  );
  const made = new Map<Field, readonly Uint8Array[]>();
  const stopped = new Set<string>();
  for (const [i, value] of places) {
    const node = nodes[i] as Field;
    const there = stopped.has(value);
    stopped.add(value);
    made.set(node, [...(there ? [] : [stopPlace(value)]), hearing(source, node, `${value}/stop`)]);
  }
  return made;
}

/** Passes a value on, unless the run is to stop. */
function stopPlace(value: string): Uint8Array {
  const [shape, sides, made] = [`${value}/stop/shape`, `${value}/stop/sides`, `${value}/stop`];
  return encodeFields("GraphProto", {
    node: [
      { op_type: "Shape", name: shape, input: [value], output: [shape] },
      { op_type: "Add", name: sides, input: [shape, STOP_SIDES], output: [sides] },
      { op_type: "Reshape", name: made, input: [value, sides], output: [made] },
    ],
  });
}

/** A node with another first input. */
function hearing(source: ByteSource, node: Field, input: string): Uint8Array {
  const fields = within(source, node);
  const first = fields.find(({ number }) => number === NODE.input);
  const parts = fields.map((field) =>
    field === first ? encodeFields("NodeProto", { input: [input] }) : bytesOf(source, field),
  );
  return asField(GRAPH.node, Buffer.concat(parts));
}

/** A weight whose bytes are many, with the place in the file that they are put into; others as they were. */
async function moved(
  source: ByteSource,
  folder: string,
  field: Field,
  { name, fields, raw, outside }: Weight,
  file: WeightFile,
): Promise<Uint8Array> {
  if (!outside && (raw?.length ?? 0) <= INLINE_BYTES) return bytesOf(source, field);
  const bytes = outside
    ? await readOutside(source, folder, name, outside)
    : await source.read(raw?.at ?? 0, raw?.length ?? 0);
  const elsewhere: readonly number[] = [TENSOR.raw, TENSOR.external, TENSOR.location];
  const kept = fields.filter(({ number }) => !elsewhere.includes(number)).map((each) => bytesOf(source, each));
  return asField(GRAPH.initializer, Buffer.concat([...kept, encodeFields("TensorProto", await file.add(bytes))]));
}

async function readOutside(
  source: ByteSource,
  folder: string,
  name: string,
  { file, offset, length }: NonNullable<Weight["outside"]>,
): Promise<Uint8Array> {
  if (file === "" || basename(file) !== file) {
    throw unusable(
      source.name,
      `its weight "${name}" lies in another folder: ${file}`,
      "Put all its files into one folder.",
    );
  }
  using beside = openFile(join(folder, file));
  // It is closed when this returns.
  return await beside.read(offset, length ?? beside.size - offset);
}

function bytesOf(source: ByteSource, { from, to }: Field): Uint8Array {
  return source.readSync(from, to - from);
}
