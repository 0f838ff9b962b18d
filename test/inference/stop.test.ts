import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { GraphBuilder } from "../../src/graphs/graph-builder.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import type { Tensors } from "../../src/inference/tensor.ts";
import { inferenceUsage } from "../../src/inference/usage.ts";
import { TempDir } from "../../src/media/temp.ts";
import { valuesOf } from "./networks.ts";

const SIDE = 512;

/** `y = x` to some power: so many products of a square of 512 by 512, at each of which a run can be stopped. */
async function powerNetwork(dir: TempDir, products: number): Promise<string> {
  const g = new GraphBuilder(`power-${products}`);
  const x = g.input("x", "float32", [1, SIDE, SIDE]);
  let y = x;
  for (let i = 0; i < products; i++) y = g.stoppable(g.node("MatMul", [y, x], x));
  g.output("y", y);
  return writeModel(g.finish(), dir.path, g.name);
}

/** The square that changes nothing. */
function identity(): Tensors {
  const data = new Float32Array(SIDE * SIDE);
  for (let i = 0; i < SIDE; i++) data[i * SIDE + i] = 1;
  return { x: { type: "float32", dims: [1, SIDE, SIDE], data } };
}

describe("a run that is stopped", () => {
  it("ends long before its end, in the middle of the graph, and the thread goes on with what comes next", async () => {
    await using dir = await TempDir.create();
    await using thread = new InferenceThread();
    // Half a minute of work and more.
    const long = await thread.open(await powerNetwork(dir, 10_000));
    const short = await thread.open(await powerNetwork(dir, 3));
    assert.deepEqual(long.inputs, ["x"], "what stops it is not the caller's to feed");
    const { stopped, runs } = inferenceUsage;
    for (let round = 1; round <= 3; round++) {
      const cancel = new AbortController();
      const run = assert.rejects(long.run(identity(), cancel.signal), { code: "cancelled" });
      // It is with the thread now.
      await nextTurn();
      cancel.abort();
      await run;
      // One that waits in line behind it is not touched.
      const next = await short.run(identity());
      assert.equal(
        valuesOf(next).reduce((sum, x) => sum + x, 0),
        SIDE,
      );
      assert.equal(inferenceUsage.stopped - stopped, round);
    }
    assert.equal(inferenceUsage.runs - runs, 6);
  });
});
