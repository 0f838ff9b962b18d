import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AppError } from "../../src/errors.ts";
import { InferenceThreads } from "../../src/inference/inference-threads.ts";
import { ModelCache } from "../../src/inference/model-cache.ts";
import { probeProvider, providerRemedy, providerStates, readProviders } from "../../src/inference/providers.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import { TempDir } from "../../src/media/temp.ts";
import { row, scaleNetwork, valuesOf } from "./networks.ts";

const nothing = { nvidia: false, graphics: false };

describe("the order of providers", () => {
  it("is what the setting says, with the GPU that it names", () => {
    assert.deepEqual(readProviders("cuda:1, webgpu,cpu,cpu"), {
      providers: ["cuda", "webgpu", "cpu"],
      passedOver: [],
      device: 1,
    });
    assert.deepEqual(readProviders("tensorrt,cuda", nothing).providers, ["tensorrt", "cuda"]);
    for (const wrong of ["rocm", "cpu:1", "cuda;cpu", "cuda:x", ","]) {
      assert.throws(
        () => readProviders(wrong),
        (error: unknown) => error instanceof AppError && error.code === "invalid_input" && /cuda/.test(error.message),
        wrong,
      );
    }
  });

  it("is what the devices suggest where there is no setting, and says why others are passed over", () => {
    assert.deepEqual(readProviders("", { nvidia: true, graphics: true }).providers, ["cuda", "webgpu", "cpu"]);
    assert.deepEqual(readProviders("", { nvidia: false, graphics: true }).providers, ["webgpu", "cpu"]);
    const none = readProviders("", nothing);
    assert.deepEqual(none.providers, ["cpu"]);
    assert.deepEqual(
      none.passedOver.map(({ provider }) => provider),
      ["cuda", "webgpu"],
    );
  });
});

describe("a provider", () => {
  it("is tried with the smallest network, and what it said is kept", async () => {
    await using thread = new InferenceThread();
    assert.deepEqual(await probeProvider(thread, "cpu"), { works: true });
    const tensorrt = await probeProvider(thread, "tensorrt");
    assert.equal(providerStates.get("tensorrt"), tensorrt);
    // Where TensorRT is installed it works, which is right too.
    if (!tensorrt.works) assert.ok(tensorrt.reason.length > 10 && !tensorrt.reason.startsWith("tensorrt:"));
  });

  it("that does not load is passed over for the next, with its reason, and not asked again", async () => {
    await using dir = await TempDir.create();
    const model = await scaleNetwork(dir, "twice", 2);
    providerStates.clear();
    const opened: string[] = [];
    class Watched extends InferenceThread {
      override async open(...given: Parameters<InferenceThread["open"]>) {
        opened.push(`${typeof given[0] === "string" ? "network" : "probe"} on ${given[1]?.providers?.join()}`);
        return super.open(...given);
      }
    }
    const order = readProviders("tensorrt,cpu");
    await using cache = new ModelCache({ order, threads: new InferenceThreads(() => new Watched()) });
    await using lease = await cache.lease({ key: "a", model });
    assert.deepEqual(valuesOf(await lease.session.run(row(1, 2, 3, 4))), [2, 4, 6, 8]);
    if (lease.session.provider === "tensorrt") return;
    assert.equal(lease.session.provider, "cpu");
    assert.equal(lease.session.refusals[0]?.provider, "tensorrt");
    assert.deepEqual(opened, ["network on tensorrt", "probe on tensorrt", "network on cpu"]);
    await using again = await cache.lease({ key: "b", model });
    assert.deepEqual(opened.slice(3), ["network on cpu"]);
    assert.deepEqual(again.session.refusals, lease.session.refusals);
  });

  it("opens a network that gives memory back after each run as it is asked to, and others as ever", async () => {
    await using dir = await TempDir.create();
    const model = await scaleNetwork(dir, "thrice", 3);
    const asked: (boolean | undefined)[] = [];
    class Watched extends InferenceThread {
      override async open(...given: Parameters<InferenceThread["open"]>) {
        asked.push(given[1]?.lean);
        return super.open(...given);
      }
    }
    await using cache = new ModelCache({ threads: new InferenceThreads(() => new Watched()) });
    await using plain = await cache.lease({ key: "a", model, providers: ["cpu"] });
    await using thrifty = await cache.lease({ key: "b", model, providers: ["cpu"], lean: true });
    for (const { session } of [plain, thrifty, thrifty]) {
      assert.deepEqual(valuesOf(await session.run(row(1, 2, 3, 4))), [3, 6, 9, 12]);
    }
    assert.deepEqual(asked, [false, true]);
  });

  it("can have a file of its own, which is made when it is tried", async () => {
    await using dir = await TempDir.create();
    const asked: string[] = [];
    const model = async (provider: string): Promise<string> => {
      asked.push(provider);
      return scaleNetwork(dir, `for-${provider}`, provider === "cpu" ? 3 : 2);
    };
    await using cache = new ModelCache({ order: readProviders("cpu") });
    await using lease = await cache.lease({ key: "a", model });
    await using _ = await cache.lease({ key: "a", model });
    assert.deepEqual(valuesOf(await lease.session.run(row(1, 2, 3, 4))), [3, 6, 9, 12]);
    assert.deepEqual(asked, ["cpu"]);
    const broken = new AppError("model_unusable", "The file is cut off.");
    const lost = cache.lease({ key: "b", model: () => Promise.reject(broken), providers: ["webgpu", "cpu"] });
    await assert.rejects(lost, broken);
    const cancel = new AbortController();
    let signal: AbortSignal | undefined;
    const waiting = cache.lease(
      {
        key: "c",
        model: (_provider, given) => {
          signal = given;
          return new Promise((_resolve, reject) => given.addEventListener("abort", () => reject(broken)));
        },
      },
      cancel.signal,
    );
    cancel.abort();
    await assert.rejects(waiting, (error: unknown) => error instanceof AppError && error.code === "cancelled");
    assert.equal(signal?.aborted, true, "nobody wants it any more");
  });

  it("that does not load comes with what to do about it", () => {
    for (const [reason, remedy] of [
      ["OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library", /ONNXRUNTIME_NODE_INSTALL/],
      ["libonnxruntime_providers_shared.so: cannot open shared object file: No such file", /ONNXRUNTIME_NODE_INSTALL/],
      ["Failed to load library libonnxruntime_providers_cuda.so with error: libcudnn.so.9: cannot open", /cuDNN 9/],
      ["Failed to load library libonnxruntime_providers_cuda.so with error: libcublasLt.so.12: cannot", /CUDA 12/],
      ["CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version", /driver/],
      ["CUDA failure 100: no CUDA-capable device is detected", /--gpus all/],
      ["Failed to get a WebGPU adapter: No supported adapters.", /Vulkan/],
      ["something nobody has seen", /TALKBOX_PROVIDERS/],
    ] as const) {
      assert.match(providerRemedy({ provider: "cuda", reason }), remedy, reason);
    }
  });
});
