import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { GraphBuilder } from "../../src/graphs/graph-builder.ts";
import { cast, relu, scaleBy } from "../../src/graphs/nn.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import type { TempDir } from "../../src/media/temp.ts";
import type { Tensor, Tensors } from "../../src/inference/tensor.ts";

/** Small networks, written as the large ones are. */

/** `y = x · factor` over rows of four; with `weightBytes` it carries weights that are used and change nothing. */
export async function scaleNetwork(dir: TempDir, name: string, factor: number, weightBytes = 0): Promise<string> {
  const g = new GraphBuilder(name);
  let x = scaleBy(g, g.input("x", "float32", ["n", 4]), factor);
  if (weightBytes > 0) {
    const side = Math.ceil(weightBytes / 16);
    const bytes = async (): Promise<Uint8Array> => new Uint8Array(side * 16);
    const weight = g.weight(`${name}.weight`, "float32", [4, side], bytes);
    const wide = g.node("MatMul", [x, weight], { shape: ["n", side] });
    const sum = g.node(
      "ReduceSum",
      [wide, g.constant("axis", "int64", [1], [1])],
      { shape: ["n", 1] },
      { keepdims: 1 },
    );
    x = g.node("Add", [x, sum], { shape: ["n", 4] });
  }
  g.output("y", x);
  return writeModel(g.finish(), dir.path, name);
}

/** `y = table[index]` for rows of one index: an index from 0 to 3, any other fails the whole run. */
export async function lookUpNetwork(dir: TempDir, name = "look-up"): Promise<string> {
  const g = new GraphBuilder(name);
  const table = g.constant("table", "float32", [4], [10, 20, 30, 40]);
  const index = g.input("x", "int64", ["n", 1]);
  g.output("y", g.node("Gather", [table, index], { type: "float32", shape: ["n", 1] }, { axis: 0 }));
  return writeModel(g.finish(), dir.path, name);
}

/** Pixels in, pixels out: uint8 pictures of `side`², brightened by half, cast and clipped inside. */
export async function pictureNetwork(dir: TempDir, side: number, name = "picture"): Promise<string> {
  const g = new GraphBuilder(name);
  const pixels = g.input("x", "uint8", ["n", side, side, 3]);
  const bright = relu(g, scaleBy(g, cast(g, pixels, "float32"), 1.5));
  const white = g.constant("white", "float32", [1], [255]);
  const clipped = g.node("Min", [bright, white], { shape: bright.shape });
  g.output("y", cast(g, clipped, "uint8"));
  return writeModel(g.finish(), dir.path, name);
}

export const row = (...values: number[]): Tensors => ({
  x: { type: "float32", dims: [1, values.length], data: Float32Array.from(values) },
});

export const index = (at: number): Tensors => ({
  x: { type: "int64", dims: [1, 1], data: BigInt64Array.of(BigInt(at)) },
});

export const valuesOf = (tensors: Tensors, name = "y"): number[] => Array.from((tensors[name] as Tensor).data, Number);

/** A network that takes some hundred milliseconds a run: rounds of a product with a square of `side`. */
export const slowNetwork = (): Promise<Buffer> => readFile(join(import.meta.dirname, "power.onnx"));
