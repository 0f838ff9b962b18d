import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Checkpoint } from "../../src/checkpoints/checkpoint.ts";
import { decodeSalience } from "../../src/engines/pitch/rmvpe/decode.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { buildRmvpe, isRmvpe, type RmvpeOptions } from "../../src/graphs/rmvpe.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import type { Provider, Tensor } from "../../src/inference/tensor.ts";
import { RMVPE } from "../../src/library/models/architectures/rmvpe.ts";
import { TempDir } from "../../src/media/temp.ts";
import { describeOnProviders, tolerance as toleranceOf } from "../inference/providers.ts";
import { formulaCheckpoint, keysOf, type KeyTree, spread } from "./formula.ts";
import { assertClose, readReference } from "./reference.ts";

/** How a reference was run: tools/graph-goldens/rmvpe.py. */
type Run = { readonly batch: number; readonly samples: number; readonly tree: KeyTree };

/** Tones that glide, with noise under them, and a silence at the end. */
function sound({ batch, samples }: Run): Tensor {
  const data = spread("sound", batch * samples);
  for (let i = 0; i < data.length; i++) {
    const [row, at] = [Math.floor(i / samples), i % samples];
    const time = at / 16_000;
    const tone = 0.3 * Math.sin(2 * Math.PI * (200 + 50 * row) * time * (1 + time));
    data[i] = at < 7000 ? tone + 0.01 * (data[i] as number) : 0;
  }
  return { type: "float32", dims: [batch, samples], data };
}

function mel(batch: number): Tensor {
  return { type: "float32", dims: [batch, 128, 32], data: spread("mel", batch * 128 * 32, 3, -4) };
}

/** What the graph of a checkpoint makes. */
async function listen(
  checkpoint: Checkpoint,
  given: Readonly<Record<string, Tensor>>,
  provider: Provider,
  options: RmvpeOptions = {},
): Promise<Tensor & { readonly type: "float32" }> {
  const { graph, unused } = buildRmvpe(checkpoint, { ...options, mel: "mel" in given });
  assert.deepEqual(unused, []);
  await using dir = await TempDir.create();
  await using thread = new InferenceThread();
  const session = await thread.open(await writeModel(graph, dir.path, "rmvpe"), { providers: [provider], threads: 2 });
  const { salience } = await session.run(given);
  assert.ok(salience?.type === "float32");
  return salience;
}

describeOnProviders("RMVPE's graph", (provider) => {
  const worst = (tolerance: number): number => Math.max(tolerance, toleranceOf(provider));

  it("at full width: hears in a sound what PyTorch hears, within 1e-4", async () => {
    const { arrays, every, ...run } = readReference<Run>("rmvpe");
    using checkpoint = formulaCheckpoint("rmvpe.pt", keysOf(run.tree));
    assert.equal(RMVPE.recognise(checkpoint), "");
    const salience = await listen(checkpoint, { audio: sound(run) }, provider);
    assert.deepEqual(salience.dims, [1, 51, 360]);
    assertClose(salience.data, arrays["sound"] as Float32Array, every, worst(1e-4));
  });

  it("narrow: from the sound and from the mel, two at once, within 1e-4, and within 1e-2 in float16", async () => {
    const { arrays, every, ...run } = readReference<Run>("rmvpe-narrow");
    using checkpoint = formulaCheckpoint("rmvpe.pt", keysOf(run.tree));
    for (const [precision, tolerance] of [
      ["float32", 1e-4],
      ["float16", 1e-2],
    ] as const) {
      const bySound = await listen(checkpoint, { audio: sound(run) }, provider, { precision });
      assertClose(bySound.data, arrays["sound"] as Float32Array, every, worst(tolerance));
      const byMel = await listen(checkpoint, { mel: mel(run.batch) }, provider, { precision });
      assertClose(byMel.data, arrays["mel"] as Float32Array, every, worst(tolerance));
    }
  });
});

describe("RMVPE", () => {
  it("a checkpoint with a weight of another shape is told by file and key; another network is none", () => {
    const keys = keysOf(readReference<Run>("rmvpe-narrow").tree);
    const other = formulaCheckpoint("rmvpe.pt", { ...keys, "fc.1.weight": [360, 128] });
    assert.throws(() => buildRmvpe(other), {
      code: "model_unusable",
      message: /^rmvpe\.pt: .*"fc\.1\.weight" is \[360, 128\], and \[360, 512\] was expected/,
    });
    assert.equal(isRmvpe(formulaCheckpoint("other.pt", { "fc.1.weight": [1] })), false);
  });

  it("the pitch of each frame is the reference's, within 0.1 cent, at the ends of the scale and in silence too", () => {
    const { arrays } = readReference<Run>("rmvpe-narrow");
    const expected = arrays["f0"] as Float32Array;
    const salience = spread("salience", 40 * 360).map((u) => (u / 2 + 0.5) ** 8);
    for (let frame = 0; frame < 40; frame++) salience[frame * 360 + ((frame * 53) % 360)] = 1;
    salience.fill(0, 8 * 360, 10 * 360);
    salience[8 * 360] = 0.9;
    salience[9 * 360 + 359] = 0.9;
    for (let i = 20 * 360; i < 24 * 360; i++) salience[i] = (salience[i] as number) * 0.02;
    const f0 = decodeSalience(salience);
    assert.equal(f0.length, 40);
    for (const [i, hz] of f0.entries()) {
      const known = expected[i] as number;
      if (known === 0) assert.equal(hz, 0);
      else
        assert.ok(Math.abs(1200 * Math.log2(hz / known)) < 0.1, `frame ${i}: ${hz} Hz, and ${known} Hz was expected`);
    }
    assert.equal(f0.filter((hz) => hz === 0).length, 4);
    assert.ok(Math.abs((f0[8] as number) - 31.7) < 0.01 && Math.abs((f0[9] as number) - 2005.5) < 0.1);
  });
});
