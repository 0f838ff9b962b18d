import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { AppError } from "../../src/errors.ts";
import { Batcher } from "../../src/inference/batcher.ts";
import { bucketFor, bucketsOf, largestUnder, warmUpBuckets } from "../../src/inference/buckets.ts";
import { type Lease, ModelCache } from "../../src/inference/model-cache.ts";
import { runTogether, splitTensor, stackTensors } from "../../src/inference/tensor-batch.ts";
import type { Tensor, Tensors } from "../../src/inference/tensor.ts";
import { TempDir } from "../../src/media/temp.ts";
import { index, lookUpNetwork, pictureNetwork, row, scaleNetwork, valuesOf } from "./networks.ts";
import { describeOnProviders, tolerance } from "./providers.ts";

const isCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;

/** The batcher of a network, as engines make it: one for all who hold it. */
const batcherOf = (lease: Lease, maxItems = 8): Batcher<Tensors, Tensors> =>
  lease.shared(
    "batcher",
    (session) =>
      new Batcher({ maxItems, waitMs: 10, buckets: bucketsOf(session.provider, maxItems), run: runTogether(session) }),
  );

describeOnProviders("batches of a real network", (provider) => {
  let dir: TempDir;
  let cache: ModelCache;
  before(async () => {
    dir = await TempDir.create();
    cache = new ModelCache();
  });
  after(async () => {
    await cache[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  it("runs items of several jobs together and gives each its own rows", async () => {
    const model = await scaleNetwork(dir, "twice", 2);
    await using lease = await cache.lease({ key: "twice", model, providers: [provider] });
    assert.equal(lease.session.provider, provider);
    const batcher = batcherOf(lease);
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, i) => batcher.submit(row(i, -i, 0.5, 0), { job: i % 4 })),
    );
    for (const [i, result] of results.entries()) {
      for (const [at, value] of valuesOf(result).entries()) {
        const wanted = [2 * i, -2 * i, 1, 0][at] as number;
        assert.ok(Math.abs(value - wanted) <= tolerance(provider) * Math.max(1, Math.abs(wanted)));
      }
      assert.deepEqual(result["y"]?.dims, [1, 4]);
    }
  });

  it("takes pixels and gives pixels, with the scaling inside the graph", async () => {
    const model = await pictureNetwork(dir, 8);
    await using lease = await cache.lease({ key: "picture", model, providers: [provider] });
    const batcher = batcherOf(lease);
    const pictures = await Promise.all(
      [0, 100, 200].map((grey) => {
        const data = new Uint8Array(8 * 8 * 3).fill(grey);
        return batcher.submit({ x: { type: "uint8", dims: [1, 8, 8, 3], data } }, { job: grey });
      }),
    );
    assert.deepEqual(
      pictures.map(({ y }) => [y?.type, y?.dims.join("×"), y?.data[0], y?.data[8 * 8 * 3 - 1]]),
      [
        ["uint8", "1×8×8×3", 0, 0],
        ["uint8", "1×8×8×3", 150, 150],
        ["uint8", "1×8×8×3", 255, 255],
      ],
    );
  });

  it("warms up each size, twice; where a size makes no difference, none", async () => {
    const model = await scaleNetwork(dir, "warm", 3);
    const buckets = bucketsOf(provider, 8);
    let warmed: unknown[] = [];
    await using lease = await cache.lease({
      key: "warm",
      model,
      providers: [provider],
      warmUp: async (network) => {
        warmed = await warmUpBuckets(network, row(1, 2, 3, 4), buckets);
      },
    });
    assert.deepEqual(
      warmed.map((each) => (each as { size: number }).size),
      provider === "cpu" ? [] : [1, 8],
    );
    assert.deepEqual(valuesOf(await lease.session.run(row(1, 2, 3, 4))), [3, 6, 9, 12]);
  });

  it("keeps an item that the network cannot be run on from touching its neighbours", async () => {
    // On a GPU an index that is out of bounds is read as zero; there is no error to keep away.
    const model = await lookUpNetwork(dir);
    await using lease = await cache.lease({ key: "look-up", model, providers: ["cpu"] });
    const batcher = batcherOf(lease);
    const results = await Promise.allSettled([0, 1, 99, 3].map((at, job) => batcher.submit(index(at), { job })));
    assert.deepEqual(
      results.map((result) =>
        result.status === "fulfilled" ? valuesOf(result.value) : isCode("engine_failed")(result.reason),
      ),
      [[10], [20], true, [40]],
    );
    assert.deepEqual(valuesOf(await batcher.submit(index(2), { job: "next" })), [30]);
  });
});

describeOnProviders("memory over many jobs", (provider) => {
  it("is after 500 jobs on three networks, with room for two, where it was after the first 100", async () => {
    await using dir = await TempDir.create();
    const models: string[] = [];
    for (const factor of [1, 2, 3]) models.push(await scaleNetwork(dir, `scale-${factor}`, factor, 2e6));
    const bytes = 13e6;
    const memory = {
      poolOf: async () => "host" as const,
      budget: async () => bytes,
      used: async () => 0,
    };
    await using cache = new ModelCache({ memory });
    const job = async (which: number): Promise<void> => {
      const model = models[which] as string;
      const request = { key: model, model, providers: [provider], threads: 1, expectBytes: 10e6 };
      await using lease = await cache.lease(request);
      const batcher = batcherOf(lease);
      const rows = Array.from({ length: 20 }, (_, i) => row(i, 0, 0, 0));
      const outputs = await Array.fromAsync(batcher.map(rows, { job: {}, ahead: 8 }));
      assert.deepEqual(
        outputs.map((output) => valuesOf(output)[0]),
        rows.map((_, i) => i * (which + 1)),
      );
    };
    const sizes: number[] = [];
    for (let done = 0; done < 500; done += 4) {
      // Two networks at a time, another pair every forty jobs, so that one is closed and one opened each time.
      const round = Math.floor(done / 40);
      await Promise.all([0, 0, 1, 1].map((each) => job((round + each) % 3)));
      if ((done + 4) % 100 === 0) {
        globalThis.gc?.();
        sizes.push(process.memoryUsage.rss());
      }
    }
    const [first = 0] = sizes;
    const grown = (sizes.at(-1) as number) - first;
    assert.ok(
      grown < 40e6,
      `memory grew by ${Math.round(grown / 1e6)} MB: ${sizes.map((size) => Math.round(size / 1e6)).join(", ")}`,
    );
    assert.equal(cache.list().length, 2);
  });
});

describeOnProviders("tensors", () => {
  it("are joined and cut apart for every type, padded with zeros, each part with a buffer of its own", () => {
    const types: Tensor[] = [
      { type: "float32", dims: [1, 2], data: Float32Array.of(1, 2) },
      { type: "float16", dims: [1, 2], data: Uint16Array.of(0x3c00, 0x4000) },
      { type: "uint8", dims: [1, 2], data: Uint8Array.of(1, 2) },
      { type: "int32", dims: [1, 2], data: Int32Array.of(1, 2) },
      { type: "int64", dims: [1, 2], data: BigInt64Array.of(1n, 2n) },
      { type: "bool", dims: [1, 2], data: Uint8Array.of(1, 0) },
    ];
    for (const tensor of types) {
      const stacked = stackTensors([tensor, tensor], 4);
      assert.deepEqual([stacked.type, stacked.dims], [tensor.type, [4, 2]]);
      assert.deepEqual(Array.from(stacked.data.slice(4), Number), [0, 0, 0, 0]);
      const parts = splitTensor(stacked, 2);
      assert.deepEqual(parts, [tensor, tensor]);
      assert.equal(parts[0]?.data.buffer.byteLength, tensor.data.byteLength);
      assert.throws(() => splitTensor(stacked, 5), isCode("engine_failed"));
    }
    const other: Tensor = { type: "float32", dims: [1, 3], data: new Float32Array(3) };
    assert.throws(() => stackTensors([types[0] as Tensor, other]), isCode("engine_failed"));
    assert.throws(() => stackTensors([other, other], 1), isCode("engine_failed"));
    assert.throws(() => stackTensors([]), isCode("engine_failed"));
  });

  it("go into the next bucket that holds them", () => {
    const buckets = bucketsOf("cuda", 64);
    assert.deepEqual(buckets, [1, 8, 16, 32, 64]);
    assert.deepEqual(bucketsOf("webgpu", 24), [1, 8, 16, 24]);
    assert.equal(bucketsOf("cpu"), undefined);
    assert.deepEqual(
      [1, 2, 8, 9, 33, 64].map((count) => bucketFor(count, buckets)),
      [1, 8, 8, 16, 64, 64],
    );
    assert.deepEqual(
      [64, 63, 8, 7, 0].map((ceiling) => largestUnder(ceiling, buckets)),
      [64, 32, 8, 1, 1],
    );
    assert.deepEqual([bucketFor(7, undefined), largestUnder(7, undefined)], [7, 7]);
  });
});
