import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type AvatarProfile, writeProfile } from "../../src/library/avatar-profile.ts";
import { AVATARS_IN_BUCKET, StoredAvatars } from "../../src/library/stored-avatars.ts";
import { type NewVoice, StoredVoices, VOICES_IN_BUCKET } from "../../src/library/stored-voices.ts";
import type { VoiceProfile } from "../../src/library/voice-profile.ts";
import { type Log, silentLog } from "../../src/log.ts";
import { TempDir } from "../../src/media/temp.ts";
import { encodeWav } from "../../src/media/wav.ts";
import type { S3Store } from "../../src/storage/s3/s3-store.ts";
import type { BucketClient } from "../../src/storage/s3/bucket-client.ts";
import { SharedFolders } from "../../src/storage/s3/shared-folders.ts";
import { MARKS } from "../photo/astronaut.ts";
import { strictPlace } from "../storage/s3/places.ts";

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

type Bucket = { readonly client: BucketClient; readonly store: S3Store };

/** A worker's library: a disk of its own, the bucket in common. */
async function worker(bucket: Bucket | undefined, dataDir?: string) {
  const root = await TempDir.create();
  const data = dataDir ?? root.path;
  const warnings: object[] = [];
  const log: Log = Object.assign(silentLog(), { warn: (fields: object) => void warnings.push(fields) });
  const folders = bucket && new SharedFolders(bucket, AVATARS_IN_BUCKET);
  return {
    data,
    warnings,
    voices: new StoredVoices(data, log, bucket && new SharedFolders(bucket, VOICES_IN_BUCKET)),
    avatars: new StoredAvatars({ dataDir: data, modelsDir: join(data, "models"), log, folders }),
    async [Symbol.asyncDispose]() {
      await root[Symbol.asyncDispose]();
    },
  };
}

async function voice(name: string, folder: string, level = 0.1): Promise<NewVoice> {
  const path = join(folder, `take-${level}.wav`);
  await writeFile(path, encodeWav({ sampleRate: 16_000, channels: [new Float32Array(16_000).fill(level)] }));
  return { name, description: `at ${level}`, path, duration: 1, sampleRate: 16_000, profile: PROFILE };
}

const namesOf = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name);

test("a voice that one worker keeps is listed and found by another, and gone for both when one deletes it", async () => {
  await using place = await strictPlace();
  await using here = await worker(place);
  await using there = await worker(place);
  const kept = await here.voices.add(await voice("미나 김", here.data), { overwrite: false });
  assert.equal((await readdir(join(here.data, "voices/미나 김"))).length, 3, "record, recording and the bucket's tag");
  assert.deepEqual(await readdir(join(here.data, "voices/.talkbox")).catch(() => []), []);
  assert.ok([...place.server.bucket.objects.keys()].every((key) => key.startsWith("saved/voices/미나 김/")));

  assert.deepEqual(namesOf(await there.voices.all()), ["미나 김"]);
  assert.deepEqual(await readdir(join(there.data, "voices")).catch(() => []), [], "a list fetches no recording");
  const found = await there.voices.find("미나 김");
  assert.deepEqual({ ...found, path: "" }, { ...kept, path: "" });
  assert.deepEqual(await readFile(found?.path ?? ""), await readFile(kept.path));
  await assert.rejects(there.voices.add(await voice("미나 김", there.data, 0.2), { overwrite: false }), {
    code: "conflict",
  });

  place.server.operations.length = 0;
  await there.voices.find("미나 김");
  assert.equal(place.server.operations.length, 1, "a copy that is up to date is not fetched again");

  assert.equal(await there.voices.remove("미나 김"), true);
  assert.equal(place.server.bucket.objects.size, 0);
  assert.equal(await here.voices.find("미나 김"), undefined);
  assert.deepEqual(await here.voices.all(), []);
  assert.equal(await here.voices.remove("미나 김"), false);
  assert.deepEqual([here.warnings, there.warnings], [[], []]);
});

test("a voice that another worker replaced is fetched anew, and nothing of the old one is left", async () => {
  await using place = await strictPlace();
  await using here = await worker(place);
  await using there = await worker(place);
  await here.voices.add(await voice("mina", here.data, 0.1), { overwrite: false });
  assert.equal((await there.voices.find("mina"))?.description, "at 0.1");
  await here.voices.add(await voice("mina", here.data, 0.2), { overwrite: true });
  assert.equal((await there.voices.all())[0]?.description, "at 0.2");
  const found = await there.voices.find("mina");
  assert.deepEqual(await readFile(found?.path ?? ""), await readFile(join(here.data, "take-0.2.wav")));
  for (const { data } of [here, there]) assert.equal((await readdir(join(data, "voices/mina"))).length, 3);
  assert.equal(place.server.bucket.objects.size, 2);
});

test("voices from before the bucket stay; a copy goes when its voice is gone from the bucket", async () => {
  await using place = await strictPlace();
  await using here = await worker(place);
  await using alone = await worker(undefined, here.data);
  await alone.voices.add(await voice("old", here.data, 0.3), { overwrite: false });
  await here.voices.add(await voice("new", here.data, 0.1), { overwrite: false });
  assert.deepEqual(namesOf(await here.voices.all()), ["new", "old"]);
  assert.equal((await here.voices.find("old"))?.description, "at 0.3");
  for (const key of place.server.bucket.objects.keys()) await place.store.delete(key);
  assert.deepEqual(namesOf(await here.voices.all()), ["old"]);
  assert.equal(await here.voices.find("new"), undefined);
  assert.equal(await here.voices.remove("old"), true);
});

test("while the bucket does not answer, copies do; a voice without one is an error that says why; nothing is half kept", async () => {
  const place = await strictPlace();
  await using here = await worker(place);
  await using there = await worker(place);
  await here.voices.add(await voice("mina", here.data), { overwrite: false });
  await place.server[Symbol.asyncDispose]();
  assert.equal((await here.voices.find("mina"))?.name, "mina");
  assert.deepEqual(namesOf(await here.voices.all()), ["mina"]);
  assert.equal(here.warnings.length, 2);
  await assert.rejects(there.voices.find("mina"), { code: "storage_failed", message: /did not answer/ });
  await assert.rejects(there.voices.add(await voice("ben", there.data), { overwrite: false }), {
    code: "storage_failed",
  });
  assert.deepEqual(await there.voices.all(), []);
  place.client[Symbol.dispose]();
});

test("what others put into the bucket is no voice", async () => {
  await using place = await strictPlace();
  await using here = await worker(place);
  for (const [key, text] of [
    ["saved/voices/broken/voice.json", '{"recording":"../../etc/passwd"}'],
    ["saved/voices/loose.txt", "x"],
    ["saved/voices/liar/voice.json", "{}"],
  ] as const) {
    await place.store.put(Buffer.from(text), { key, mime: "application/json", ttlSeconds: null });
  }
  assert.deepEqual(await here.voices.all(), []);
  assert.equal(await here.voices.find("broken"), undefined);
  assert.ok(here.warnings.length > 0);
});

test("an avatar is shared the same way", async () => {
  await using place = await strictPlace();
  await using here = await worker(place);
  await using there = await worker(place);
  const prepared = join(here.data, "prepared");
  await mkdir(prepared);
  const profile: AvatarProfile = {
    version: 1,
    kind: "photo",
    picture: "picture.png",
    description: "",
    width: 512,
    height: 512,
    marks: MARKS,
    found_by: "boxes",
  };
  await writeFile(join(prepared, "picture.png"), "the picture");
  await writeProfile(prepared, profile);
  await here.avatars.add("안나", prepared, { description: "Anna", overwrite: false });
  assert.deepEqual(namesOf(await there.avatars.all()), ["안나"]);
  const found = await there.avatars.find("안나");
  const { folder = "", profile: read } = found?.likeness ?? {};
  assert.equal(read?.description, "Anna");
  assert.equal(await readFile(join(folder, read?.kind === "photo" ? read.picture : ""), "utf8"), "the picture");
  await assert.rejects(there.avatars.checkFree("안나", false), { code: "conflict" });
  assert.equal(await there.avatars.remove("안나"), true);
  assert.equal(await here.avatars.find("안나"), undefined);
  assert.equal(place.server.bucket.objects.size, 0);
});
