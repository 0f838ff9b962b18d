import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Registry } from "prom-client";
import { GpuMemoryReader, parseGpuMemory } from "../../src/inference/gpu-memory.ts";
import { ModelCache } from "../../src/inference/model-cache.ts";
import { readProviders } from "../../src/inference/providers.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import { addResourceMetrics } from "../../src/jobs/resource-metrics.ts";
import { Lanes } from "../../src/lanes.ts";
import { TempDir } from "../../src/media/temp.ts";

const lanes = new Lanes({ gpu: 2, cpu: 3, encode: 3, upload: 4 });
const never = new AbortController().signal;
const MOUTH = join(import.meta.dirname, "../../models/mouth/mouth.onnx");

async function metricsWith(gpu: GpuMemoryReader): Promise<string> {
  const registry = new Registry();
  addResourceMetrics(registry, lanes, gpu);
  return registry.metrics();
}

/** A program that says what the driver's own says on a machine with two cards, of which one does not tell. */
async function driverProgram(folder: TempDir, body: string): Promise<string> {
  const path = folder.file("nvidia-smi");
  await writeFile(path, `#!/bin/sh\necho called >> "${folder.file("calls")}"\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

test("tells of the lanes' permits, of those who hold and await them", async () => {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const uploads = Array.from({ length: 5 }, () => lanes.forJob(never).hold(["upload"], () => over));
  await new Promise((resolve) => setImmediate(resolve));
  const text = await metricsWith(new GpuMemoryReader("nvidia-smi", () => false));
  for (const line of [
    'talkbox_lane_permits{lane="gpu"} 2',
    'talkbox_lane_taken{lane="upload"} 4',
    'talkbox_lane_waiting{lane="upload"} 1',
    'talkbox_lane_over{lane="upload"} 0',
  ]) {
    assert.ok(text.split("\n").includes(line), line);
  }
  end();
  await Promise.all(uploads);
});

test("tells what the cache of networks has done and holds", async () => {
  const gpu = new GpuMemoryReader("nvidia-smi", () => false);
  const values = async (): Promise<number[]> => {
    const text = await metricsWith(gpu);
    return ["loads_total", "hits_total", "evictions_total", 'memory_bytes{memory="host"}'].map((name) =>
      Number(text.split(`\ntalkbox_model_${name} `)[1]?.split("\n")[0]),
    );
  };
  const before = await values();
  {
    await using cache = new ModelCache({ order: readProviders("cpu") });
    for (let i = 0; i < 3; i += 1) await (await cache.lease({ key: "mouth", model: MOUTH }))[Symbol.asyncDispose]();
    const [loads, hits, evictions, bytes] = (await values()).map((value, i) => value - (before[i] as number));
    assert.deepEqual([loads, hits, evictions], [1, 2, 0]);
    assert.ok((bytes as number) > 10_000);
  }
  assert.equal((await values())[3], before[3], "closed with its cache");
});

test("tells of open networks, and no more of closed ones", async () => {
  const value = (text: string, name: string): number =>
    Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN);
  const gpu = new GpuMemoryReader("nvidia-smi", () => false);
  const before = await metricsWith(gpu);
  const thread = new InferenceThread();
  const session = await thread.open(MOUTH);
  const open = await metricsWith(gpu);
  assert.equal(value(open, "talkbox_models_loaded") - value(before, "talkbox_models_loaded"), 1);
  assert.ok(value(open, "talkbox_models_bytes") - value(before, "talkbox_models_bytes") > 10_000);
  await session.close();
  assert.equal(value(await metricsWith(gpu), "talkbox_models_loaded"), value(before, "talkbox_models_loaded"));
  await thread.open(MOUTH);
  await thread.close();
  const after = await metricsWith(gpu);
  assert.equal(value(after, "talkbox_models_bytes"), value(before, "talkbox_models_bytes"));
});

test("tells of the GPUs' memory what the driver says, asked once by many", async () => {
  await using folder = await TempDir.create();
  const command = await driverProgram(folder, "printf '0, 1024, 143771\\n1, [N/A], [N/A]\\n'");
  const gpu = new GpuMemoryReader(command, () => true);
  const [text] = await Promise.all([metricsWith(gpu), gpu.read(), gpu.read()]);
  assert.match(text, /^talkbox_gpu_memory_used_bytes\{gpu="0"\} 1073741824$/m);
  assert.match(text, /^talkbox_gpu_memory_total_bytes\{gpu="0"\} 150754820096$/m);
  assert.doesNotMatch(text, /gpu="1"/);
  assert.equal(await readFile(folder.file("calls"), "utf8"), "called\n");
});

test("has no figures where there is no GPU, no program, or one that fails", async () => {
  await using folder = await TempDir.create();
  const broken = await driverProgram(folder, "echo 'NVIDIA-SMI has failed' >&2; exit 9");
  for (const gpu of [
    new GpuMemoryReader("nvidia-smi", () => false),
    new GpuMemoryReader(folder.file("nobody"), () => true),
    new GpuMemoryReader(broken, () => true),
  ]) {
    const text = await metricsWith(gpu);
    assert.match(text, /^# TYPE talkbox_gpu_memory_used_bytes gauge$/m);
    assert.doesNotMatch(text, /talkbox_gpu_memory_used_bytes\{/);
  }
});

test("reads the driver's lines, whatever else stands among them", () => {
  assert.deepEqual(parseGpuMemory(" 0, 5, 10 \r\n\nno, 1, 2\n3, 7, 8"), [
    { index: "0", usedBytes: 5 * 1_048_576, totalBytes: 10 * 1_048_576 },
    { index: "3", usedBytes: 7 * 1_048_576, totalBytes: 8 * 1_048_576 },
  ]);
});
