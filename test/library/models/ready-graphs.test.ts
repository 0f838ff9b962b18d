import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Checkpoint, CheckpointTensor, GraphValue } from "../../../src/checkpoints/checkpoint.ts";
import { contentVecForm } from "../../../src/library/models/architectures/contentvec-onnx.ts";
import { rmvpeForm } from "../../../src/library/models/architectures/rmvpe-onnx.ts";
import { ModelLibrary } from "../../../src/library/models/model-library.ts";
import { silentLog } from "../../../src/log.ts";
import { TempDir } from "../../../src/media/temp.ts";
import { readyFile } from "../../graphs/ready-file.ts";

/** A graph of which nothing is known but its sides. */
function graph(
  inputs: readonly GraphValue[],
  outputs: readonly GraphValue[],
  weights: readonly (readonly number[])[],
): Checkpoint {
  const read = (): never => assert.fail("Weights are not read.");
  const tensors = new Map<string, CheckpointTensor>();
  for (const [i, shape] of weights.entries())
    tensors.set(`onnx::${i}`, { name: `onnx::${i}`, dtype: "f32", shape, read });
  const onnx = { inputs, outputs };
  return { file: "x.onnx", format: "onnx", tensors, fields: new Map(), root: undefined, onnx, [Symbol.dispose]() {} };
}

const value = (name: string, shape: readonly number[], dtype: GraphValue["dtype"] = "f32"): GraphValue => ({
  name,
  shape,
  dtype,
});

/** Sides of the weights of a HuBERT base, as exporters leave them: turned, and without their names. */
const hubert = (layers: number, projected = true): readonly (readonly number[])[] => [
  [512, 1, 10],
  [768, 48, 128],
  [512, 768],
  ...(projected ? [[768, 256]] : []),
  ...Array.from({ length: layers }, () => [[768, 768], [768, 3072], [3072, 768], [3072]]).flat(),
];
const source = value("source", [1, 1, 0]);

describe("ready graphs of ContentVec", () => {
  it("are known at full width, by sides of outputs or without", () => {
    const v1 = { input: "source", rank: 3, v1: "embed" };
    const v2 = { input: "source", rank: 3, v2: "embed" };
    for (const [shape, layers, projected, form] of [
      [[1, 0, 256], 9, true, v1],
      [[0, 0, 0], 9, true, v1],
      [[1, 0, 768], 12, false, v2],
      [[], 12, false, v2],
      [[0, 0, 768], 12, true, v2],
    ] as const) {
      assert.deepEqual(contentVecForm(graph([source], [value("embed", shape)], hubert(layers, projected))), form);
    }
    const units = ["units9", "unit12", "unit12s"].map((name, i) => value(name, [0, 0, i === 1 ? 768 : 256]));
    assert.deepEqual(contentVecForm(graph([value("audio", [1, 0])], units, hubert(12))), {
      input: "audio",
      rank: 2,
      v1: "units9",
      v2: "unit12",
    });
  });

  it("of other forms are refused by name, with those that are taken", () => {
    const embed = [value("embed", [1, 0, 768])];
    const audio = value("audio", [1, 0]);
    for (const [inputs, outputs, weights, message] of [
      [[source], embed, hubert(9, false), /gives 768 features of layer 9, which/],
      [[source], [value("embed", [1, 0, 256])], hubert(12), /gives 256 features of layer 12 through the projection/],
      [[audio, value("attention_mask", [1, 0], "i64")], embed, hubert(12), /a HuBERT with 2 inputs/],
      [[value("source", [1, 1, 16_000])], embed, hubert(12), /for sound of 16000 samples alone/],
      [[value("source", [1, 1, 0], "f16")], embed, hubert(12), /that takes f16/],
      [[value("source", [1, 2, 0])], embed, hubert(12), /whose input is \[1, 2, any\]/],
      [[audio], [...embed, value("hidden", [1, 0, 768])], hubert(12), /of 12 layers with the outputs embed, hidden/],
    ] as const) {
      assert.throws(
        () => contentVecForm(graph(inputs, outputs, weights)),
        (error: Error) =>
          message.test(error.message) &&
          /^x\.onnx: it is a HuBERT .*Taken are .*hubert_base\.pt\.$/.test(error.message),
      );
    }
    assert.equal(contentVecForm(graph([source], embed, [[768, 768]])), undefined);
  });
});

describe("ready graphs of RMVPE", () => {
  const weights = [[512, 360]];
  const mel = value("input", [1, 128, 0]);
  const sound = value("waveform", [1, 0]);

  it("are known: from a mel or sound, to likelihoods, or with a threshold to Hz", () => {
    for (const [inputs, outputs, form] of [
      [[mel], [value("output", [1, 0, 360])], { input: "input", hears: "mel", output: "output", says: "salience" }],
      [[sound], [value("output", [])], { input: "waveform", hears: "sound", output: "output", says: "salience" }],
      [
        [sound, value("threshold", [])],
        [value("uv", [0, 0], "bool"), value("f0", [0, 0])],
        { input: "waveform", hears: "sound", threshold: { input: "threshold", rank: 0 }, output: "f0", says: "hz" },
      ],
      [
        [mel, value("threshold", [1])],
        [value("pitchf", [1, 0])],
        { input: "input", hears: "mel", threshold: { input: "threshold", rank: 1 }, output: "pitchf", says: "hz" },
      ],
    ] as const) {
      assert.deepEqual(rmvpeForm(graph(inputs, outputs, weights)), form);
    }
  });

  it("of other forms are refused by name; other networks of 360 pitches are none", () => {
    const salience = [value("output", [1, 0, 360])];
    for (const [inputs, outputs, message] of [
      [[value("input", [1, 128, 500])], salience, /with the inputs input \[1, 128, 500\]/],
      [[value("input", [1, 80, 0])], salience, /with the inputs input \[1, 80, any\]/],
      [[mel, value("length", [1, 5])], salience, /with the inputs input \[1, 128, any\] and length \[1, 5\]/],
      [[value("input", [1, 128, 0], "f16")], salience, /whose input input takes f16/],
      [[mel], [value("output", [1, 0, 128])], /with the outputs output \[1, any, 128\]/],
      [[mel], [value("output", [1, 0, 360], "f16")], /with the outputs output/],
    ] as const) {
      assert.throws(
        () => rmvpeForm(graph(inputs, outputs, weights)),
        (error: Error) =>
          message.test(error.message) && /^x\.onnx: it is an RMVPE .*Taken are .*rmvpe\.pt\.$/.test(error.message),
      );
    }
    assert.equal(rmvpeForm(graph([value("mel", [1, 0, 128])], [value("latent", [1, 0, 360])], weights)), undefined);
    assert.equal(rmvpeForm(graph([value("frames", [0, 1024])], salience, [[256, 360]])), undefined);
  });
});

describe("a models folder with a graph of a form that is not taken", () => {
  it("lists it with the reason, and finds no other in it", async () => {
    await using dir = await TempDir.create();
    const folder = join(dir.path, "models");
    await mkdir(folder);
    await writeFile(join(folder, "vec-768-layer-9.onnx"), readyFile("vec-768-layer-9"));
    const library = new ModelLibrary({ folders: [{ path: folder }], cacheDir: dir.path, log: silentLog(), keptMs: 0 });
    const [entry] = await library.list();
    assert.equal(entry?.state, "unusable");
    assert.match(
      entry.problem ?? "",
      /^vec-768-layer-9\.onnx: it is a HuBERT that gives 128 features of layer 9, .*Taken are/,
    );
    await assert.rejects(library.find("contentvec"), { code: "model_unusable", message: /layer 9/ });
  });
});
