import type { Checkpoint, CheckpointTensor } from "../../src/checkpoints/checkpoint.ts";
import type { PickleValue } from "../../src/checkpoints/pickle/values.ts";

/**
 * Weights of voice networks by their keys: tools/graph-goldens/formula.py has the same. Norms and lengths lie near one, so
 * that what passes keeps its scale however deep the network is.
 */

/** Numbers from −1 to 1 that depend on a name and their place alone, times `scale`, plus `offset`. */
export function spread(name: string, count: number, scale = 1, offset = 0): Float32Array<ArrayBuffer> {
  let sum = 0;
  for (const character of name) sum += character.codePointAt(0) as number;
  const shift = Math.imul(sum, 40_503);
  const out = new Float32Array(count);
  // By a loop: networks have a hundred million numbers.
  for (let i = 0; i < count; i++) {
    const x = (Math.imul(i + 1, 2_654_435_761) + shift) >>> 0;
    out[i] = ((x / 2 ** 32) * 2 - 1) * scale + offset;
  }
  return out;
}

/** A weight by its key. */
export function formula(key: string, shape: readonly number[]): Float32Array {
  const count = shape.reduce((a, b) => a * b, 1);
  const last = key.slice(key.lastIndexOf(".") + 1);
  const nearOne = ["weight_g", "gamma", "running_var"].includes(last) || (shape.length === 1 && last === "weight");
  if (nearOne) return spread(key, count, 0.1, 1);
  return spread(key, count, shape.length < 2 ? 0.1 : 1.5 / Math.sqrt(count / (shape[0] as number)));
}

/** Shapes by the parts of their keys, as fixtures hold them. */
export type KeyTree = { readonly [part: string]: KeyTree | readonly number[] };

/** Shapes by key. */
export function keysOf(tree: KeyTree, before = ""): Record<string, readonly number[]> {
  const keys: Record<string, readonly number[]> = {};
  for (const [part, value] of Object.entries(tree)) {
    if (Array.isArray(value)) keys[before + part] = value as readonly number[];
    else Object.assign(keys, keysOf(value as KeyTree, `${before}${part}.`));
  }
  return keys;
}

/** A checkpoint whose weights come from their keys. */
export function formulaCheckpoint(
  file: string,
  shapes: Readonly<Record<string, readonly number[]>>,
  fields: Readonly<Record<string, PickleValue>> = {},
): Checkpoint {
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, shape] of Object.entries(shapes)) {
    const read = async (): Promise<Uint8Array> => new Uint8Array(formula(name, shape).buffer);
    tensors.set(name, { name, dtype: "f32", shape, read });
  }
  return {
    file,
    format: "torch-zip",
    tensors,
    fields: new Map(Object.entries(fields)),
    root: undefined,
    [Symbol.dispose]() {},
  };
}
