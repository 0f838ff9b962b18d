import assert from "node:assert/strict";
import { it } from "node:test";
import { attention, gelu, layerNorm } from "../../src/graphs/attention.ts";
import { GraphBuilder } from "../../src/graphs/graph-builder.ts";
import { cast } from "../../src/graphs/nn.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { biGru } from "../../src/graphs/recurrent.ts";
import { Weights } from "../../src/graphs/weights.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import { TempDir } from "../../src/media/temp.ts";
import { describeOnProviders, tolerance as toleranceOf } from "../inference/providers.ts";
import { formulaCheckpoint, spread } from "./formula.ts";
import { assertClose, readReference } from "./reference.ts";

/** Sizes: tools/graph-goldens/layers.py. */
type Sizes = {
  readonly batch: number;
  readonly time: number;
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
};

describeOnProviders("Layers of sequences", (provider) => {
  for (const [precision, tolerance] of [
    ["float32", 1e-5],
    ["float16", 1e-2],
  ] as const) {
    it(`attention with places left out, a GRU both ways, norm and GELU are PyTorch's, in ${precision}`, async () => {
      const { keys, arrays, every, batch, time, width, heads, hidden } = readReference<Sizes>("layers");
      const w = new Weights(formulaCheckpoint("layers.pt", keys), "layers");
      const g = new GraphBuilder("layers", precision);
      const x = cast(g, g.input("x", "float32", ["batch", "time", width]), precision);
      const bias = cast(g, g.input("bias", "float32", ["batch", 1, 1, "time"]), precision);
      const made = {
        attention: attention(g, w, x, { heads, query: "q", key: "k", value: "v", out: "out", bias }),
        gru: biGru(g, w, x, "gru", hidden),
        norm: layerNorm(g, w, x, "norm"),
        gelu: gelu(g, x),
      };
      for (const [name, value] of Object.entries(made)) g.output(name, cast(g, value, "float32"));
      assert.deepEqual(w.unused(), []);
      await using dir = await TempDir.create();
      await using thread = new InferenceThread();
      const path = await writeModel(g.finish(), dir.path, "layers");
      const session = await thread.open(path, { providers: [provider], threads: 1 });
      // The second sequence is five steps long.
      const lost = Float32Array.from({ length: batch * time }, (_, i) => (i >= time + 5 ? -1e4 : 0));
      const found = await session.run({
        x: { type: "float32", dims: [batch, time, width], data: spread("x", batch * time * width, 2) },
        bias: { type: "float32", dims: [batch, 1, 1, time], data: lost },
      });
      for (const name of Object.keys(made)) {
        const value = found[name];
        assert.ok(value?.type === "float32");
        assert.deepEqual(value.dims, [batch, time, name === "gru" ? 2 * hidden : width]);
        assertClose(value.data, arrays[name] as Float32Array, every, Math.max(tolerance, toleranceOf(provider)));
      }
    });
  }
});
