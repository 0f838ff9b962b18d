import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../src/errors.ts";
import { Batcher, type BatcherOptions } from "../../src/inference/batcher.ts";
import { isOutOfMemory } from "../../src/inference/out-of-memory.ts";

const isCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;
const failed = (said: string): AppError =>
  new AppError("engine_failed", "A run of the network failed.", { cause: new Error(said) });

/** Doubles numbers and notes what was run together. Runs of `hold` wait until `release` is called. */
function doubler(options: Partial<BatcherOptions<number, number>> & { readonly held?: boolean } = {}) {
  const runs: number[][] = [];
  const sizes: number[] = [];
  const signals: AbortSignal[] = [];
  const gate = Promise.withResolvers<void>();
  if (options.held !== true) gate.resolve();
  const batcher = new Batcher<number, number>({
    maxItems: 4,
    waitMs: 1,
    concurrency: 1,
    async run(items, signal, size) {
      runs.push([...items]);
      sizes.push(size);
      signals.push(signal);
      await gate.promise;
      return items.map((item) => item * 2);
    },
    ...options,
  });
  return { batcher, runs, sizes, signals, release: () => gate.resolve() };
}

/** A wait that no test waits for: what is run together is as many as there may be. */
const LONG_MS = 60_000;

/** A doubler that runs an item already: what comes until `release` is there together. */
async function occupied(options: Partial<BatcherOptions<number, number>> = {}) {
  const made = doubler({ ...options, held: true });
  const first = made.batcher.submit(0, { job: "first" });
  while (made.runs.length === 0) await sleep(1);
  return { ...made, first };
}

describe("a batcher", () => {
  it("joins what several jobs bring into one run, and gives everybody their own", async () => {
    const { batcher, runs } = doubler({ maxItems: 3, waitMs: LONG_MS });
    const outputs = await Promise.all([1, 2, 3].map((item) => batcher.submit(item, { job: item })));
    assert.deepEqual(outputs, [2, 4, 6]);
    assert.deepEqual(runs, [[1, 2, 3]]);
  });

  it("runs at most so many at once, and a lone item after its wait", async () => {
    const { batcher, runs, release } = await occupied();
    const all = [1, 2, 3, 4, 5].map((item) => batcher.submit(item, { job: "a" }));
    release();
    await Promise.all(all);
    assert.deepEqual(runs, [[0], [1, 2, 3, 4], [5]]);
  });

  it("lets jobs take turns: one with a thousand items does not hold up one with three", async () => {
    const { batcher, runs, release } = doubler({ held: true, maxItems: 8 });
    const long = Array.from({ length: 1000 }, (_, i) => batcher.submit(i, { job: "long" }));
    await sleep(5);
    const short = [5001, 5002, 5003].map((item) => batcher.submit(item, { job: "short" }));
    release();
    assert.deepEqual(await Promise.all(short), [10_002, 10_004, 10_006]);
    assert.ok(batcher.waiting > 900, "the long job is far from its end");
    assert.deepEqual(
      runs[1]?.filter((item) => item > 5000),
      [5001, 5002, 5003],
      "in the first run after they came",
    );
    await Promise.all(long);
    assert.deepEqual(
      runs.flat().filter((item) => item < 5000),
      Array.from({ length: 1000 }, (_, i) => i),
      "in order",
    );
  });

  it("gives up an item whose job was cancelled while it waited, and no other", async () => {
    const { batcher, runs, release } = await occupied();
    const cancel = new AbortController();
    const given = batcher.submit(3, { job: "c", signal: cancel.signal });
    const kept = batcher.submit(4, { job: "d" });
    cancel.abort();
    await assert.rejects(given, isCode("cancelled"));
    release();
    assert.equal(await kept, 8);
    assert.deepEqual(runs, [[0], [4]]);
    await assert.rejects(batcher.submit(5, { job: "e", signal: AbortSignal.abort() }), isCode("cancelled"));
  });

  it("answers a cancel during the run at once, and stops the run when nobody waits for it", async () => {
    const { batcher, signals, release } = doubler({ held: true, maxItems: 2, waitMs: LONG_MS });
    const cancels = [new AbortController(), new AbortController()];
    const items = cancels.map(({ signal }, i) => batcher.submit(i, { job: i, signal }));
    const ends = items.map((item) => assert.rejects(item, isCode("cancelled")));
    assert.equal(signals.length, 1, "the run is under way");
    cancels[0]?.abort();
    await ends[0];
    assert.equal(signals[0]?.aborted, false, "the other still waits");
    cancels[1]?.abort();
    await ends[1];
    assert.equal(signals[0]?.aborted, true);
    release();
  });

  it("refuses an item that is not run before its deadline", async () => {
    const { batcher, runs, release } = doubler({ held: true, maxItems: 1 });
    const first = batcher.submit(1, { job: "a", deadlineMs: 10_000 });
    await assert.rejects(batcher.submit(2, { job: "b", deadlineMs: 5 }), isCode("timeout"));
    release();
    assert.equal(await first, 2);
    assert.deepEqual(runs, [[1]]);
  });

  it("keeps an item that cannot be run from touching its neighbours", async () => {
    const runs: number[][] = [];
    const { batcher } = doubler({
      waitMs: LONG_MS,
      async run(items) {
        runs.push([...items]);
        if (items.includes(13)) throw failed("indices element out of data bounds, idx=13");
        return items.map((item) => item * 2);
      },
    });
    const items = [1, 13, 2, 3].map((item) => batcher.submit(item, { job: item }));
    const results = await Promise.allSettled(items);
    assert.deepEqual(
      results.map((result) => (result.status === "fulfilled" ? result.value : isCode("engine_failed")(result.reason))),
      [2, true, 4, 6],
    );
    assert.deepEqual(runs, [[1, 13, 2, 3], [1], [13], [2], [3]], "each once more, by itself");
  });

  it("runs an item that failed by itself once more, and no more than that", async () => {
    let runs = 0;
    const { batcher } = doubler({
      async run(items) {
        runs += 1;
        if (runs === 1) throw failed("the thread ended");
        if (items.includes(13)) throw failed("bad");
        return items.map((item) => item * 2);
      },
    });
    assert.equal(await batcher.submit(1, { job: "a" }), 2);
    await assert.rejects(batcher.submit(13, { job: "a" }), isCode("engine_failed"));
    assert.equal(runs, 4);
  });

  it("refuses a run that gives too few outputs", async () => {
    const { batcher } = doubler({ run: async () => [] });
    await assert.rejects(batcher.submit(1, { job: "a" }), isCode("engine_failed"));
  });

  it("gives outputs in order, reads no further ahead than it may, and stops when its reader does", async () => {
    const { batcher } = doubler();
    let read = 0;
    const source = function* (): Iterable<number> {
      for (; read < 100; ) yield read++;
    };
    const outputs: number[] = [];
    for await (const output of batcher.map(source(), { job: "a", ahead: 6 })) {
      assert.ok(read - outputs.length <= 6);
      outputs.push(output);
      if (outputs.length === 20) break;
    }
    assert.deepEqual(
      outputs,
      Array.from({ length: 20 }, (_, i) => i * 2),
    );
    assert.ok(read <= 26);
    assert.equal(batcher.waiting, 0);
    await assert.rejects(
      Array.fromAsync(batcher.map([1], { job: "a", ahead: 2, signal: AbortSignal.abort() })),
      isCode("cancelled"),
    );
  });

  it("runs only what goes together", async () => {
    const groupOf = (item: number): string => (item % 2 === 0 ? "even" : "odd");
    const { batcher, runs, release } = await occupied({ maxItems: 3, groupOf });
    const all = [1, 2, 3, 4].map((item) => batcher.submit(item, { job: item }));
    release();
    await Promise.all(all);
    assert.deepEqual(runs, [[0], [1, 3], [2, 4]]);
  });

  it("says which bucket to run at, and never takes more than the largest", async () => {
    for (const [count, wanted] of [
      [3, [1, 4]],
      [9, [1, 8, 1]],
    ] as const) {
      const { batcher, sizes, release } = await occupied({ buckets: [1, 4, 8], maxItems: 8 });
      const all = Array.from({ length: count }, (_, i) => batcher.submit(i, { job: "a" }));
      release();
      await Promise.all(all);
      assert.deepEqual(sizes, wanted);
    }
  });

  it("refuses what waits when it is closed, and waits for what runs", async () => {
    const { batcher, release } = doubler({ held: true, maxItems: 1 });
    const runs = batcher.submit(1, { job: "a" });
    const waits = assert.rejects(batcher.submit(2, { job: "a" }), isCode("shutting_down"));
    await sleep(5);
    const closed = batcher[Symbol.asyncDispose]();
    await waits;
    release();
    assert.equal(await runs, 2);
    await closed;
    await assert.rejects(batcher.submit(3, { job: "a" }), isCode("shutting_down"));
  });
});

/** As the runtime says it: issues 16307, 20038, 584 and 645 of the projects that met them, TensorRT's, and WebGPU's. */
const OUT_OF_MEMORY = [
  "Non-zero status code returned while running Conv node. Name:'/blocks/Conv' Status Message: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*, bool, onnxruntime::WaitNotificationFn) Failed to allocate memory for requested buffer of size 939524096",
  "/onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:359 Available memory of 1048576 is smaller than requested bytes of 33554432",
  "cuda_call.cc:114 onnxruntime::CudaCall CUDA failure 2: out of memory ; GPU=0 ; hostname=worker ; expr=cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);",
  "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0 ; expr=cublasCreate(&cublas_handle_);",
  "CUDNN failure 2: CUDNN_STATUS_ALLOC_FAILED ; GPU=0",
  "CUDNN failure 5003: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ; GPU=0",
  "[ERROR] ../rtSafe/safeRuntime.cpp (25) - Cuda Error in allocate: 2 (out of memory)",
  "Non-zero status code returned while running MatMul node. Name:'m' Status Message: std::bad_alloc",
  "Non-zero status code returned while running FusedMatMul node. Status Message: bad allocation",
  "WebGPU device error(2): Out of memory",
  "vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY",
  "Buffer size (3185049600) exceeds the max buffer size limit (1073741824).",
];

describe("a batcher that finds no memory", () => {
  it("knows what each provider says of it, and takes nothing else for it", () => {
    for (const said of OUT_OF_MEMORY) assert.ok(isOutOfMemory(failed(said)), said);
    for (const said of [
      "indices element out of data bounds, idx=9 must be within the inclusive range [-4,3]",
      "Got invalid dimensions for input: x for the following indices",
      "CUDA failure 700: an illegal memory access was encountered ; GPU=0",
      "libcudnn.so.9: cannot open shared object file: No such file or directory",
    ]) {
      assert.equal(isOutOfMemory(failed(said)), false, said);
    }
  });

  it("halves its runs until they fit, loses no item, and remembers it for the model's next batcher", async () => {
    const sizes: number[] = [];
    const runner = (fits: number): BatcherOptions<number, number> => ({
      maxItems: 64,
      waitMs: LONG_MS,
      concurrency: 1,
      ceilingKey: "some model on some device",
      async run(items) {
        sizes.push(items.length);
        if (items.length > fits) throw failed(OUT_OF_MEMORY[sizes.length % OUT_OF_MEMORY.length] as string);
        return items.map((item) => item * 2);
      },
    });
    const first = new Batcher(runner(20));
    // Full runs of 64, of 32 and of 16, so that none waits for company.
    const items = Array.from({ length: 96 }, (_, i) => i);
    assert.deepEqual(
      await Promise.all(items.map((item) => first.submit(item, { job: "a" }))),
      items.map((item) => item * 2),
    );
    assert.deepEqual(sizes.slice(0, 3), [64, 32, 16]);
    assert.ok(sizes.slice(2).every((size) => size <= 16));
    assert.equal(first.ceiling, 16);
    const second = new Batcher(runner(1000));
    assert.equal(second.ceiling, 16);
    sizes.length = 0;
    await Promise.all(items.map((item) => second.submit(item, { job: "a" })));
    assert.equal(Math.max(...sizes), 16);
  });

  it("goes down to a bucket that fits: a padded row takes room too", async () => {
    const sizes: number[] = [];
    const batcher = new Batcher<number, number>({
      maxItems: 64,
      waitMs: LONG_MS,
      concurrency: 1,
      buckets: [1, 8, 64],
      async run(items, _signal, size) {
        sizes.push(size);
        if (size > 8) throw failed(OUT_OF_MEMORY[0] as string);
        return items;
      },
    });
    await Promise.all(Array.from({ length: 64 }, (_, i) => batcher.submit(i, { job: i % 3 })));
    assert.deepEqual(sizes, [64, ...Array.from({ length: 8 }, () => 8)]);
    assert.equal(batcher.ceiling, 8);
  });

  it("says so where not even one item fits", async () => {
    const batcher = new Batcher<number, number>({
      maxItems: 4,
      async run() {
        throw failed(OUT_OF_MEMORY[2] as string);
      },
    });
    await assert.rejects(
      batcher.submit(1, { job: "a" }),
      (error: unknown) => isCode("engine_failed")(error) && /memory does not hold/.test((error as Error).message),
    );
  });
});
