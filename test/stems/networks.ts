import { mkdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { GraphBuilder } from "../../src/graphs/graph-builder.ts";
import type { Value } from "../../src/graphs/onnx/types.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";

/** Networks of MDX-Net's shape that do what is known beforehand. */
export type TestNetwork = "identity" | "shape" | "left" | "nothing-but-noise" | "broken";

/** Writes one as `PATH.onnx`. @param rows spectra that it takes in one run */
export async function writeNetwork(
  path: string,
  kind: TestNetwork,
  bins: number,
  frames: number,
  rows: "batch_size" | 1 = "batch_size",
): Promise<string> {
  const g = new GraphBuilder(kind);
  const shape = [rows, 4, bins, frames] as const;
  const x = g.input("input", "float32", shape);
  const op = (name: string, ...inputs: readonly Value[]): Value => g.node(name, inputs, { type: "float32", shape });
  const numbers = (name: string, sides: readonly number[], values: readonly number[]): Value =>
    g.constant(name, "float32", sides, values);
  const one = (value: number): Value => numbers(`value${value}`, [1], [value]);
  let y = x;
  if (kind === "identity") y = op("Identity", x);
  else if (kind === "left") y = op("Mul", x, numbers("sides", [1, 4, 1, 1], [1, 1, 0, 0]));
  else if (kind === "nothing-but-noise") y = op("Add", op("Mul", x, one(0)), one(0.5));
  else if (kind === "broken") y = op("Div", op("Mul", x, one(0)), one(0));
  else {
    const ofBins = numbers("bins", [bins, 1], line(1, 0.2, bins));
    const ofFrames = numbers("frames", [1, frames], line(0.5, 1, frames));
    y = op("Add", op("Mul", op("Tanh", op("Mul", op("Mul", x, ofBins), ofFrames)), one(3)), one(0.25));
  }
  g.output("output", y);
  await mkdir(dirname(path), { recursive: true });
  return writeModel(g.finish(), dirname(path), basename(path));
}

function line(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
}
