import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Checkpoint, CheckpointTensor } from "../../src/checkpoints/checkpoint.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import type { Value } from "../../src/graphs/onnx/types.ts";
import { melBands } from "../../src/graphs/roformer-bands.ts";
import {
  describeRoformer,
  readRoformerVariant,
  roformerCheckpoint,
  roformerConfig,
} from "../../src/graphs/roformer-config.ts";
import { buildRoformer, type RoformerOptions } from "../../src/graphs/roformer.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import type { Provider, Tensor } from "../../src/inference/tensor.ts";
import { ROFORMER } from "../../src/library/models/architectures/roformer.ts";
import { TempDir } from "../../src/media/temp.ts";
import { describeOnProviders, tolerance as toleranceOf } from "../inference/providers.ts";
import { formulaCheckpoint, keysOf, type KeyTree, spread } from "./formula.ts";
import { assertClose, readReference } from "./reference.ts";

/** What the reference was run with: tools/graph-goldens/roformer.py. */
type Case = { readonly frames: number; readonly skips: boolean; readonly tree: KeyTree };
type Layout = {
  readonly rate: number;
  readonly size: number;
  readonly bands: readonly (readonly [from: number, last: number])[];
};
const { cases, layouts, arrays, every } = readReference<{
  readonly cases: Readonly<Record<string, Case>>;
  readonly layouts: readonly Layout[];
}>("roformer");

const VARIANTS = {
  "bs stereo": "bs 24x2, 17 bands of 256, stereo, 1 stem",
  "bs mono": "bs 16x3, 17 bands of 256, mono, 2 stems",
  "mel stereo": "mel-band 24x2, 14 bands of 512, stereo, 1 stem",
  "mel mono": "mel-band 16x3, 20 bands of 512, mono, 4 stems",
} as const;
type Name = keyof typeof VARIANTS;

/** The speeds of turns, which the reference does not take from a formula. */
const isTurns = (key: string): boolean => key.endsWith("rotary_embed.freqs");

/** Weights by formula; of the speeds of turns the file has those that `keep` says, rounded by `round`. */
function checkpointOf(
  name: Name,
  {
    keep = () => true,
    rename = (key) => key,
    round = (speed) => speed,
  }: {
    keep?: (key: string) => boolean;
    rename?: (key: string) => string;
    round?: (speed: number) => number;
  } = {},
): Checkpoint {
  const shapes = Object.entries(keysOf((cases[name] as Case).tree));
  const kept = shapes.filter(([key]) => !isTurns(key) || keep(key));
  const checkpoint = formulaCheckpoint("model.ckpt", Object.fromEntries(kept));
  const tensors = new Map<string, CheckpointTensor>();
  for (const [key, tensor] of checkpoint.tensors) {
    const pairs = tensor.shape[0] as number;
    const speeds = Float32Array.from({ length: pairs }, (_, i) => round(10_000 ** (-i / pairs)));
    const read = async (): Promise<Uint8Array> => new Uint8Array(speeds.buffer);
    tensors.set(rename(key), isTurns(key) ? { ...tensor, read } : tensor);
  }
  return { ...checkpoint, tensors };
}

/** What the graph of a checkpoint makes of the reference's spectrum. */
async function hear(name: Name, checkpoint: Checkpoint, provider: Provider, options: RoformerOptions = {}, batch = 1) {
  const { frames, skips } = cases[name] as Case;
  const { graph, unused } = buildRoformer(checkpoint, { skips, ...options });
  assert.deepEqual(unused, []);
  const [, parts, bins] = (graph.inputs[0] as Value).shape as [string, number, number, string];
  const one = spread(`spectrum ${name}`, parts * bins * frames);
  const data = new Float32Array(batch * one.length);
  for (let i = 0; i < batch; i++) data.set(one, i * one.length);
  const spectrum: Tensor = { type: "float32", dims: [batch, parts, bins, frames], data };
  await using dir = await TempDir.create();
  await using thread = new InferenceThread();
  const session = await thread.open(await writeModel(graph, dir.path, "roformer"), {
    providers: [provider],
    threads: 2,
  });
  const { stems } = await session.run({ spectrum });
  assert.ok(stems?.type === "float32");
  return { ...stems, frames, bins, parts };
}

describeOnProviders("the graphs of RoFormers", (provider) => {
  const worst = (tolerance: number): number => Math.max(tolerance, toleranceOf(provider));

  for (const [name, count] of [
    ["bs stereo", 1],
    ["bs mono", 2],
    ["mel stereo", 1],
    ["mel mono", 4],
  ] as const) {
    it(`${name}: takes the stems out of a spectrum that PyTorch takes, within 1e-4, and 3e-3 in float16`, async () => {
      for (const [precision, tolerance] of [
        ["float32", 1e-4],
        ["float16", 3e-3],
      ] as const) {
        using checkpoint = checkpointOf(name);
        const { dims, data, frames, bins, parts } = await hear(name, checkpoint, provider, { precision });
        assert.deepEqual(dims, [1, count, parts, bins, frames]);
        assertClose(data, arrays[name] as Float32Array, every, worst(tolerance));
      }
    });
  }

  it("says the same of two spectra at once, of a file that keeps the turns once, rounded or not at all, and under a prefix", async () => {
    const expected = arrays["mel mono"] as Float32Array;
    const first = (key: string): boolean => key.startsWith("layers.0.0.layers.0.");
    for (const checkpoint of [
      checkpointOf("mel mono", { keep: first }),
      checkpointOf("mel mono", { keep: () => false }),
      checkpointOf("mel mono", { round: Math.f16round }),
      checkpointOf("mel mono", { rename: (key) => `model.${key}` }),
    ]) {
      assertClose((await hear("mel mono", checkpoint, provider)).data, expected, every, worst(1e-4));
    }
    const two = await hear("mel mono", checkpointOf("mel mono"), provider, {}, 2);
    const half = two.data.length / 2;
    assert.equal(two.dims[0], 2);
    assertClose(two.data.subarray(0, half), expected, every, worst(1e-4));
    assertClose(two.data.subarray(half), expected, every, worst(1e-4));
  });

  it("hears another thing where the pairs before are not passed on", async () => {
    const plain = await hear("bs mono", checkpointOf("bs mono"), provider, { skips: false });
    const kept = arrays["bs mono"] as Float32Array;
    assert.ok(kept.some((value, i) => Math.abs(value - (plain.data[i * every] as number)) > 0.01));
  });
});

describe("RoFormers", () => {
  it("are known by their shapes, under a prefix too; a file of another network is none", () => {
    for (const [name, variant] of Object.entries(VARIANTS)) {
      assert.equal(ROFORMER.recognise(checkpointOf(name as Name)), variant);
      assert.equal(ROFORMER.recognise(checkpointOf(name as Name, { rename: (key) => `net.${key}` })), variant);
    }
    assert.deepEqual(readRoformerVariant(VARIANTS["mel mono"]), {
      kind: "mel-band",
      width: 16,
      depth: 3,
      bands: 20,
      size: 512,
      channels: 1,
      stems: 4,
    });
    const config = roformerConfig(roformerCheckpoint(checkpointOf("bs stereo")) as Checkpoint);
    assert.equal(describeRoformer(config), VARIANTS["bs stereo"]);
    assert.equal(ROFORMER.recognise(formulaCheckpoint("other.ckpt", { "band_split.weight": [3, 3] })), undefined);
  });

  it("have librosa's bands", () => {
    for (const { rate, size, bands } of layouts) {
      const made = melBands({ sampleRate: rate, size }, bands.length);
      assert.deepEqual(
        made.map((band) => [band[0], band.at(-1), band.length]),
        bands.map(([from, last]) => [from, last, last - from + 1]),
        `${rate} Hz, ${size}, ${bands.length} bands`,
      );
    }
  });

  it("of a form that is not supported are refused by its name, and by the key that tells", () => {
    const changed = (change: (shapes: Record<string, readonly number[]>) => void): Checkpoint => {
      const shapes: Record<string, readonly number[]> = { ...keysOf((cases["mel stereo"] as Case).tree) };
      change(shapes);
      return formulaCheckpoint("model.ckpt", shapes);
    };
    const at = "layers.0.0.layers.0.0";
    for (const [key, shape, said] of [
      [`${at}.temperature`, [3, 1, 1], /with linear attention \("layers\.0\.0\.layers\.0\.0\.temperature"\)/],
      [`${at}.pope_embed.bias`, [3], /PoPE/],
      [`${at}.to_value_residual_mix.weight`, [3, 24], /residuals of values/],
      [`${at}.branch.to_qkv.weight`, [72, 24], /hyper-connections/],
      [`${at}.ff1.net.0.weight`, [24], /Conformer/],
      [`${at}.to_qkv.lora_A`, [4, 24], /LoRA/],
      ["mask_estimators.0.segm.weight", [4, 4], /HyperACE/],
      ["register_tokens", [4, 24], /of a form that is not supported: it has "register_tokens"\./],
    ] as const) {
      const checkpoint = changed((shapes) => (shapes[key] = shape));
      assert.throws(() => buildRoformer(checkpoint), { code: "model_unusable", message: said });
    }
    const tables = changed((shapes) =>
      Object.assign(shapes, { freq_indices: [798], [`${at}.rotary_embed.dummy`]: [1] }),
    );
    assert.deepEqual(buildRoformer(tables).unused, []);
    const missing = changed((shapes) => delete shapes[`${at}.to_gates.weight`]);
    assert.throws(() => buildRoformer(missing), { message: /to_gates\.weight" is missing/ });
    const odd = changed((shapes) => (shapes["band_split.to_features.3.1.weight"] = [24, 6]));
    assert.throws(() => buildRoformer(odd), { message: /14 bands are of no layout that is known/ });
    const other = changed((shapes) => (shapes["layers.1.0.layers.0.1.net.4.weight"] = [23, 96]));
    assert.throws(() => buildRoformer(other), {
      message: /"layers\.1\.0\.layers\.0\.1\.net\.4\.weight" is \[23, 96\]/,
    });
  });
});
