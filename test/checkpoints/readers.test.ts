import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fromBuffer } from "../../src/checkpoints/byte-source.ts";
import type { Checkpoint } from "../../src/checkpoints/checkpoint.ts";
import { readFloat32 } from "../../src/checkpoints/checkpoint.ts";
import { openFaissIndex } from "../../src/checkpoints/faiss-index.ts";
import { NumpyArray } from "../../src/checkpoints/numpy/array.ts";
import { openCheckpoint, readCheckpoint } from "../../src/checkpoints/open-checkpoint.ts";
import type { Tuple } from "../../src/checkpoints/pickle/values.ts";

const fixtures = join(import.meta.dirname, "fixtures");

type Listed = { readonly shape: readonly number[]; readonly values: readonly number[] };

/** What the programs that wrote the files say is in them. */
const EXPECTED = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8")) as {
  readonly tensors: Readonly<Record<string, Listed>>;
  readonly scripted: Readonly<Record<string, Listed>>;
  readonly arrays: Readonly<Record<string, Listed>>;
  readonly vectors: readonly (readonly number[])[];
  readonly centroids: readonly (readonly number[])[];
  readonly sparse: readonly (readonly number[])[];
};

const open = (file: string): Promise<Checkpoint> => openCheckpoint(join(fixtures, file));

async function assertTensors(checkpoint: Checkpoint, expected: Readonly<Record<string, Listed>>): Promise<void> {
  assert.deepEqual([...checkpoint.tensors.keys()].toSorted(), Object.keys(expected).toSorted());
  for (const [name, { shape, values }] of Object.entries(expected)) {
    const tensor = checkpoint.tensors.get(name);
    assert.ok(tensor);
    assert.deepEqual(tensor.shape, shape, name);
    assert.deepEqual([...(await readFloat32(tensor))], values.map(Math.fround), name);
  }
}

describe("checkpoints", () => {
  for (const [file, format] of [
    ["flat.pth", "torch-zip"],
    ["wrapped.pth", "torch-zip"],
    ["wrapped-legacy.pth", "torch-legacy"],
  ] as const) {
    it(`of torch.save (${file}): every type, shared and strided storages, wrappers' names`, async () => {
      using checkpoint = await open(file);
      assert.equal(checkpoint.format, format);
      await assertTensors(checkpoint, EXPECTED.tensors);
      assert.equal(checkpoint.tensors.get("types.bfloat16")?.dtype, "bf16");
    });
  }

  it("of torch.save on a machine that begins numbers with their largest byte: the archive's data are so, the stream's never", async () => {
    const fixture = (file: string): Buffer => readFileSync(join(fixtures, file));
    const archive = fixture("flat.pth");
    const order = archive.indexOf("byteorder") + "byteorder".length;
    archive.write("big   ", archive.indexOf("little", order));
    using turned = await readCheckpoint(fromBuffer("big.pth", archive));
    using plain = await open("flat.pth");
    for (const [name, tensor] of plain.tensors) {
      const bytes = Buffer.from(await tensor.read());
      const size = { f64: 8, i64: 8, f32: 4, i32: 4, f16: 2, bf16: 2, i16: 2 }[tensor.dtype as string] ?? 1;
      for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
      assert.deepEqual(Buffer.from((await turned.tensors.get(name)?.read()) ?? []), bytes, name);
    }
    const stream = fixture("wrapped-legacy.pth");
    const said = stream.indexOf(0x88, stream.indexOf("little_endian"));
    stream[said] = 0x89;
    using legacy = await readCheckpoint(fromBuffer("big-legacy.pth", stream));
    await assertTensors(legacy, EXPECTED.tensors);
  });

  it("tell what stands beside the weights", async () => {
    using wrapped = await open("wrapped.pth");
    assert.equal(wrapped.fields.get("global_step"), 123456789012);
    const hparams = wrapped.fields.get("hparams") as ReadonlyMap<string, unknown>;
    assert.equal(hparams.get("note"), "한국어");
    assert.deepEqual(hparams.get("rates"), [10, 10, 2, 2]);
    assert.deepEqual((hparams.get("nested") as Tuple).items, [1, 2.5, null, true]);
    assert.ok(!wrapped.fields.has("optimizer"));
    using voice = await open("voice.pth");
    assert.deepEqual(
      ["sr", "f0", "version"].map((name) => voice.fields.get(name)),
      ["40k", 1, "v2"],
    );
    assert.equal((voice.fields.get("config") as unknown[]).at(-1), 40_000);
    assert.equal(voice.tensors.get("types.float32")?.dtype, "f16");
  });

  it("of TorchScript give the names that the module's state dict has", async () => {
    using checkpoint = await open("scripted.pt");
    assert.equal(checkpoint.format, "torchscript");
    const { "blocks.0.0.norm.num_batches_tracked": _, ...expected } = EXPECTED.scripted;
    const { tensors } = checkpoint;
    const counted = new Map([...tensors].filter(([name]) => !name.endsWith("num_batches_tracked")));
    await assertTensors({ ...checkpoint, tensors: counted }, expected);
  });

  it("of pickle.dump hold tensors within their bytes, arrays and numbers", async () => {
    using checkpoint = await open("plain.pkl");
    assert.equal(checkpoint.format, "pickle");
    const root = checkpoint.root as ReadonlyMap<string, unknown>;
    assert.deepEqual((root.get("coords") as Tuple[])[0]?.items, [3, 4, 0.5]);
    const latents = [...checkpoint.tensors.values()].filter(({ name }) => name.startsWith("latents."));
    assert.deepEqual(
      latents.map(({ dtype, shape }) => [dtype, shape]),
      [
        ["f32", [2, 3, 4]],
        ["f16", [2, 3, 4]],
      ],
    );
    const values = EXPECTED.tensors["types.float32"]?.values.map(Math.fround);
    assert.deepEqual([...(await readFloat32(latents[0] as (typeof latents)[0]))], values);
    const mask = root.get("mask");
    assert.ok(mask instanceof NumpyArray);
    assert.deepEqual([...new Float64Array((await mask.read()).buffer)], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  for (const file of ["arrays-2.pkl", "arrays-4.pkl", "arrays.npz", "arrays-compressed.npz"]) {
    it(`of NumPy (${file}): C and Fortran order, both byte orders`, async () => {
      using checkpoint = await open(file);
      await assertTensors(checkpoint, EXPECTED.arrays);
    });
  }

  it("of numpy.save are one array", async () => {
    using checkpoint = await open("array.npy");
    await assertTensors(checkpoint, { array: EXPECTED.arrays["fortran"] as Listed });
  });

  it("of safetensors, in one file and in shards", async () => {
    const { empty: _, ...expected } = EXPECTED.tensors;
    using whole = await open("flat.safetensors");
    await assertTensors(whole, expected);
    assert.equal(whole.fields.get("format"), "pt");
    using shards = await open("model.safetensors.index.json");
    await assertTensors(shards, expected);
  });
});

describe("indexes of vectors", () => {
  for (const [file, lists] of [
    ["ivf.index", 5],
    ["flat.index", 1],
  ] as const) {
    it(`of faiss (${file}): every vector under its id`, async () => {
      using index = openFaissIndex(join(fixtures, file));
      assert.deepEqual([index.dimension, index.count, index.metric, index.sizes.length], [8, 200, "l2", lists]);
      const found: number[][] = [];
      for (let list = 0; list < lists; list++) {
        const { vectors, ids } = await index.list(list);
        for (const [i, id] of ids.entries()) found[id] = [...vectors.subarray(8 * i, 8 * i + 8)];
      }
      assert.deepEqual(
        found,
        EXPECTED.vectors.map((vector) => vector.map(Math.fround)),
      );
    });
  }

  it("have centroids where they have lists", async () => {
    using index = openFaissIndex(join(fixtures, "ivf.index"));
    const centroids = await index.centroids();
    assert.deepEqual([...(centroids ?? [])], EXPECTED.centroids.flat().map(Math.fround));
    using flat = openFaissIndex(join(fixtures, "flat.index"));
    assert.equal(await flat.centroids(), undefined);
  });

  it("may have empty lists, or no vectors at all", async () => {
    using sparse = openFaissIndex(join(fixtures, "sparse.index"));
    assert.equal(sparse.sizes.length, 20);
    assert.equal(sparse.count, EXPECTED.sparse.length);
    using trained = openFaissIndex(join(fixtures, "trained.index"));
    assert.equal(trained.count, 0);
    assert.deepEqual(await trained.list(0), { vectors: new Float32Array(0), ids: [] });
  });

  it("of other kinds are refused by their kind", () => {
    assert.throws(() => openFaissIndex(join(fixtures, "pq.index")), {
      code: "model_unusable",
      message: /pq\.index: it is an index of the kind "IwPQ"/,
    });
  });
});
