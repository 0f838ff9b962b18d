import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Checkpoint } from "../../src/checkpoints/checkpoint.ts";
import { buildContentVec, type ContentVecGraphs } from "../../src/graphs/contentvec.ts";
import type { Graph } from "../../src/graphs/graph-builder.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import type { Provider } from "../../src/inference/tensor.ts";
import { CONTENTVEC } from "../../src/library/models/architectures/contentvec.ts";
import { TempDir } from "../../src/media/temp.ts";
import { describeOnProviders, tolerance as toleranceOf } from "../inference/providers.ts";
import { formulaCheckpoint, keysOf, type KeyTree, spread } from "./formula.ts";
import { assertClose, readReference } from "./reference.ts";

/** How a reference was run: tools/graph-goldens/contentvec.py. */
type Run = { readonly batch: number; readonly samples: number; readonly tree: KeyTree };

const VERSIONS = ["v1", "v2"] as const;

/** A file as fairseq saves it: what only training needs lies beside the rest. */
function fairseqFile(name: string): { readonly run: Run; readonly checkpoint: Checkpoint } {
  const run = readReference<Run>(name);
  const keys = { ...keysOf(run.tree), label_embs_concat: [504, 256] };
  return { run, checkpoint: formulaCheckpoint("hubert_base.pt", keys) };
}

/** The same file as transformers saves it; `newer` with the names that PyTorch gives lengths and directions since 2.0. */
function transformersFile(checkpoint: Checkpoint, newer: boolean, prefix = ""): Checkpoint {
  const parts: readonly (readonly [RegExp, string])[] = [
    [/^(feature_extractor\.conv_layers\.\d)\.0\./, "$1.conv."],
    [/^(feature_extractor\.conv_layers\.0)\.2\./, "$1.layer_norm."],
    [/^layer_norm\./, "feature_projection.layer_norm."],
    [/^post_extract_proj\./, "feature_projection.projection."],
    [/^encoder\.pos_conv\.0\./, "encoder.pos_conv_embed.conv."],
    [/self_attn_layer_norm/, "layer_norm"],
    [/self_attn/, "attention"],
    [/\.fc1\./, ".feed_forward.intermediate_dense."],
    [/\.fc2\./, ".feed_forward.output_dense."],
    [/^mask_emb$/, "masked_spec_embed"],
    [/weight_g$/, newer ? "parametrizations.weight.original0" : "weight_g"],
    [/weight_v$/, newer ? "parametrizations.weight.original1" : "weight_v"],
  ];
  const tensors = new Map<string, NonNullable<ReturnType<typeof checkpoint.tensors.get>>>();
  for (const [key, tensor] of checkpoint.tensors) {
    if (key === "label_embs_concat") continue;
    const plain = parts.reduce((name, [from, to]) => name.replace(from, to), key);
    const name = plain.startsWith("final_proj") ? plain : prefix + plain;
    tensors.set(name, { ...tensor, name });
  }
  return { ...checkpoint, file: "model.safetensors", format: "safetensors", tensors };
}

/** What a graph makes of the reference's sound: tones that glide, with noise under them. */
async function hear(graph: Graph, { batch, samples }: Run, provider: Provider): Promise<Float32Array> {
  const data = spread("sound", batch * samples);
  for (let i = 0; i < data.length; i++) {
    const [row, time] = [Math.floor(i / samples), (i % samples) / 16_000];
    data[i] = 0.3 * Math.sin(2 * Math.PI * (200 + 50 * row) * time * (1 + time)) + 0.01 * (data[i] as number);
  }
  await using dir = await TempDir.create();
  await using thread = new InferenceThread();
  const session = await thread.open(await writeModel(graph, dir.path, "hubert"), { providers: [provider], threads: 2 });
  const { features } = await session.run({ audio: { type: "float32", dims: [batch, samples], data } });
  assert.ok(features?.type === "float32");
  assert.deepEqual(features.dims.slice(0, 2), [batch, Math.floor((samples - 400) / 320) + 1]);
  return features.data;
}

async function assertHears(
  graphs: ContentVecGraphs,
  name: string,
  provider: Provider,
  tolerance: number,
  versions: readonly ("v1" | "v2")[] = VERSIONS,
): Promise<void> {
  const { arrays, every, ...run } = readReference<Run>(name);
  assert.deepEqual(graphs.unused, []);
  for (const version of versions) {
    const made = await hear(graphs[version], run, provider);
    assertClose(made, arrays[version] as Float32Array, every, Math.max(tolerance, toleranceOf(provider)));
  }
}

describeOnProviders("ContentVec's graphs", (provider) => {
  it("at full width: hear what HuBERT of transformers hears, within 1e-4", async () => {
    using checkpoint = fairseqFile("contentvec").checkpoint;
    await assertHears(buildContentVec(checkpoint), "contentvec", provider, 1e-4, ["v2"]);
  });

  it("narrow: layer 9 with its projection and layer 12, two sounds at once, within 1e-4, and 2e-2 in float16", async () => {
    using checkpoint = fairseqFile("contentvec-narrow").checkpoint;
    await assertHears(buildContentVec(checkpoint), "contentvec-narrow", provider, 1e-4);
    await assertHears(buildContentVec(checkpoint, "float16"), "contentvec-narrow", provider, 2e-2);
  });

  it("the same from the names of transformers, older and newer, and with a prefix", async () => {
    using checkpoint = fairseqFile("contentvec-narrow").checkpoint;
    for (const file of [
      transformersFile(checkpoint, false),
      transformersFile(checkpoint, true),
      transformersFile(checkpoint, true, "hubert."),
    ]) {
      assert.equal(CONTENTVEC.recognise(file), "");
      await assertHears(buildContentVec(file), "contentvec-narrow", provider, 1e-4, ["v1"]);
    }
  });
});

describe("ContentVec", () => {
  it("a larger HuBERT, one without projection and one that is not whole are told by name", () => {
    const { checkpoint } = fairseqFile("contentvec-narrow");
    const keys = Object.fromEntries([...checkpoint.tensors].map(([key, { shape }]) => [key, shape]));
    const refused = (more: Readonly<Record<string, readonly number[]>>, message: RegExp): void =>
      assert.throws(() => CONTENTVEC.recognise(formulaCheckpoint("hubert.pt", more)), {
        code: "model_unusable",
        message,
      });
    refused({ ...keys, "encoder.layers.12.final_layer_norm.weight": [128] }, /HuBERT of more than 12 layers/);
    refused({ ...keys, "post_extract_proj.weight": [100, 16] }, /HuBERT 100 wide, which is no multiple of 64/);
    const { "final_proj.weight": _, ...plain } = keys;
    refused(plain, /^hubert\.pt: it is a HuBERT without final_proj, which voices of RVC v1 need/);
    const { "encoder.layers.3.fc1.weight": __, ...broken } = keys;
    assert.throws(() => buildContentVec(formulaCheckpoint("hubert.pt", broken)), {
      code: "model_unusable",
      message: /"encoder\.layers\.3\.fc1\.weight" is missing/,
    });
    assert.equal(CONTENTVEC.recognise(formulaCheckpoint("other.pt", { weight: [1] })), undefined);
  });
});
