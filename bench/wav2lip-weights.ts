import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import type { Graph } from "../src/graphs/graph-builder.ts";
import { seeded } from "../test/graphs/seeded.ts";

/** Writes weights that come from a seed, as a file of safetensors. */
export async function writeWeights(path: string, keys: Readonly<Record<string, readonly number[]>>): Promise<void> {
  const shapes = Object.entries(keys).filter(([key]) => !key.endsWith(".num_batches_tracked"));
  const header: Record<string, object> = {};
  let at = 0;
  for (const [key, shape] of shapes) {
    const end = at + 4 * shape.reduce((a, b) => a * b, 1);
    header[key] = { dtype: "F32", shape, data_offsets: [at, end] };
    at = end;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const out = createWriteStream(path);
  out.write(length);
  out.write(text);
  for (const [key, shape] of shapes) {
    if (!out.write(Buffer.from(seeded(key, shape).buffer))) await once(out, "drain");
  }
  out.end();
  await finished(out);
}

/** Multiplications and additions of a network's convolutions, for one row of a batch. */
export function operations({ nodes, values, inputs, initializers }: Graph): number {
  const shapes = new Map([...values, ...inputs, ...initializers].map(({ name, shape }) => [name, shape]));
  const sizeOf = (name: string | undefined): number =>
    (shapes.get(name ?? "") ?? []).slice(1).reduce<number>((product, side) => product * Number(side), 1);
  return nodes.reduce((sum, { op, inputs: [x, weight], outputs: [y] }) => {
    if (op === "Conv") return sum + 2 * sizeOf(y) * sizeOf(weight);
    return op === "ConvTranspose" ? sum + 2 * sizeOf(x) * sizeOf(weight) : sum;
  }, 0);
}
