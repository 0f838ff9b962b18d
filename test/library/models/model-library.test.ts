import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ModelLibrary } from "../../../src/library/models/model-library.ts";
import { silentLog } from "../../../src/log.ts";
import { PickleWriter } from "../../checkpoints/pickle-writer.ts";
import { shapesOf, Workbench, writeWeights } from "./workbench.ts";

const fixture = (file: string): string => join(import.meta.dirname, "../../checkpoints/fixtures", file);

describe("the model library", () => {
  it("knows files by what they hold: misleading names, variants, other networks, what is no model", async () => {
    await using bench = await Workbench.open();
    await writeWeights(bench.model("wav2lip/holiday-photos.bin"), shapesOf("wav2lip-96"));
    await writeWeights(bench.model("a/face.pth"), shapesOf("wav2lip-256"));
    await writeWeights(bench.model("wav2lip.pth"), shapesOf("s3fd"));
    await mkdir(bench.model("rvc/mina"), { recursive: true });
    await copyFile(fixture("voice.pth"), bench.model("rvc/mina/mina.pth"));
    await copyFile(fixture("ivf.index"), bench.model("rvc/mina/added.index"));
    await writeFile(bench.model("empty.pth"), "");
    await writeFile(bench.model("notes.txt"), "These are words, not weights. ".repeat(20));
    await writeFile(bench.model("cut.pth"), (await readFile(fixture("flat.pth"))).subarray(0, 2000));
    const entries = await bench.library().list();
    assert.deepEqual(
      entries.map(({ name, family, variant, state }) => [name, family, variant, state]),
      [
        ["a/face", "wav2lip", "256", "ready"],
        ["cut", "", "", "unusable"],
        ["empty", "", "", "unusable"],
        ["rvc/mina/mina", "", "", "unusable"],
        ["wav2lip/holiday-photos", "wav2lip", "96", "ready"],
        ["wav2lip", "s3fd", "", "ready"],
      ],
    );
    const cut = entries.find(({ name }) => name === "cut");
    assert.match(
      cut?.problem ?? "",
      /^cut\.pth: its end is missing, so the download was cut short\. Download it again\.$/,
    );
    assert.match(entries.find(({ family }) => family === "wav2lip")?.licence ?? "", /no commercial use/);
    assert.ok(entries.every(({ where, path }) => path.startsWith(where)));
  });

  it("finds the first of a family, or the one that is named, and says why a named one cannot be used", async () => {
    await using bench = await Workbench.open();
    await writeWeights(bench.model("wav2lip/one.pth"), shapesOf("wav2lip-96"));
    await writeWeights(bench.model("wav2lip/two.pth"), shapesOf("wav2lip-256"));
    const { "audio_encoder.3.conv_block.0.bias": _, ...broken } = shapesOf("wav2lip-96");
    await writeWeights(bench.model("wav2lip/broken.pth"), broken);
    const library = bench.library(60_000);
    assert.equal((await library.find("wav2lip"))?.name, "wav2lip/one");
    for (const name of ["two", "TWO", "two.pth", "wav2lip/two"]) {
      assert.equal((await library.find("wav2lip", name))?.variant, "256", name);
    }
    assert.equal(await library.find("wav2lip", "three"), undefined);
    assert.equal(await library.find("s3fd"), undefined);
    await assert.rejects(library.find("wav2lip", "broken"), {
      code: "model_unusable",
      message: /^broken\.pth: as Wav2Lip \(96 pixels\) .*"audio_encoder\.3\.conv_block\.0\.bias" is missing/,
    });
  });

  it("reads a file once: a later start remembers it until it changes, goes or comes back", async () => {
    await using bench = await Workbench.open();
    const path = bench.model("s3fd.pth");
    await writeWeights(path, shapesOf("s3fd"));
    const time = new Date(1_700_000_000_000);
    await utimes(path, time, time);
    assert.equal((await bench.library().list()).length, 1);
    // What is remembered is told even where the file would say something else: its size and time are as they were.
    const { size } = await stat(path);
    await writeFile(path, Buffer.alloc(size));
    await utimes(path, time, time);
    assert.equal((await bench.library().list())[0]?.family, "s3fd");
    await utimes(path, time, new Date(time.getTime() + 5000));
    assert.match((await bench.library().list())[0]?.problem ?? "", /^s3fd\.pth: its form is not known/);
    await writeWeights(path, shapesOf("s3fd"));
    const library = bench.library();
    assert.equal((await library.list())[0]?.family, "s3fd");
    await rename(path, bench.model("moved.bin"));
    assert.deepEqual(
      (await library.list()).map(({ name }) => name),
      ["moved"],
    );
    await rm(bench.model("moved.bin"));
    assert.deepEqual(await library.list(), []);
  });

  it("a file is hashed once, and anew when other content takes its place under the same size and time", async () => {
    await using bench = await Workbench.open();
    const path = bench.model("s3fd.pth");
    await writeWeights(path, shapesOf("s3fd"));
    const time = new Date(1_700_000_000_000);
    await utimes(path, time, time);
    const hash = async (): Promise<string> =>
      createHash("sha256")
        .update(await readFile(path))
        .digest("hex");
    const [entry] = await bench.library().list();
    const seen: number[] = [];
    assert.equal(await entry?.sha256({ onProgress: (bytes) => seen.push(bytes) }), await hash());
    assert.equal(seen.at(-1), entry?.bytes);
    const [again] = await bench.library().list();
    assert.equal(await again?.sha256({ onProgress: () => assert.fail("it is read again") }), await hash());
    const half = (_: string, count: number): Float32Array => new Float32Array(count).fill(0.5);
    await writeWeights(path, shapesOf("s3fd"), half);
    await utimes(path, time, time);
    const [other] = await bench.library().list();
    assert.equal(await other?.sha256(), await hash());
    const abort = new AbortController();
    abort.abort();
    await utimes(path, time, new Date(time.getTime() + 5000));
    const [changed] = await bench.library().list();
    await assert.rejects(changed?.sha256({ signal: abort.signal }) ?? Promise.resolve(), { code: "cancelled" });
  });

  it("a folder within another, links and parts of downloads are listed once or not at all", async () => {
    await using bench = await Workbench.open();
    await writeWeights(bench.model("deep/s3fd.pth"), shapesOf("s3fd"));
    await symlink(bench.model("deep/s3fd.pth"), bench.model("link.pth"));
    await symlink(bench.model("deep"), bench.model("deep-again"));
    await symlink(bench.models, bench.model("deep/loop"));
    await copyFile(bench.model("deep/s3fd.pth"), bench.model("s3fd.pth.part"));
    const folders = [{ path: bench.models }, { path: bench.model("deep") }, { path: join(bench.models, "nowhere") }];
    const library = new ModelLibrary({ folders, cacheDir: bench.cache, log: silentLog() });
    assert.equal((await library.list()).length, 1);
  });

  it("a model in several files is one, by its index", async () => {
    await using bench = await Workbench.open();
    const shapes = Object.entries(shapesOf("s3fd"));
    const shards = { "model-00001-of-00002": shapes.slice(0, 30), "model-00002-of-00002": shapes.slice(30) };
    const weight_map: Record<string, string> = {};
    for (const [name, some] of Object.entries(shards)) {
      await writeWeights(bench.model(`s3fd/${name}.safetensors`), Object.fromEntries(some));
      for (const [key] of some) weight_map[key] = `${name}.safetensors`;
    }
    await writeFile(bench.model("s3fd/model.safetensors.index.json"), JSON.stringify({ weight_map }));
    assert.deepEqual(
      (await bench.library().list()).map(({ name, family, state }) => [name, family, state]),
      [["s3fd/model", "s3fd", "ready"]],
    );
    const [entry] = await bench.library().list();
    assert.equal(entry?.bytes, entry?.weightBytes);
    const before = await entry?.sha256();
    const [key = "", shape = []] = shapes[0] ?? [];
    const half = (name: string, count: number) => (name === key ? new Float32Array(count).fill(0.5) : undefined);
    await writeWeights(
      bench.model("s3fd/model-00001-of-00002.safetensors"),
      Object.fromEntries(shapes.slice(0, 30)),
      half,
    );
    const [changed] = await bench.library().list();
    assert.ok(shape.length > 0 && before !== (await changed?.sha256()), "its hash is of all its files");
  });

  it("a folder of pictures, sounds and texts alone is neither opened nor remembered", async () => {
    const folders = [{ path: join(import.meta.dirname, "../../../models") }];
    await using bench = await Workbench.open();
    const library = new ModelLibrary({ folders, cacheDir: bench.cache, log: silentLog() });
    const families = new Set((await library.list()).map(({ family }) => family));
    // Whoever keeps weights of their own in the checkout has some.
    if (families.size === 0) assert.ok(!existsSync(bench.cache));
  });

  it("in a folder of others, what is of no network known is passed over", async () => {
    await using bench = await Workbench.open();
    await mkdir(bench.models, { recursive: true });
    await copyFile(fixture("flat.safetensors"), bench.model("llm.safetensors"));
    const folders = (shared: boolean) => [{ path: bench.models, shared }];
    const list = (shared: boolean) =>
      new ModelLibrary({ folders: folders(shared), cacheDir: bench.cache, log: silentLog() }).list();
    assert.deepEqual(await list(true), []);
    assert.match(
      (await list(false))[0]?.problem ?? "",
      /are of no network that is known\. Usable are files of Wav2Lip, S3FD, /,
    );
  });

  it("a file whose keys are almost right is told which key is expected", async () => {
    await using bench = await Workbench.open();
    const shapes = Object.entries(shapesOf("s3fd")).map(([key, shape]) => [`detector.${key}`, shape]);
    await writeWeights(bench.model("s3fd.pth"), Object.fromEntries(shapes));
    const [entry] = await bench.library().list();
    assert.match(
      entry?.problem ?? "",
      /^s3fd\.pth: its keys are almost S3FD's: it has "detector\.conv3_3_norm_mbox_conf\.weight" where "conv3_3_norm_mbox_conf\.weight" is expected/,
    );
  });

  it("an attack, a lie of 4 GB and a broken index in the cache hinder nothing", async () => {
    await using bench = await Workbench.open();
    await writeWeights(bench.model("s3fd.pth"), shapesOf("s3fd"));
    const attack = new PickleWriter().global("os", "system").op("(").text("touch /tmp/x".padEnd(80)).op("tR").end();
    await writeFile(bench.model("attack.pkl"), attack);
    await writeFile(
      bench.model("lie.pkl"),
      new PickleWriter().raw([0x58, 255, 255, 255, 255]).raw(Buffer.alloc(100)).end(),
    );
    await mkdir(bench.cache, { recursive: true });
    await writeFile(join(bench.cache, "models.json"), '{"version":1,"fil');
    const problems = (await bench.library().list()).map(({ name, problem = "" }) => [name, problem] as const);
    assert.match(new Map(problems).get("attack") ?? "", /the name "os\.system".*nothing of it was run/);
    assert.match(new Map(problems).get("lie") ?? "", /a text has 4294967295 bytes/);
    assert.equal(new Map(problems).get("s3fd"), "");
  });

  it("a cache that cannot be written costs memory and no more", async () => {
    await using bench = await Workbench.open();
    await writeWeights(bench.model("s3fd.pth"), shapesOf("s3fd"));
    await writeFile(bench.cache, "a file where the folder should be");
    const library = bench.library();
    assert.equal((await library.list())[0]?.family, "s3fd");
    assert.match((await (await library.find("s3fd"))?.sha256()) ?? "", /^[0-9a-f]{64}$/);
  });
});
