import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type NewVoice, StoredVoices, voiceName } from "../../src/library/stored-voices.ts";
import type { VoiceProfile } from "../../src/library/voice-profile.ts";
import type { Log } from "../../src/log.ts";
import { TempDir } from "../../src/media/temp.ts";
import { encodeWav } from "../../src/media/wav.ts";

const PROFILE: VoiceProfile = {
  version: 2,
  f0: { median: 200, low: 160, high: 240 },
  vocalTract: 0.95,
  formants: [500, 1500, 2500, 3500],
  formantCeiling: 5000,
  spectrum: Array.from({ length: 48 }, () => 0),
  bandwidth: 8000,
  aperiodicity: [0.1, 0.1, 0.2, 0.3, 0.4],
  frames: "",
  voicedSeconds: 2,
};

/** A library in a folder of its own, and what it told the log. */
async function library(root: TempDir) {
  const warnings: Record<string, unknown>[] = [];
  const log = { warn: (fields: Record<string, unknown>) => warnings.push(fields) } as unknown as Log;
  const recording = async (level: number): Promise<string> => {
    const path = root.file(`take-${level}.wav`);
    await writeFile(path, encodeWav({ sampleRate: 16_000, channels: [new Float32Array(16_000).fill(level)] }));
    return path;
  };
  const voice = async (name: string, level = 0.1): Promise<NewVoice> => ({
    name,
    description: `at ${level}`,
    path: await recording(level),
    duration: 1,
    sampleRate: 16_000,
    profile: PROFILE,
  });
  return {
    voices: new StoredVoices(root.path, log),
    voice,
    warnings,
    folder: (name: string) => root.file(`voices/${name}`),
  };
}

test("a voice is kept with its recording and its analysis, under a Korean name too", async () => {
  await using root = await TempDir.create();
  const { voices, voice, folder } = await library(root);
  const added = await voices.add(await voice("미나 김"), { overwrite: false });
  const found = await voices.find("미나 김");
  assert.deepEqual(found, added);
  assert.deepEqual(found?.profile, PROFILE);
  assert.deepEqual(await readFile(found?.path ?? ""), await readFile(root.file("take-0.1.wav")));
  assert.equal((await readdir(folder("미나 김"))).length, 2, "the record and the recording, nothing else");
  assert.deepEqual(
    (await voices.all()).map(({ name }) => name),
    ["미나 김"],
  );
});

test("a name that is taken is a conflict, unless it is to be replaced", async () => {
  await using root = await TempDir.create();
  const { voices, voice, folder } = await library(root);
  await voices.add(await voice("mina", 0.1), { overwrite: false });
  await assert.rejects(voices.add(await voice("mina", 0.2), { overwrite: false }), { code: "conflict" });
  assert.equal((await voices.find("mina"))?.description, "at 0.1", "the first one is still there");
  assert.equal((await readdir(folder("mina"))).length, 2, "nothing of the second is left");
  await voices.add(await voice("mina", 0.3), { overwrite: true });
  assert.equal((await voices.find("mina"))?.description, "at 0.3");
  assert.equal((await readdir(folder("mina"))).length, 2, "the replaced recording is gone");
});

test("of many writers of one name one wins, and its voice is whole", async () => {
  await using root = await TempDir.create();
  const { voices, voice } = await library(root);
  const takes = await Promise.all(Array.from({ length: 8 }, (_, n) => voice("mina", (n + 1) / 10)));
  const outcomes = await Promise.allSettled(takes.map((take) => voices.add(take, { overwrite: false })));
  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  for (const outcome of outcomes) if (outcome.status === "rejected") assert.equal(outcome.reason.code, "conflict");
  const winner = await voices.find("mina");
  assert.equal(winner?.description, takes[outcomes.findIndex(({ status }) => status === "fulfilled")]?.description);
});

test("writers that replace each other, readers and removers in between: a voice is whole or not there", async () => {
  await using root = await TempDir.create();
  const { voices, voice, warnings } = await library(root);
  const takes = await Promise.all(Array.from({ length: 6 }, (_, n) => voice("mina", (n + 1) / 10)));
  const writing = new AbortController();
  const readers = Array.from({ length: 3 }, async () => {
    for (let reads = 0; !writing.signal.aborted || reads < 20; reads++) {
      const found = await voices.find("mina");
      if (found) assert.match(found.description, /^at 0\.\d$/);
    }
  });
  for (let round = 0; round < 5; round++) {
    await Promise.all(takes.map((take) => voices.add(take, { overwrite: true })));
    if (round % 2 === 0) await voices.remove("mina");
  }
  writing.abort();
  await Promise.all(readers);
  await Promise.all([...takes.map((take) => voices.add(take, { overwrite: true })), voices.remove("mina")]);
  await voices.add(takes[0] as NewVoice, { overwrite: true });
  assert.equal((await voices.find("mina"))?.description, "at 0.1");
  // A reader that comes between a removal and a new beginning may say so; it never gets half a voice.
  for (const { reason } of warnings) assert.equal(reason, "a file is missing");
});

test("a removed voice is gone; what is not there cannot be removed", async () => {
  await using root = await TempDir.create();
  const { voices, voice } = await library(root);
  await voices.add(await voice("mina"), { overwrite: false });
  assert.equal(await voices.remove("mina"), true);
  assert.equal(await voices.remove("mina"), false);
  assert.equal(await voices.find("mina"), undefined);
  assert.deepEqual(
    (await readdir(root.file("voices"))).filter((name) => name !== ".talkbox"),
    [],
  );
  assert.deepEqual(await readdir(root.file("voices/.talkbox")), []);
});

const DAMAGES: readonly [what: string, damage: (folder: string) => Promise<unknown>, reason: RegExp][] = [
  ["no record", (folder) => writeFile(join(folder, "notes.txt"), "hello"), /missing/],
  ["a record that is no JSON", (folder) => writeFile(join(folder, "voice.json"), "{"), /JSON/],
  ["a record without fields", (folder) => writeFile(join(folder, "voice.json"), '{"version":1}'), /name/],
  [
    "a recording that leads elsewhere",
    async (folder) => {
      const record = JSON.parse(await readFile(join(folder, "../good/voice.json"), "utf8")) as object;
      await writeFile(
        join(folder, "voice.json"),
        JSON.stringify({ ...record, name: "bad", recording: "../../../etc/passwd" }),
      );
    },
    /recording/,
  ],
  [
    "a recording that was cut off",
    async (folder) => {
      const record = JSON.parse(await readFile(join(folder, "../good/voice.json"), "utf8")) as { recording: string };
      await writeFile(join(folder, "voice.json"), JSON.stringify({ ...record, name: "bad" }));
      await writeFile(join(folder, record.recording), "RIFF");
    },
    /4 bytes/,
  ],
  [
    "another voice's record",
    async (folder) => writeFile(join(folder, "voice.json"), await readFile(join(folder, "../good/voice.json"))),
    /calls itself "good"/,
  ],
];
for (const [what, damage, reason] of DAMAGES) {
  test(`a folder with ${what} is left out, the log says why, and the name can be used again`, async () => {
    await using root = await TempDir.create();
    const { voices, voice, warnings, folder } = await library(root);
    await voices.add(await voice("good"), { overwrite: false });
    await mkdir(folder("bad"));
    await damage(folder("bad"));
    assert.deepEqual(
      (await voices.all()).map(({ name }) => name),
      ["good"],
    );
    assert.equal(warnings[0]?.["voice"], "bad");
    assert.match(String(warnings[0]?.["reason"]), reason);
    await voices.add(await voice("bad"), { overwrite: true });
    assert.equal((await voices.all()).length, 2);
  });
}

test("an analysis of another version counts as none; a new one is kept beside the record", async () => {
  await using root = await TempDir.create();
  const { voices, voice, folder } = await library(root);
  await voices.add(await voice("mina"), { overwrite: false });
  const path = join(folder("mina"), "voice.json");
  const record = JSON.parse(await readFile(path, "utf8")) as { profile: object };
  await writeFile(path, JSON.stringify({ ...record, profile: { version: 0, pitch: 200 } }));
  const old = await voices.find("mina");
  assert.ok(old);
  assert.equal(old.profile, undefined);
  await voices.keepProfile(old, PROFILE);
  assert.deepEqual((await voices.find("mina"))?.profile, PROFILE);
  // It belongs to that recording: one that replaces it has its own.
  await voices.add({ ...(await voice("mina", 0.5)), profile: { ...PROFILE, vocalTract: 1.1 } }, { overwrite: true });
  assert.equal((await voices.find("mina"))?.profile?.vocalTract, 1.1);
});

test("names have no way out of the folder", async () => {
  await using root = await TempDir.create();
  const { voices } = await library(root);
  for (const name of ["../etc", "a/b", "..", ".talkbox", "", "a\0b"]) {
    assert.equal(await voices.find(name), undefined);
    assert.equal(await voices.remove(name), false);
  }
  assert.equal(voiceName("  ../../미나 "), "미나");
  assert.throws(() => voiceName("..."), { code: "invalid_input" });
  assert.throws(() => voiceName("a".repeat(61)), { code: "invalid_input" });
});

test("a folder that cannot be written is a storage error", async () => {
  await using root = await TempDir.create();
  await writeFile(root.file("voices"), "a file where the folder should be");
  const { voices, voice } = await library(root);
  await assert.rejects(voices.add(await voice("mina"), { overwrite: false }), { code: "storage_failed" });
  assert.deepEqual(await voices.all(), []);
});
