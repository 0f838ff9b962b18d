import assert from "node:assert/strict";
import { mkdir, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, describe, it } from "node:test";
import { ModelLibrary } from "../../src/library/models/model-library.ts";
import { findRvcVoice, type RvcPlaces, rvcVoices } from "../../src/library/rvc-voices.ts";
import { listVoiceModels } from "../../src/library/voice-models.ts";
import { silentLog } from "../../src/log.ts";
import { TempDir } from "../../src/media/temp.ts";
import { flatIndex, narrowCheckpoint, voiceFile } from "./narrow.ts";
import { pthFile, zipFile } from "./write-pth.ts";

const dir = await TempDir.create();
after(() => dir[Symbol.asyncDispose]());

const [v1, v2] = [await voiceFile("v1 40k"), await voiceFile("v2 48k")];
let count = 0;

/** A place of voices of its own. */
function place(): { places: RvcPlaces; library: ModelLibrary; put: (file: string, bytes: Buffer) => Promise<string> } {
  const root = join(dir.path, String(count++));
  const modelsDir = join(root, "models");
  const cacheDir = join(root, "cache");
  const library = new ModelLibrary({ folders: [{ path: modelsDir }], cacheDir, log: silentLog(), keptMs: 0 });
  const put = async (file: string, bytes: Buffer): Promise<string> => {
    const path = join(root, file);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, bytes);
    return path;
  };
  const places = { modelsDir, rvcDir: join(root, "workspace"), volumeDir: join(root, "volume"), cacheDir };
  return { places, library, put };
}

describe("RVC voices", () => {
  it("are found in every place, as folders, links, files and archives; of two of one name the first counts", async () => {
    const { places, library, put } = place();
    await put("models/rvc/mina/any.pth", v1);
    await put("models/rvc/mina/added.index", flatIndex(256, 40));
    await put("models/rvc/README.md", Buffer.from("voices"));
    await put("models/rvc/nothing/readme.txt", Buffer.from("no voice"));
    await put("models/rvc/alone.pth", v2);
    await put("models/rvc/alone_v2.index", flatIndex(768, 30));
    await put("models/rvc/other.index", flatIndex(256, 10));
    await put("workspace/mina/mina.pth", v2);
    await put("workspace/shared/Shared.zip", zipFile([{ name: "a/b/shared.pth", data: v1, deflated: true }]));
    await put("volume/models/rvc/far/far.PTH", v2);
    await put("elsewhere/linked/linked.pth", v1);
    await symlink(join(dir.path, String(count - 1), "elsewhere/linked"), join(places.rvcDir, "linked"));
    assert.deepEqual(await listVoiceModels(places), ["alone", "far", "linked", "mina", "shared"]);
    const voices = await rvcVoices(library, places);
    assert.deepEqual(
      voices.map((voice) =>
        "problem" in voice
          ? voice
          : [voice.name, voice.version, voice.sampleRate, voice.f0, voice.index?.count ?? null],
      ),
      [
        ["alone", "v2", 48_000, true, 30],
        ["far", "v2", 48_000, true, null],
        ["linked", "v1", 40_000, true, null],
        ["mina", "v1", 40_000, true, 40],
        ["shared", "v1", 40_000, true, null],
      ],
    );
    assert.equal((await findRvcVoice(" MINA", library, places))?.name, "mina");
    assert.equal(await findRvcVoice("nothing", library, places), undefined);
  });

  it("of several files take what fits: a checkpoint of no training, the index that is fullest", async () => {
    const { places, library, put } = place();
    await put("models/rvc/mina/G_2333333.pth", await pthFile(narrowCheckpoint("v1 40k"), { iteration: 3 }));
    await put("models/rvc/mina/D_2333333.pth", Buffer.from("PK"));
    await put("models/rvc/mina/zz.pth", v1);
    await put("models/rvc/mina/trained_a.index", flatIndex(256, 0));
    await put("models/rvc/mina/of_v2.index", flatIndex(768, 500));
    await put("models/rvc/mina/added_a.index", flatIndex(256, 40));
    await put("models/rvc/mina/broken.index", Buffer.from("IwFl"));
    const voice = await findRvcVoice("mina", library, places);
    assert.equal(basename(voice?.checkpoint.path ?? ""), "zz.pth");
    assert.equal(basename(voice?.index?.path ?? ""), "added_a.index");
    await put("models/rvc/mina/MINA.pth", v2);
    const own = await findRvcVoice("mina", library, places);
    assert.equal(own?.version, "v2");
    assert.equal(basename(own?.index?.path ?? ""), "of_v2.index");
    assert.equal(basename(own?.checkpoint.path ?? ""), "MINA.pth");
  });

  it("that cannot be used say why: a training's files alone, broken files", async () => {
    const { places, library, put } = place();
    await put("models/rvc/training/G_1.pth", await pthFile(narrowCheckpoint("v1 40k"), { iteration: 3 }));
    await put("models/rvc/broken/x.pth", v1.subarray(0, 5000));
    await put("models/rvc/torn/torn.zip", zipFile([{ name: "x.pth", data: v1 }]).subarray(0, 900));
    const voices = await rvcVoices(library, places);
    const problems = Object.fromEntries(
      voices.map((voice) => [voice.name, "problem" in voice ? voice.problem : "none"]),
    );
    assert.match(problems["training"] ?? "", /^G_1\.pth: it is a checkpoint of RVC's training/);
    assert.match(problems["broken"] ?? "", /^x\.pth: /);
    assert.match(problems["torn"] ?? "", /^torn\.zip: its end is missing/);
    await assert.rejects(findRvcVoice("training", library, places), { code: "model_unusable" });
  });
});

describe("archives of voices", () => {
  it("are unpacked once, again when they change, and given up when they are gone", async () => {
    const { places, library, put } = place();
    const members = [
      { name: "weights/mina.pth", data: v1, deflated: true },
      { name: "logs/added.index", data: flatIndex(256, 25) },
      { name: "__MACOSX/._mina.pth", data: Buffer.from("notes") },
      { name: "readme.txt", data: Buffer.from("sing!") },
    ];
    const path = await put("models/rvc/mina.zip", zipFile(members));
    const [one, two] = await Promise.all([1, 2].map(() => findRvcVoice("mina", library, places)));
    assert.equal(one?.index?.count, 25);
    assert.equal(one.checkpoint.path, two?.checkpoint.path);
    const [folder = ""] = await readdir(join(places.cacheDir, "voices"));
    assert.deepEqual((await readdir(join(places.cacheDir, "voices", folder))).toSorted(), [
      "added.index",
      "archive.json",
      "mina.pth",
    ]);
    assert.equal((await findRvcVoice("mina", library, places))?.checkpoint.path, one.checkpoint.path);
    assert.deepEqual(await library.list(), [], "an archive is no file of weights");
    await put("models/rvc/mina.zip", zipFile([{ name: "mina.pth", data: v2 }]));
    await utimes(path, new Date(), new Date(Date.now() + 5000));
    assert.equal((await findRvcVoice("mina", library, places))?.version, "v2");
    await rm(path);
    await put("models/rvc/other.zip", zipFile([{ name: "other.pth", data: v1 }]));
    assert.equal((await findRvcVoice("other", library, places))?.version, "v1");
    assert.equal((await readdir(join(places.cacheDir, "voices"))).length, 1);
  });

  it("that would lay files elsewhere, or lie of their size, do not; nothing is left of them", async () => {
    const { places, library, put } = place();
    await put("models/rvc/climber.zip", zipFile([{ name: "../../../climbed.pth", data: v1 }]));
    await put(
      "models/rvc/bomb.zip",
      zipFile([{ name: "b.pth", data: Buffer.alloc(1 << 20), deflated: true, size: 100 }]),
    );
    await put("models/rvc/short.zip", zipFile([{ name: "s.pth", data: Buffer.alloc(50), deflated: true, size: 100 }]));
    await put("models/rvc/huge.zip", zipFile([{ name: "h.pth", data: Buffer.alloc(50), deflated: true, size: 3e9 }]));
    const spoiled = zipFile([{ name: "x.pth", data: v1, deflated: true }]);
    spoiled.fill(0xff, 100, 200);
    await put("models/rvc/spoiled.zip", spoiled);
    const climber = await findRvcVoice("climber", library, places);
    assert.ok(climber);
    assert.ok(climber.checkpoint.path.startsWith(join(places.cacheDir, "voices")));
    assert.equal(basename(climber.checkpoint.path), "climbed.pth");
    for (const [name, message] of [
      ["bomb", /^bomb\.zip: "b\.pth" in it is not of the 100 bytes/],
      ["short", /^short\.zip: "s\.pth" in it is not of the 100 bytes/],
      ["huge", /^huge\.zip: "h\.pth" in it would be 3000 MB/],
      ["spoiled", /^spoiled\.zip: it cannot be unpacked/],
    ] as const) {
      await assert.rejects(findRvcVoice(name, library, places), { code: "model_unusable", message });
    }
    assert.equal((await readdir(join(places.cacheDir, "voices"))).length, 1);
    await assert.rejects(findRvcVoice("bomb", library, places, AbortSignal.abort()), { code: "cancelled" });
  });
});
