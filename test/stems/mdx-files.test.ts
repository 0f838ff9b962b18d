import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { hashOf, PUBLISHED, settingsOf } from "../../src/engines/stems/mdx/mdx-settings.ts";
import { AppError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graphs/graph-builder.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { checkModel, dumpTensors } from "../../src/library/models/check-model.ts";
import { Workbench } from "../library/models/workbench.ts";
import { writeNetwork } from "./networks.ts";

describe("files of MDX-Net", () => {
  it("are listed by their shape, and graphs of other networks are passed over", async () => {
    await using bench = await Workbench.open();
    await writeNetwork(bench.model("mdx/kara"), "shape", 1024, 32);
    await writeNetwork(bench.model("mdx/small"), "identity", 64, 64);
    await writeGraph(bench.models, "latents", [1, 4, 512, 512], [1, 3, 512, 512]);
    await writeGraph(bench.models, "wide", [1, 5, 512, 32], [1, 5, 512, 32]);
    await writeGraph(bench.models, "open", ["batch", 4, 512, 32], ["batch", 4, "f", "t"]);
    await writeFile(bench.model("words.onnx"), "These are words, not weights. ".repeat(20));
    await writeFile(bench.model("empty.onnx"), "");
    await truncate(await writeNetwork(bench.model("cut"), "identity", 512, 32), 100);
    const entries = await bench.library().list();
    assert.deepEqual(
      entries.map(({ name, family, variant, state, format }) => [name, family, variant, state, format]),
      [
        ["mdx/kara", "mdx-net", "1024x32", "ready", "onnx"],
        ["open", "mdx-net", "512x32", "ready", "onnx"],
      ],
    );
    assert.equal((await bench.library().find("mdx-net", "KARA.onnx"))?.name, "mdx/kara");
  });

  it("are checked to the last weight", async () => {
    await using bench = await Workbench.open();
    const path = await writeNetwork(bench.model("left"), "left", 1024, 32);
    const report = await checkModel(path);
    assert.deepEqual(
      [report.state, report.family, report.variant, report.format, report.tensors, report.numbers],
      ["ready", "mdx-net", "1024x32", "onnx", 1, 4],
    );
    assert.match(await dumpTensors(path), /^constant\/sides\s+f32\[1, 4, 1, 1\]$/);
    const bytes = await readFile(path);
    const at = bytes.indexOf(Buffer.from(new Float32Array([1, 1, 0, 0]).buffer));
    bytes.writeFloatLE(Number.NaN, at + 8);
    await writeFile(path, bytes);
    const damaged = await checkModel(path);
    assert.match(
      damaged.error?.message ?? "",
      /^left\.onnx: "constant\/sides" holds NaN or infinity \(NaN at 2 of 4\)/,
    );
    await truncate(path, bytes.length - 20);
    assert.match(
      (await checkModel(path)).error?.message ?? "",
      /^left\.onnx: it is no whole ONNX file\. Download it again\.$/,
    );
  });

  it("are used as a file beside them says, else as they were published, else as their shape suggests", async () => {
    await using bench = await Workbench.open();
    const path = await writeNetwork(bench.model("Best_Inst"), "left", 3072, 256);
    const shape = { bins: 3072, frames: 256 };
    const guess = { geometry: { ...shape, size: 6144 }, compensate: 1.035, role: "instrumental", from: "shape" };
    assert.deepEqual(await settingsOf(path, shape), guess);
    const text = JSON.stringify({ mdx_n_fft_scale_set: 7680, mdx_dim_t_set: 8, primary_stem: "Vocals" });
    await writeFile(bench.model("Best_Inst.json"), text);
    const said = { geometry: { ...shape, size: 7680 }, compensate: 1.035, role: "vocals", from: "file" };
    assert.deepEqual(await settingsOf(path, shape), said);
    await writeFile(bench.model("Best_Inst.json"), JSON.stringify({ mdx_n_fft_scale_set: 7680, primary_stem: "Bass" }));
    assert.deepEqual(await settingsOf(path, shape), { ...said, role: "other", instrument: "bass" });
    const drums = await writeNetwork(bench.model("kuielab_a_drums"), "left", 3072, 256);
    assert.deepEqual(await settingsOf(drums, shape), { ...guess, role: "other", instrument: "drums" });
    const nothing = await writeNetwork(bench.model("network"), "left", 3072, 256);
    assert.deepEqual(await settingsOf(nothing, shape), { ...guess, role: "other" });
    await writeFile(bench.model("Best_Inst.json"), JSON.stringify({ mdx_n_fft_scale_set: 4096 }));
    await assert.rejects(
      settingsOf(path, shape),
      (error) => error instanceof AppError && /has 2049 bins, not 3072/.test(error.message),
    );
  });

  it("are known by MD5 of their last 10,240,000 bytes", async () => {
    await using bench = await Workbench.open();
    const bytes = Buffer.alloc(12_000_000, "a tail");
    const path = bench.model("long.onnx");
    await writeNetwork(bench.model("long"), "left", 512, 32);
    await writeFile(path, bytes);
    const md5 = (part: Buffer): string => createHash("md5").update(part).digest("hex");
    assert.equal(await hashOf(path), md5(bytes.subarray(-10_240_000)));
    await writeFile(path, bytes.subarray(0, 999));
    assert.equal(await hashOf(path), md5(bytes.subarray(0, 999)));
    assert.deepEqual(PUBLISHED.get("77d07b2667ddf05b9e3175941b4454a0"), {
      size: 7680,
      compensate: 1.021,
      role: "vocals",
    });
  });
});

async function writeGraph(
  folder: string,
  name: string,
  input: readonly (number | string)[],
  output: readonly (number | string)[],
): Promise<void> {
  const g = new GraphBuilder(name);
  const x = g.input("input", "float32", input);
  g.output("output", g.node("Identity", [x], { type: "float32", shape: output }));
  await writeModel(g.finish(), folder, name);
}
