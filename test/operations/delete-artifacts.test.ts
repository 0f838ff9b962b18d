import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import { AppError } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { TempDir } from "../../src/media/temp.ts";
import { KEY, StrictS3 } from "../storage/s3/strict-server/server.ts";

const root = join(import.meta.dirname, "../..");

async function place(env: Record<string, string> = {}, deleteOfJob?: (id: string) => Promise<number>) {
  const folder = await TempDir.create();
  const config = readConfig({ ...env, TALKBOX_DATA: folder.path }, root);
  const services = createServices(config, silentLog(), deleteOfJob ? { deleteOfJob } : {});
  return {
    folder,
    services,
    job: (params: object, rest: object = {}) =>
      run({ input: { operation: "delete_artifacts", params }, ...rest }, { services }),
    async [Symbol.asyncDispose]() {
      await services[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("deletes files on the disk by their keys, and names those that are not there", async () => {
  await using here = await place();
  const store = await here.services.store();
  const keys = ["audio/안녕_1a2b3c4d.wav", "saved/film_1a2b3c4d.mp4"];
  for (const key of keys) await store.put(Buffer.from("bytes"), { key, mime: "audio/wav", ttlSeconds: 600 });
  const { success, deleted, not_found: missing } = await here.job({ keys: [...keys, "audio/gone.wav"] });
  assert.deepEqual([success, deleted, missing], [true, 2, ["audio/gone.wav"]]);
  for (const key of keys) await assert.rejects(store.stat(key), { code: "not_found" });
  assert.equal((await here.job({ keys })).deleted, 0);
});

test("deletes files in the deployment's bucket, or in the one that the job brings alone", async () => {
  const clock = { now: Date.now() };
  await using own = await StrictS3.start(clock);
  await using theirs = await StrictS3.start(clock);
  await using here = await place({
    BUCKET_ENDPOINT_URL: own.endpoint,
    BUCKET_NAME: "talkbox-test",
    BUCKET_ACCESS_KEY_ID: KEY.accessKeyId,
    BUCKET_SECRET_ACCESS_KEY: KEY.secretAccessKey,
    TALKBOX_ALLOW_PRIVATE_URLS: "1",
  });
  const key = "realtime/film_1a2b3c4d.mp4";
  const stored = { body: Buffer.from("x"), headers: {}, etag: '"x"', modified: clock.now };
  own.bucket.objects.set(key, stored);
  theirs.bucket.objects.set(key, stored);
  const s3Config = {
    accessId: KEY.accessKeyId,
    accessSecret: KEY.secretAccessKey,
    bucketName: "talkbox-test",
    endpointUrl: theirs.endpoint,
  };
  assert.equal((await here.job({ keys: [key] }, { s3Config })).deleted, 1);
  assert.deepEqual([own.bucket.objects.has(key), theirs.bucket.objects.has(key)], [true, false]);
  assert.equal((await here.job({ keys: [key] })).deleted, 1);
  assert.equal(own.bucket.objects.has(key), false);
});

test("leaves voices and avatars alone, and everything that is no output", async () => {
  await using here = await place();
  await mkdir(here.folder.file("voices/mina"), { recursive: true });
  await writeFile(here.folder.file("voices/mina/voice.json"), "{}");
  for (const key of [
    "voices/mina/voice.json",
    "avatars/anna/avatar.json",
    "saved/voices/mina/voice.json",
    "saved/avatars/anna/avatar.json",
    "../etc/passwd",
    ".talkbox/jobs/jobs.sqlite",
    "lonely",
  ]) {
    await assert.rejects(
      here.job({ keys: [key] }),
      (error) => error instanceof AppError && error.code === "invalid_input",
    );
  }
  assert.equal(await readFile(here.folder.file("voices/mina/voice.json"), "utf8"), "{}");
});

test("deletes by job where jobs are known, and says what to give instead where they are not", async () => {
  await using here = await place();
  await assert.rejects(here.job({ job_id: "abc" }), { code: "invalid_input", message: /Give `keys`/ });
  await assert.rejects(here.job({}), { code: "invalid_input", message: /either `job_id` or `keys`/ });
  await assert.rejects(here.job({ job_id: "abc", keys: ["audio/a.wav"] }), { code: "invalid_input" });
  const asked: string[] = [];
  await using server = await place({}, async (id) => asked.push(id) + 1);
  assert.deepEqual((await server.job({ job_id: "abc" })).deleted, 2);
  assert.deepEqual(asked, ["abc"]);
});
