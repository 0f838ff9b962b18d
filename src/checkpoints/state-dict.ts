import { MAX_PICKLE_DEPTH, MAX_TENSORS } from "../limits/checkpoints.ts";
import type { CheckpointTensor } from "./checkpoint.ts";
import { NumpyArray } from "./numpy/array.ts";
import { Inert, type PickleValue, Tuple } from "./pickle/values.ts";
import { TensorRecord } from "./torch/storage.ts";
import { unusable } from "./unusable.ts";

/** Where checkpoints of training keep the weights, first found first taken. */
const HOLDERS = [
  "state_dict",
  "model",
  "model_state",
  "net",
  "generator",
  "weight",
  "params_ema",
  "params",
  "model_state_dict",
  "state",
];

/** What wrappers for training put before every name. */
const PREFIXES = ["module.", "_orig_mod."];

/** A pickle's weights by name, and what else it says. */
export type StateDict = {
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  readonly fields: ReadonlyMap<string, PickleValue>;
};

/**
 * Finds the weights in what a pickle holds: a state dict, one within a checkpoint of training, or a module of
 * TorchScript, whose attributes' names are joined as a state dict's are.
 * @throws AppError `model_unusable` when there are none, or too many
 */
export function stateDictOf(root: PickleValue, file: string): StateDict {
  const fields = new Map<string, PickleValue>();
  let holder = root;
  if (root instanceof Map) {
    const key = HOLDERS.find((name) => holdsTensors(root.get(name)));
    if (key !== undefined) holder = root.get(key) as PickleValue;
    for (const [name, value] of root) {
      if (typeof name === "string" && name !== key && !holdsTensors(value) && name !== "optimizer")
        fields.set(name, value);
    }
  }
  const found = new Map<string, TensorRecord | NumpyArray>();
  collect(holder, "", found, file, 0);
  const prefix = PREFIXES.find((start) => found.size > 0 && [...found.keys()].every((name) => name.startsWith(start)));
  const tensors = new Map<string, CheckpointTensor>();
  for (const [path, tensor] of found) {
    const name = path.slice(prefix?.length ?? 0);
    const dtype = tensor instanceof TensorRecord ? tensor.storage.dtype : tensor.dtype;
    tensors.set(name, { name, dtype, shape: tensor.shape, read: async () => tensor.read() });
  }
  return { tensors, fields };
}

function holdsTensors(value: PickleValue | undefined): boolean {
  if (value instanceof Inert) return true;
  if (!(value instanceof Map)) return false;
  return [...value.values()].some(
    (item) => isTensor(item) || (item instanceof Map && [...item.values()].some(isTensor)),
  );
}

function isTensor(value: PickleValue): value is TensorRecord | NumpyArray {
  return value instanceof TensorRecord || value instanceof NumpyArray;
}

/** Walks dicts, lists and inert modules; a file that shares its parts endlessly ends at the limits. */
function collect(
  value: PickleValue,
  path: string,
  found: Map<string, TensorRecord | NumpyArray>,
  file: string,
  depth: number,
): void {
  if (isTensor(value)) {
    found.set(path, value);
    if (found.size > MAX_TENSORS) throw unusable(file, `it holds more than ${MAX_TENSORS} tensors`, "It is no model.");
    return;
  }
  if (depth > MAX_PICKLE_DEPTH) return;
  for (const [key, item] of children(value))
    collect(item, path === "" ? key : `${path}.${key}`, found, file, depth + 1);
}

function* children(value: PickleValue): Generator<[string, PickleValue]> {
  if (value instanceof Map) {
    for (const [key, item] of value) if (typeof key === "string" || typeof key === "number") yield [String(key), item];
  } else if (value instanceof Inert) {
    yield* children(value.state);
  } else if (value instanceof Tuple) {
    yield* value.items.map((item, i): [string, PickleValue] => [String(i), item]);
  } else if (Array.isArray(value)) {
    yield* (value as PickleValue[]).map((item, i): [string, PickleValue] => [String(i), item]);
  }
}
