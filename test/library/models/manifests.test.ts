import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { Inert } from "../../../src/checkpoints/pickle/values.ts";
import { openModel, PINNED } from "../../../src/library/models/open-model.ts";
import { type Manifest, readManifest, readManifests } from "../../../src/library/models/pull/manifest.ts";
import { parseSource } from "../../../src/library/models/pull/source.ts";
import { TempDir } from "../../../src/media/temp.ts";
import { PickleWriter } from "../../checkpoints/pickle-writer.ts";

const root = join(import.meta.dirname, "../../..");
const folder = join(root, "models/manifests");

describe("the manifests that are shipped", () => {
  it("are what their schema says, as other programs read it", async () => {
    const ajv = new Ajv2020({ formats: { uri: (text: string) => URL.canParse(text) } });
    const validate = ajv.compile(JSON.parse(await readFile(join(root, "schemas/model-manifest.json"), "utf8")));
    const names = await readdir(folder);
    assert.ok(names.length >= 3);
    for (const name of names) {
      const manifest = JSON.parse(await readFile(join(folder, name), "utf8")) as Manifest;
      assert.ok(validate(manifest), `${name}: ${ajv.errorsText(validate.errors)}`);
      assert.equal(`${manifest.name}.json`, name);
    }
    assert.ok(!validate({ name: "x", title: "y" }));
  });

  it("name sources over https or on Hugging Face, a licence each, and a hash or a size wherever there is a source", async () => {
    const settings = { huggingFace: { endpoint: "https://huggingface.co", token: "" }, bucket: () => assert.fail() };
    for (const { name, licence, files } of await readManifests(folder)) {
      assert.ok(licence.notice.length > 20, name);
      for (const { file, sources, sha256, bytes, end } of files) {
        for (const text of sources) {
          assert.match(text, /^(https:\/\/|hf:)/);
          assert.ok(parseSource(text, settings).file !== "");
        }
        assert.ok(sources.length === 0 || sha256 !== null || bytes !== null || end !== undefined, file);
      }
    }
  });

  it("a file whose objects may be inert is one that they name, by the same hash", async () => {
    const hashes = (await readManifests(folder)).flatMap(({ files }) => files.map(({ sha256 }) => sha256));
    for (const pinned of PINNED.keys()) assert.ok(hashes.includes(pinned), pinned);
  });

  it("one that is broken is told with every fault", async () => {
    await using dir = await TempDir.create();
    const [shipped] = await readManifests(folder);
    assert.ok(shipped);
    const faults: Record<string, [unknown, RegExp]> = {
      "leaves its folder": [{ ...shipped, folder: "../../etc" }, /folder: Must be names/],
      "hides its file": [{ ...shipped, files: [{ ...shipped.files[0], file: ".ssh/key" }] }, /files\.0\.file/],
      "has a field too many": [{ ...shipped, command: "x" }, /"command"/],
      "has no licence": [{ ...shipped, licence: undefined }, /licence/],
      "is no JSON": ["{", /cannot be read/],
    };
    for (const [what, [value, message]] of Object.entries(faults)) {
      const path = dir.file("manifest.json");
      await writeFile(path, typeof value === "string" ? value : JSON.stringify(value));
      await assert.rejects(readManifest(path), { code: "invalid_input", message }, what);
    }
  });
});

describe("a file with objects of a class that is not known", () => {
  it("is refused by name, unless its content is pinned: then they are records that do nothing", async () => {
    await using dir = await TempDir.create();
    const bytes = new PickleWriter()
      .op("}")
      .text("task")
      .global("fairseq.data.dictionary", "Dictionary")
      .op(")\x81}")
      .text("symbols")
      .int(500)
      .op("sbs")
      .end();
    await writeFile(dir.file("model.pt"), bytes);
    const refused = { code: "model_unusable", message: /it contains the name "fairseq\.data\.dictionary\.Dictionary"/ };
    await assert.rejects(openModel(dir.file("model.pt")), refused);
    const pinned = new Map([[createHash("sha256").update(bytes).digest("hex"), "this one"]]);
    using checkpoint = await openModel(dir.file("model.pt"), pinned);
    const task = checkpoint.root instanceof Map ? checkpoint.root.get("task") : undefined;
    assert.ok(task instanceof Inert && task.className === "fairseq.data.dictionary Dictionary");
    await writeFile(dir.file("model.pt"), Buffer.concat([bytes, Buffer.from(" ")]));
    await assert.rejects(openModel(dir.file("model.pt"), pinned), refused);
  });
});
