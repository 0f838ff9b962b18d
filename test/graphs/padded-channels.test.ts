import assert from "node:assert/strict";
import { it } from "node:test";
import { GraphBuilder } from "../../src/graphs/graph-builder.ts";
import { conv } from "../../src/graphs/nn.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { Weights } from "../../src/graphs/weights.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import { TempDir } from "../../src/media/temp.ts";
import { describeOnProviders, tolerance } from "../inference/providers.ts";
import { seededCheckpoint, uniform } from "./seeded.ts";

const SIDE = 8;
const OUT = 8;

/** The convolution of 3 × 3 filters with a border of zeros, as its definition has it. */
function convolved(x: Float32Array, filters: Float32Array, bias: Float32Array, channels: number): Float32Array {
  const y = new Float32Array(OUT * SIDE * SIDE);
  for (const at of y.keys()) {
    const [out, row, column] = [Math.floor(at / SIDE ** 2), Math.floor(at / SIDE) % SIDE, at % SIDE];
    let sum = bias[out] as number;
    for (let tap = 0; tap < channels * 9; tap++) {
      const [down, across] = [row + (Math.floor(tap / 3) % 3) - 1, column + (tap % 3) - 1];
      if (down < 0 || across < 0 || down >= SIDE || across >= SIDE) continue;
      const pixel = x[(Math.floor(tap / 9) * SIDE + down) * SIDE + across] as number;
      sum += pixel * (filters[out * channels * 9 + tap] as number);
    }
    y[at] = sum;
  }
  return y;
}

describeOnProviders("convolutions", (provider) => {
  for (const channels of [1, 3, 4, 5, 6, 9, 21]) {
    it(`over ${channels} channels are what their definition says`, async () => {
      using checkpoint = seededCheckpoint("w.pth", { "c.weight": [OUT, channels, 3, 3], "c.bias": [OUT] });
      const g = new GraphBuilder("c");
      const x = g.input("x", "float32", ["batch", channels, SIDE, SIDE]);
      g.output("y", conv(g, new Weights(checkpoint, "a test"), x, "c", { out: OUT, kernel: 3, padding: 1 }));
      await using dir = await TempDir.create();
      await using thread = new InferenceThread();
      const session = await thread.open(await writeModel(g.finish(), dir.path, "c"), { providers: [provider] });
      const data = Float32Array.from(uniform("x", channels * SIDE * SIDE));
      const read = async (key: string): Promise<Float32Array> =>
        new Float32Array((await checkpoint.tensors.get(key)?.read())?.buffer as ArrayBuffer);
      const wanted = convolved(data, await read("c.weight"), await read("c.bias"), channels);
      const { y } = await session.run({ x: { type: "float32", dims: [1, channels, SIDE, SIDE], data } });
      assert.equal(y?.data.length, wanted.length);
      const worst = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - Number(y?.data[i]))), 0);
      assert.ok(worst <= tolerance(provider), `differs by ${worst}`);
    });
  }
});
