import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { AppError } from "../../src/errors.ts";
import { Batcher } from "../../src/inference/batcher.ts";
import { GpuMemoryReader } from "../../src/inference/gpu-memory.ts";
import { InferenceThreads } from "../../src/inference/inference-threads.ts";
import { type Lease, ModelCache } from "../../src/inference/model-cache.ts";
import { DeviceMemory, type MemoryGauge } from "../../src/inference/model-memory.ts";
import { InferenceThread, type Session } from "../../src/inference/session.ts";
import { runTogether } from "../../src/inference/tensor-batch.ts";
import type { Tensors } from "../../src/inference/tensor.ts";
import { inferenceUsage } from "../../src/inference/usage.ts";
import { countedCache, dir, FixedMemory, isCode, MB, request, use } from "./caches.ts";
import { row, valuesOf } from "./networks.ts";

describe("a thread of the cache that dies", () => {
  /** The real thread, which ends when a network is fed with 666, every time or the first time only. */
  async function mortal(once: boolean): Promise<string> {
    const entry = join(dir.path, `mortal-${String(once)}.mjs`);
    const died = JSON.stringify(`${entry}.died`);
    const real = pathToFileURL(join(import.meta.dirname, "../../src/inference/thread-entry.ts")).href;
    await writeFile(
      entry,
      `import { existsSync, writeFileSync } from "node:fs";
       import { parentPort } from "node:worker_threads";
       parentPort.on("message", ({ type, feeds }) => {
         if (type !== "run" || !feeds.x.data.includes(666) || (${String(once)} && existsSync(${died}))) return;
         writeFileSync(${died}, "");
         process.exit(7);
       });
       await import(${JSON.stringify(real)});`,
    );
    return entry;
  }

  it("fails its runs with a retryable error; the same lease then opens the network again, once for all who ask", async () => {
    const entry = await mortal(false);
    const { cache, threads } = countedCache({ thread: () => new InferenceThread(entry) });
    await using _ = cache;
    await using lease = await cache.lease(request(3));
    await using other = await cache.lease(request(2));
    const { reopened } = inferenceUsage;
    const failed = lease.session.run(row(666, 0, 0, 0));
    const behind = lease.session.run(row(1, 0, 0, 0));
    for (const run of [failed, behind]) {
      await assert.rejects(run, (error: unknown) => isCode("engine_failed")(error) && (error as AppError).retryable);
    }
    const again = await Promise.all([1, 2, 3].map((x) => lease.session.run(row(x, 0, 0, 0))));
    assert.deepEqual(
      again.map((result) => valuesOf(result)[0]),
      [3, 6, 9],
    );
    assert.equal(inferenceUsage.reopened - reopened, 1);
    assert.equal(threads.length, 2);
    assert.deepEqual(valuesOf(await other.session.run(row(1, 0, 0, 0)))[0], 2, "others never noticed");
    assert.ok(lease.session.provider === "cpu");
  });

  const batched = (lease: Lease): Batcher<Tensors, Tensors> =>
    lease.shared("batcher", (session) => new Batcher({ maxItems: 4, waitMs: 20, run: runTogether(session) }));

  it("costs batched jobs nothing: what was in flight is run again, once", async () => {
    const entry = await mortal(true);
    const { cache } = countedCache({ thread: () => new InferenceThread(entry) });
    await using _ = cache;
    await using lease = await cache.lease(request(2));
    const results = await Promise.all([1, 666, 3].map((x, job) => batched(lease).submit(row(x, 0, 0, 0), { job })));
    assert.deepEqual(
      results.map((result) => valuesOf(result)[0]),
      [2, 1332, 6],
    );
  });

  it("again for the same item fails that item alone", async () => {
    const entry = await mortal(false);
    const { cache } = countedCache({ thread: () => new InferenceThread(entry) });
    await using _ = cache;
    await using lease = await cache.lease(request(2));
    const results = await Promise.allSettled(
      [1, 666, 3].map((x, job) => batched(lease).submit(row(x, 0, 0, 0), { job })),
    );
    assert.deepEqual(
      results.map((result) =>
        result.status === "fulfilled" ? valuesOf(result.value)[0] : isCode("engine_failed")(result.reason),
      ),
      [2, true, 6],
    );
  });
});

/** Threads that find no memory for the first so many networks they are to open. */
function crampedThreads(failures: number): InferenceThreads {
  let left = failures;
  class Cramped extends InferenceThread {
    override async open(...given: Parameters<InferenceThread["open"]>): Promise<Session> {
      if (left-- > 0) {
        const cause = new Error("webgpu: Failed to allocate memory for requested buffer of size 939524096");
        throw new AppError("engine_failed", "ONNX Runtime does not take the network's file.", { cause });
      }
      return super.open(...given);
    }
  }
  return new InferenceThreads(() => new Cramped());
}

describe("a load that finds no memory", () => {
  it("has what nobody uses closed and tries again", async () => {
    const roomy = new ModelCache({ memory: new FixedMemory(1000 * MB), threads: crampedThreads(0) });
    await using _ = roomy;
    await use(roomy, 1);
    const threads = crampedThreads(1);
    await using cache = new ModelCache({ memory: new FixedMemory(1000 * MB), threads });
    await use(cache, 1);
    await use(cache, 2);
    assert.equal(cache.list().length, 2, "the second network had room");
    assert.equal(roomy.list().length, 1, "another cache is not touched");
  });

  it("fails with what to do when that does not help, and does not go to a slower device unasked", async () => {
    await using cache = new ModelCache({ memory: new FixedMemory(1000 * MB), threads: crampedThreads(2) });
    await assert.rejects(
      cache.lease({ ...request(1), providers: ["cpu", "webgpu"] }),
      isCode("engine_failed", /memory is full.*Try again/),
    );
    assert.deepEqual(cache.list(), []);
    await use(cache, 1);
  });
});

describe("a run that finds no memory", () => {
  it("has what nobody uses closed, so that a smaller one fits, and says what happened", async () => {
    let failures = 0;
    class Full extends InferenceThread {
      override async open(...given: Parameters<InferenceThread["open"]>): Promise<Session> {
        const session = await super.open(...given);
        const run: Session["run"] = async (feeds, signal) => {
          if (feeds["x"]?.dims[0] !== 4) return session.run(feeds, signal);
          failures += 1;
          const cause = new Error("CUDA failure 2: out of memory ; GPU=0 ; hostname=worker");
          throw new AppError("engine_failed", "A run of the network failed.", { cause });
        };
        return new Proxy(session, {
          get: (of, name) => (name === "run" ? run : (Reflect.get(of, name) as unknown)),
        });
      }
    }
    const threads = new InferenceThreads(() => new Full());
    await using cache = new ModelCache({ memory: new FixedMemory(1000 * MB), threads });
    await use(cache, 1);
    await using lease = await cache.lease(request(2));
    const batcher = new Batcher({ maxItems: 4, waitMs: 20, run: runTogether(lease.session) });
    const items = [1, 2, 3, 4].map((x) => batcher.submit(row(x, 0, 0, 0), { job: "a" }));
    assert.deepEqual(
      (await Promise.all(items)).map((result) => valuesOf(result)[0]),
      [2, 4, 6, 8],
    );
    assert.deepEqual([failures, batcher.ceiling], [1, 2]);
    assert.deepEqual(
      cache.list().map(({ name }) => name),
      ["scale 2"],
    );
  });
});

describe("what a network takes", () => {
  it("is measured while it is loaded, between the size of its file and thrice that on the host", async () => {
    let used = 0;
    const jump = { bytes: 0 };
    const memory: MemoryGauge = {
      poolOf: async () => "host",
      budget: async () => 1000 * MB,
      used: async () => (used += jump.bytes),
    };
    await using cache = new ModelCache({ memory });
    for (const [jumped, least, most] of [
      [15 * MB, 14.9 * MB, 15.1 * MB],
      [0, 10 * MB, 10.2 * MB],
      [500 * MB, 30 * MB, 30.6 * MB],
    ] as const) {
      jump.bytes = jumped;
      await using lease = await cache.lease({ ...request(1), key: String(jumped) });
      assert.ok(lease.bytes >= least && lease.bytes <= most, `${jumped}: ${lease.bytes}`);
    }
  });

  it("is bounded by the setting, else by a share of the GPU's memory or the machine's", async () => {
    const program = join(dir.path, "nvidia-smi");
    await writeFile(program, '#!/bin/sh\necho "0, 1000, 10000, 5"\necho "1, 2000, 20000, 5"\n');
    await chmod(program, 0o755);
    const gpu = new GpuMemoryReader(program, () => true, 0);
    const mib = 1024 * 1024;
    const second = new DeviceMemory(0, 1, gpu);
    assert.equal(await second.budget("gpu"), 16_000 * mib);
    assert.equal(await second.used("gpu"), 2000 * mib);
    assert.deepEqual(
      [await second.poolOf("cuda"), await second.poolOf("webgpu"), await second.poolOf("cpu")],
      ["gpu", "gpu", "host"],
    );
    const none = new DeviceMemory(0, 0, new GpuMemoryReader("nvidia-smi", () => false, 0));
    assert.equal(await none.poolOf("webgpu"), "host");
    assert.ok((await none.budget("host")) <= totalmem() / 2);
    assert.ok((await none.used("host")) > 20 * MB);
    assert.equal(await new DeviceMemory(77).budget("gpu"), 77);
  });
});

describe("threads of networks", () => {
  it("are one each on the CPU, and one for all on a GPU, whose end the next one waits for", async () => {
    const threads = new InferenceThreads();
    const [a, b] = [await threads.use("cpu"), await threads.use("cpu")];
    assert.notEqual(a.thread, b.thread);
    const [c, d] = [await threads.use("cuda"), await threads.use("webgpu")];
    assert.equal(c.thread, d.thread);
    await c[Symbol.asyncDispose]();
    await c[Symbol.asyncDispose]();
    const still = await threads.use("cuda");
    assert.equal(still.thread, d.thread);
    await d[Symbol.asyncDispose]();
    await still[Symbol.asyncDispose]();
    const next = await threads.use("cuda");
    assert.notEqual(next.thread, d.thread);
    for (const use of [a, b, next]) await use[Symbol.asyncDispose]();
  });
});
