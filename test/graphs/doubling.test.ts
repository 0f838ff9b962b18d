import assert from "node:assert/strict";
import { it } from "node:test";
import { doublingConv } from "../../src/graphs/doubling.ts";
import { GraphBuilder } from "../../src/graphs/graph-builder.ts";
import { convTranspose } from "../../src/graphs/nn.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { Weights } from "../../src/graphs/weights.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import { TempDir } from "../../src/media/temp.ts";
import { seededCheckpoint, uniform } from "./seeded.ts";

it("a layer that doubles, as convolutions, makes what the transposed convolution makes, its norm folded in", async () => {
  const keys = {
    "up.weight": [5, 3, 3, 3],
    "up.bias": [3],
    "norm.weight": [3],
    "norm.bias": [3],
    "norm.running_mean": [3],
    "norm.running_var": [3],
  };
  using checkpoint = seededCheckpoint("w.pth", keys);
  await using dir = await TempDir.create();
  await using thread = new InferenceThread();
  for (const [height, width] of [
    [4, 7],
    [1, 1],
  ] as const) {
    const results: Float32Array[] = [];
    for (const layer of [convTranspose, doublingConv]) {
      const g = new GraphBuilder(layer.name);
      const w = new Weights(checkpoint, "doubling");
      const x = g.input("x", "float32", ["batch", 5, height, width]);
      const options = { out: 3, kernel: 3, stride: 2, padding: 1, outputPadding: 1, norm: w.batchNorm("norm", 3) };
      const y = layer(g, w, x, "up", options);
      assert.deepEqual(y.shape, ["batch", 3, 2 * height, 2 * width]);
      g.output("y", y);
      const session = await thread.open(await writeModel(g.finish(), dir.path, `${layer.name}${height}`));
      const data = Float32Array.from(uniform("x", 2 * 5 * height * width), (u) => u - 0.5);
      const out = await session.run({ x: { type: "float32", dims: [2, 5, height, width], data } });
      assert.ok(out["y"]?.type === "float32");
      results.push(out["y"].data);
    }
    const [wanted, made] = results;
    assert.ok(wanted && made && wanted.length === 2 * 3 * 4 * height * width);
    for (const [i, value] of wanted.entries()) assert.ok(Math.abs(value - (made[i] as number)) < 1e-5);
  }
});
