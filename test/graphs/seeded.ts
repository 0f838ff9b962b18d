import type { Checkpoint, CheckpointTensor } from "../../src/checkpoints/checkpoint.ts";

/** Numbers from 0 to 1 that depend on a key and their place alone; tools/graph-goldens/make.py has the same. */
export function uniform(key: string, count: number): Float64Array {
  let seed = 0x811c9dc5;
  for (const byte of Buffer.from(key)) seed = Math.imul(seed ^ byte, 0x01000193);
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i, 0x9e3779b1) + seed) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    out[i] = ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  }
  return out;
}

/** A weight by its key: statistics and norms near one, filters that keep the scale of what passes. */
export function seeded(key: string, shape: readonly number[]): Float32Array {
  const u = uniform(
    key,
    shape.reduce((a, b) => a * b, 1),
  );
  const last = key.slice(key.lastIndexOf(".") + 1);
  if (last === "running_var") return Float32Array.from(u, (x) => 0.8 + 0.4 * x);
  if (last === "running_mean" || last === "bias") return Float32Array.from(u, (x) => 0.1 * (x - 0.5));
  if (shape.length === 1) {
    return Float32Array.from(u, key.includes("norm") ? (x) => 4 + 6 * x : (x) => 0.4 + 0.4 * x);
  }
  const bound = Math.sqrt(3 / shape.slice(1).reduce((a, b) => a * b, 1));
  return Float32Array.from(u, (x) => (x - 0.5) * 2 * bound);
}

/** A checkpoint at full width whose weights come from their keys. */
export function seededCheckpoint(file: string, shapes: Readonly<Record<string, readonly number[]>>): Checkpoint {
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, shape] of Object.entries(shapes)) {
    const read = async (): Promise<Uint8Array> => new Uint8Array(seeded(name, shape).buffer);
    tensors.set(name, { name, dtype: "f32", shape, read });
  }
  return { file, format: "torch-zip", tensors, fields: new Map(), root: undefined, [Symbol.dispose]() {} };
}
