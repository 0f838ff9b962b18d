/**
 * What inference costs beside the networks themselves, and what it saves: loading, leasing, the way into the thread and
 * back, warm-up by size of batch, and two jobs at once against one after the other. The network is eight 3 × 3 convolutions
 * of 32 channels over 96 × 96 pixels, uint8 in and out, with random weights.
 * Usage: [TALKBOX_PROVIDERS=cuda] node bench/inference.ts [seconds for each figure]
 */
import { GraphBuilder } from "../src/graphs/graph-builder.ts";
import { cast, relu, scaleBy } from "../src/graphs/nn.ts";
import { writeModel } from "../src/graphs/onnx/write-model.ts";
import { Batcher } from "../src/inference/batcher.ts";
import { bucketsOf, type WarmUp, warmUpBuckets } from "../src/inference/buckets.ts";
import { type Lease, ModelCache } from "../src/inference/model-cache.ts";
import { readProviders } from "../src/inference/providers.ts";
import { runTogether } from "../src/inference/tensor-batch.ts";
import type { Tensors } from "../src/inference/tensor.ts";
import { TempDir } from "../src/media/temp.ts";
import { median } from "./process-tree.ts";

const SIDE = 96;
const CHANNELS = 32;
const LAYERS = 8;
const seconds = Number(process.argv[2] ?? 3);

async function network(dir: TempDir, name: string, layers: number): Promise<string> {
  const g = new GraphBuilder(name);
  let x = scaleBy(g, cast(g, g.input("x", "uint8", ["n", 3, SIDE, SIDE]), "float32"), 1 / 255);
  const conv = (from: number, to: number, at: number): void => {
    const shape = [to, from, 3, 3];
    const random = async (): Promise<Uint8Array> =>
      new Uint8Array(Float32Array.from({ length: from * to * 9 }, () => (Math.random() - 0.5) / 10).buffer);
    const made = { shape: ["n", to, SIDE, SIDE] };
    const weight = g.weight(`layer${at}`, "float32", shape, random);
    x = relu(g, g.node("Conv", [x, weight], made, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }));
  };
  conv(3, CHANNELS, 0);
  for (let at = 1; at < layers - 1; at++) conv(CHANNELS, CHANNELS, at);
  conv(CHANNELS, 3, layers - 1);
  g.output("y", cast(g, scaleBy(g, x, 255), "uint8"));
  return writeModel(g.finish(), dir.path, name);
}

const picture = (): Tensors => ({
  x: { type: "uint8", dims: [1, 3, SIDE, SIDE], data: new Uint8Array(3 * SIDE * SIDE).fill(100) },
});

/** Median milliseconds of what is done again and again for a while. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (const end = performance.now() + seconds * 1000; performance.now() < end || times.length < 3; ) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return median(times);
}

const say = (what: string, figure: string): void => console.log(`${what.padEnd(44)} ${figure}`);
const ms = (value: number): string => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;

await using dir = await TempDir.create();
const model = await network(dir, "convolutions", LAYERS);
const tiny = await network(dir, "tiny", 2);
const order = readProviders(process.env["TALKBOX_PROVIDERS"] ?? "");
await using cache = new ModelCache({ order });

let warmed: WarmUp[] = [];
const began = performance.now();
const lease = await cache.lease({
  key: "convolutions",
  model,
  warmUp: async (session) => {
    warmed = await warmUpBuckets(session, picture(), bucketsOf(session.provider));
  },
});
const { provider, refusals } = lease.session;
say("provider", [provider, ...refusals.map((each) => `(not ${each.provider}: ${each.reason})`)].join(" "));
say(
  "first load, with ONNX Runtime and warm-up",
  `${ms(performance.now() - began)}, ${(lease.bytes / 1e6).toFixed(0)} MB`,
);
for (const { size, firstMs, againMs } of warmed) {
  say(`  batches of ${size}: first run, second run`, `${ms(firstMs)}, ${ms(againMs)}`);
}
let copies = 0;
const loadMs = await timed(async () => {
  await using _ = await cache.lease({ key: `copy ${copies++}`, model: tiny });
});
say("load of one more network", ms(loadMs));
const leaseMs = await timed(async () => {
  for (let i = 0; i < 100; i++) await (await cache.lease({ key: "convolutions", model }))[Symbol.asyncDispose]();
});
say("lease of an open network", `${(leaseMs * 10).toFixed(1)} µs`);
await using small = await cache.lease({ key: "tiny", model: tiny });
const alone = picture()["x"] as Extract<Tensors[string], { type: "uint8" }>;
const hop = await timed(() => small.session.run({ x: { ...alone, data: alone.data.slice() } }));
say("a run of two layers, thread and back included", ms(hop));
for (const size of [1, 8, 32]) {
  const data = (): Uint8Array<ArrayBuffer> => new Uint8Array(size * 3 * SIDE * SIDE).fill(100);
  const run = await timed(() => lease.session.run({ x: { type: "uint8", dims: [size, 3, SIDE, SIDE], data: data() } }));
  say(`items a second in batches of ${size}`, ((size / run) * 1000).toFixed(0));
}

/** A job: pictures one after the other, with work of its own between them, as a decoder and a paste have it. */
async function job(held: Lease): Promise<void> {
  const batcher = held.shared(
    "batcher",
    (session) => new Batcher({ maxItems: 16, buckets: bucketsOf(session.provider, 16), run: runTogether(session) }),
  );
  const pictures = async function* (): AsyncIterable<Tensors> {
    for (let i = 0; i < 64; i++) {
      // Waits for another process, as for ffmpeg's next frame.
      if (i % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      yield picture();
    }
  };
  for await (const _ of batcher.map(pictures(), { job: {}, ahead: 16 }));
}
const after = await timed(async () => {
  await job(lease);
  await job(lease);
});
const together = await timed(() => Promise.all([job(lease), job(lease)]));
say("two jobs, one after the other; together", `${ms(after)}; ${ms(together)} (${(after / together).toFixed(2)} ×)`);
await lease[Symbol.asyncDispose]();
