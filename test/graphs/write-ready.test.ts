import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { GraphBuilder } from "../../src/graphs/graph-builder.ts";
import { decodeModel, encodeModel } from "../../src/graphs/onnx/schema.ts";
import { stopPlaces } from "../../src/graphs/onnx/stop-places.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { writeReady } from "../../src/graphs/onnx/write-ready.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import type { Tensors } from "../../src/inference/tensor.ts";
import { inferenceUsage } from "../../src/inference/usage.ts";
import { TempDir } from "../../src/media/temp.ts";
import { valuesOf } from "../inference/networks.ts";
import { readyFile } from "./ready-file.ts";

const SIDE = 512;
const ROWS = 4096;

/** `y = x` times one square of weights, many times over: a graph with its weights beside it, as others write them. */
async function products(dir: string, count: number): Promise<string> {
  const g = new GraphBuilder(`products-${count}`);
  const x = g.input("x", "float32", ["rows", SIDE]);
  const identity = new Float32Array(SIDE * SIDE);
  for (let i = 0; i < SIDE; i++) identity[i * SIDE + i] = 1;
  const w = g.weight("w", "float32", [SIDE, SIDE], async () => new Uint8Array(identity.buffer));
  let y = x;
  for (let i = 0; i < count; i++) y = g.node("MatMul", [y, w], x);
  g.output("y", y);
  return writeModel(g.finish(), dir, g.name);
}

const ones = (): Tensors => ({
  x: { type: "float32", dims: [ROWS, SIDE], data: new Float32Array(ROWS * SIDE).fill(1) },
});

type Model = {
  readonly opset_import: { version: number }[];
  readonly graph: { readonly input: { readonly name: string }[] };
};

async function modelOf(path: string): Promise<Model> {
  return decodeModel(await readFile(path)) as Model;
}

describe("a graph that others made", () => {
  it("can be stopped in the middle of a run, and its weights are in one file beside it", async () => {
    await using dir = await TempDir.create();
    // Ten seconds of work and more.
    const theirs = await products(dir.path, 400);
    const ours = join(dir.path, "ours");
    await mkdir(ours);
    const path = await writeReady(theirs, ours, "graph");
    await rm(join(dir.path, "products-400.bin"));
    assert.deepEqual((await readdir(ours)).toSorted(), ["graph.bin", "graph.onnx"]);
    await using thread = new InferenceThread();
    const session = await thread.open(path);
    assert.deepEqual(session.inputs, ["x"]);
    const { stopped } = inferenceUsage;
    for (let round = 1; round <= 2; round++) {
      const cancel = new AbortController();
      const run = assert.rejects(session.run(ones(), cancel.signal), { code: "cancelled" });
      await nextTurn();
      cancel.abort();
      await run;
      // It is served when the one before it has ended.
      await assert.rejects(session.run({}), { code: "engine_failed" });
      assert.equal(inferenceUsage.stopped - stopped, round);
    }
    const short = await thread.open(await writeReady(await products(dir.path, 3), ours, "short"));
    assert.ok(valuesOf(await short.run(ones())).every((value) => value === 1));
  });

  it("says the same to the last bit as in the file it came in", async () => {
    await using dir = await TempDir.create();
    await using thread = new InferenceThread();
    const audio = Float32Array.from({ length: 8000 }, (_, i) => 0.1 * Math.sin(i / 20) * Math.sin(i / 777));
    const mel = Float32Array.from({ length: 128 * 64 }, (_, i) => 3 * Math.sin(i * 1.7) - 4);
    for (const [name, input, dims, data] of [
      ["vec-256-layer-9", "source", [1, 1, 8000], audio],
      ["content-vec-500", "audio", [1, 8000], audio],
      ["rmvpe-mel", "input", [1, 128, 64], mel],
    ] as const) {
      const theirs = join(dir.path, `${name}.onnx`);
      await writeFile(theirs, readyFile(name));
      const made = await writeReady(theirs, dir.path, `ours-${name}`);
      assert.ok(
        (await modelOf(made)).graph.input.some((value) => value.name === "stop/1"),
        name,
      );
      const answers: Tensors[] = [];
      for (const path of [theirs, made]) {
        const session = await thread.open(path, { lean: true });
        answers.push(await session.run({ [input]: { type: "float32", dims, data: data.slice() } }));
      }
      assert.deepEqual(answers[1], answers[0], name);
    }
  });

  it("from before sides could be computed is left without such places, and runs", async () => {
    await using dir = await TempDir.create();
    const theirs = await products(dir.path, 2);
    const model = await modelOf(theirs);
    for (const opset of model.opset_import) opset.version = 6;
    await writeFile(theirs, encodeModel(model));
    const made = await writeReady(theirs, dir.path, "ours");
    assert.deepEqual(
      (await modelOf(made)).graph.input.map(({ name }) => name),
      ["x"],
    );
    await using thread = new InferenceThread();
    const session = await thread.open(made);
    assert.ok(valuesOf(await session.run(ones())).every((value) => value === 1));
  });

  it("that is cut short, or whose weights are gone or elsewhere, is refused by name; nothing is left of it", async () => {
    await using dir = await TempDir.create();
    const ours = join(dir.path, "ours");
    await mkdir(ours);
    const refused = (path: string, message: RegExp): Promise<void> =>
      assert.rejects(writeReady(path, ours, "graph"), { code: "model_unusable", message });
    const cut = join(dir.path, "cut.onnx");
    const whole = readyFile("rmvpe-mel");
    await writeFile(cut, whole.subarray(0, whole.length >> 1));
    await refused(cut, /^cut\.onnx: it is no whole ONNX file/);
    const theirs = await products(dir.path, 2);
    const beside = join(dir.path, "products-2.bin");
    await truncate(beside, 1000);
    await refused(theirs, /^products-2\.bin: it is cut short/);
    await rm(beside);
    await refused(theirs, /^products-2\.bin: it cannot be opened/);
    const bytes = await readFile(theirs, "latin1");
    // A place of the same length in another folder.
    await writeFile(theirs, bytes.replaceAll("products-2.bin", "../ducts-2.bin"), "latin1");
    await refused(theirs, /its weight "w" lies in another folder: \.\.\/ducts-2\.bin/);
    assert.deepEqual(await readdir(ours), []);
  });
});

describe("places at which a run of such a graph can be stopped", () => {
  const node = (op: string, inputs: readonly string[], output: string, nested = false) => ({
    op,
    inputs,
    outputs: [output],
    nested,
  });

  it("are before what works with weights, also computed ones, and one for all who hear the same value", () => {
    const nodes = [
      node("Transpose", ["w"], "turned"),
      node("MatMul", ["x", "turned"], "q"),
      node("MatMul", ["x", "w"], "k"),
      node("MatMul", ["q", "k"], "compared"),
      node("If", [], "chosen", true),
      node("MatMul", ["compared", "chosen"], "y"),
      node("GRU", ["y", "w", "", "w"], "z"),
    ];
    assert.deepEqual(
      [...stopPlaces(nodes, ["w"])],
      [
        [1, "x"],
        [2, "x"],
        [6, "y"],
      ],
    );
  });

  it("are before every other filter in a row", () => {
    const nodes = ["x", "a", "b", "c"].map((input, i) => node("Conv", [input, "w"], "abcd"[i] as string));
    assert.deepEqual(
      [...stopPlaces(nodes, ["w"])],
      [
        [0, "x"],
        [2, "b"],
      ],
    );
  });
});
