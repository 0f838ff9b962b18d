import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { InferenceThread } from "../../../src/inference/session.ts";
import { GraphCache } from "../../../src/library/models/graph-cache.ts";
import type { ModelEntry } from "../../../src/library/models/model-entry.ts";
import { silentLog } from "../../../src/log.ts";
import { shapesOf, Workbench, writeWeights } from "./workbench.ts";

const FACE = { part: "face", precision: "fp32" } as const;
const child = join(import.meta.dirname, "graph-child.ts");

describe("the cache of graphs", () => {
  let models: Workbench;
  before(async () => {
    models = await Workbench.open();
    await writeWeights(models.model("one.pth"), shapesOf("wav2lip-96"));
    const other = (key: string, count: number) =>
      key === "face_encoder_blocks.0.0.conv_block.0.bias" ? new Float32Array(count).fill(0.25) : undefined;
    await writeWeights(models.model("other.pth"), shapesOf("wav2lip-96"), other);
  });
  after(() => models[Symbol.asyncDispose]());

  const model = async (name = "one"): Promise<ModelEntry> => {
    const entry = await models.library(60_000).find("wav2lip", name);
    assert.ok(entry);
    return entry;
  };
  /** A cache, and how often it made a graph. */
  const counted = (bench: Workbench, limitBytes = 1e12): { cache: GraphCache; made: () => number } => {
    let made = 0;
    const log = Object.assign(silentLog(), { info: () => void made++ });
    return { cache: new GraphCache({ cacheDir: bench.cache, limitBytes, log }), made: () => made };
  };
  const left = async (bench: Workbench): Promise<string[]> =>
    (await readdir(join(bench.cache, "graphs")).catch(() => [])).filter((name) => name.startsWith("."));

  it("a graph is made once, with progress, runs, and is found at once by the next process", async () => {
    await using bench = await Workbench.open();
    const seen: number[] = [];
    const { cache, made } = counted(bench);
    const { path, bytes } = await cache.graphOf(await model(), FACE, { progress: (share) => seen.push(share) });
    assert.equal(made(), 1);
    assert.equal(seen.at(-1), 1);
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    assert.deepEqual((await readdir(dirname(path))).toSorted(), ["graph.bin", "graph.json", "graph.onnx"]);
    assert.ok(bytes > 30e6 && bytes < 40e6);
    await using thread = new InferenceThread();
    await using session = await thread.open(path);
    const face = { type: "uint8", dims: [1, 96, 96, 3], data: new Uint8Array(96 * 96 * 3) } as const;
    const { feature6 } = await session.run({ face });
    assert.deepEqual(feature6?.dims, [1, 512, 1, 1]);
    const later = counted(bench);
    const progress = (): void => assert.fail("nothing is to be done");
    assert.equal((await later.cache.graphOf(await model(), FACE, { progress })).path, path);
    assert.equal(later.made(), 0);
    assert.deepEqual(await left(bench), []);
  });

  it("other content, another part and another precision are other graphs", async () => {
    await using bench = await Workbench.open();
    const { cache, made } = counted(bench);
    const one = await cache.graphOf(await model(), FACE);
    const other = await cache.graphOf(await model("other"), FACE);
    const half = await cache.graphOf(await model(), { part: "face", precision: "fp16" });
    assert.equal(new Set([one.path, other.path, half.path]).size, 3);
    assert.equal(made(), 3);
    assert.ok(half.bytes < one.bytes * 0.6);
    await assert.rejects(cache.graphOf(await model(), { part: "nose", precision: "fp32" }), /has no graph "nose"/);
  });

  it("many who want it at once share one making, each hears how far it is, and other work goes on meanwhile", async () => {
    await using bench = await Workbench.open();
    const { cache, made } = counted(bench);
    const entry = await model();
    const state = { working: true };
    let turns = 0;
    const seen = Array.from({ length: 8 }, (): number[] => []);
    const wanted = Promise.all(
      seen.map((shares) => cache.graphOf(entry, FACE, { progress: (share) => shares.push(share) })),
    ).finally(() => (state.working = false));
    while (state.working) {
      await nextTurn();
      turns++;
    }
    const paths = (await wanted).map(({ path }) => path);
    assert.equal(new Set(paths).size, 1);
    assert.equal(made(), 1);
    assert.ok(turns > 100, `${turns} turns of the event loop`);
    for (const shares of seen) assert.equal(shares.at(-1), 1);
  });

  it("of several processes one makes it and the others wait for it", async () => {
    await using bench = await Workbench.open();
    const run = async () =>
      promisify(execFile)(process.execPath, [child, models.model("one.pth").replace(/[^/]+$/, ""), bench.cache]);
    const answers = (await Promise.all([run(), run(), run()])).map(
      ({ stdout }) => JSON.parse(stdout) as { made: number; path: string },
    );
    assert.equal(
      answers.reduce((sum, { made }) => sum + made, 0),
      1,
    );
    assert.equal(new Set(answers.map(({ path }) => path)).size, 1);
    assert.deepEqual(await left(bench), []);
  });

  it("a lock that a process left when it died is taken over; what it had begun is removed in time", async () => {
    await using bench = await Workbench.open();
    const key = (await counted(bench).cache.graphOf(await model(), FACE)).path.split("/").at(-2) ?? "";
    const root = join(bench.cache, "graphs");
    await rm(join(root, key), { recursive: true });
    const long = new Date(Date.now() - 7_200_000);
    await writeFile(join(root, `.${key}.lock`), "1");
    await utimes(join(root, `.${key}.lock`), long, long);
    await mkdir(join(root, ".making-dead"));
    await writeFile(join(root, ".making-dead/graph.bin.part"), "some bytes");
    await utimes(join(root, ".making-dead"), long, long);
    await counted(bench).cache.graphOf(await model(), FACE);
    assert.deepEqual(await left(bench), []);
  });

  it("one who waits and goes away does not end it for the others; when all have gone, nothing is left", async () => {
    await using bench = await Workbench.open();
    const { cache, made } = counted(bench);
    const entry = await model();
    const [goes, alsoGoes] = [new AbortController(), new AbortController()];
    const stays = cache.graphOf(entry, FACE);
    const gone = cache.graphOf(entry, FACE, { signal: goes.signal });
    goes.abort();
    await assert.rejects(gone, { code: "cancelled" });
    await stays;
    assert.equal(made(), 1);
    const choice = { part: "mouth", precision: "fp32" } as const;
    const alone = cache.graphOf(entry, choice, { signal: alsoGoes.signal, progress: () => alsoGoes.abort() });
    await assert.rejects(alone, { code: "cancelled" });
    await assert.rejects(cache.graphOf(entry, choice, { signal: AbortSignal.abort() }), { code: "cancelled" });
    while ((await left(bench)).length > 0) await sleep(20);
    assert.equal(made(), 1);
    assert.equal((await cache.list()).length, 1);
  });

  it("a graph that was cut short is made again", async () => {
    await using bench = await Workbench.open();
    const { cache, made } = counted(bench);
    const { path, bytes } = await cache.graphOf(await model(), FACE);
    await truncate(path.replace(".onnx", ".bin"), 1000);
    assert.deepEqual(await cache.list(), []);
    assert.equal((await cache.graphOf(await model(), FACE)).bytes, bytes);
    assert.equal(made(), 2);
  });

  it("a weight that is not finite is refused by file and key, and nothing is left", async () => {
    await using bench = await Workbench.open();
    const key = "face_encoder_blocks.5.1.conv_block.0.weight";
    const nan = (name: string, count: number) =>
      name === key ? new Float32Array(count).fill(Number.NaN, count - 1) : undefined;
    await writeWeights(bench.model("sick.pth"), shapesOf("wav2lip-96"), nan);
    const entry = await bench.library().find("wav2lip");
    assert.ok(entry);
    const { cache } = counted(bench);
    await assert.rejects(cache.graphOf(entry, FACE), {
      code: "model_unusable",
      message: /^sick\.pth: .*"face_encoder_blocks\.5\.1\.conv_block\.0\.weight" holds NaN or infinity/,
    });
    assert.deepEqual(await readdir(join(bench.cache, "graphs")), []);
  });

  it("the graphs that were not used for longest go when there are too many, and all on request", async () => {
    await using bench = await Workbench.open();
    const half = { part: "face", precision: "fp16" } as const;
    await counted(bench).cache.graphOf(await model(), FACE);
    await counted(bench).cache.graphOf(await model(), half);
    const [recent, old] = await counted(bench).cache.list();
    assert.match(recent?.key ?? "", /fp16/);
    // Another process, with place for two of the smaller ones.
    const { cache } = counted(bench, 40e6);
    await cache.graphOf(await model("other"), half);
    const keys = (await cache.list()).map(({ key }) => key);
    assert.equal(keys.length, 2);
    assert.ok(!keys.includes(old?.key ?? ""));
    assert.ok((await cache.clean()) > 10e6);
    assert.equal((await cache.list()).length, 1, "what this process has handed out stays");
    assert.ok((await counted(bench).cache.clean()) > 10e6);
    assert.deepEqual(await readdir(join(bench.cache, "graphs")), []);
    assert.equal(await counted(bench).cache.clean(), 0);
  });

  it("a cache that cannot be written is told with the setting that mends it", async () => {
    await using bench = await Workbench.open();
    await writeFile(bench.cache, "a file where the folder should be");
    await assert.rejects(counted(bench).cache.graphOf(await model(), FACE), {
      code: "storage_failed",
      message: /TALKBOX_CACHE/,
    });
  });

  it("a model that cannot be used, and one that has gone, are told", async () => {
    await using bench = await Workbench.open();
    const { cache } = counted(bench);
    const entry = await model();
    const broken: ModelEntry = { ...entry, state: "unusable", problem: "x.pth: no." };
    await assert.rejects(cache.graphOf(broken, FACE), { code: "model_unusable", message: "x.pth: no." });
    await writeWeights(bench.model("gone.pth"), shapesOf("wav2lip-96"));
    const [gone] = await bench.library().list();
    assert.ok(gone && (await stat(gone.path)).size > 0 && (await readFile(gone.path)).length > 0);
    await rm(gone.path);
    await assert.rejects(cache.graphOf(gone, FACE), {
      code: "model_unusable",
      message: /^gone\.pth: it cannot be read/,
    });
  });
});
