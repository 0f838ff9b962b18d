import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { handler, run } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { openOutputPlaces, type OutputOptions } from "../../handler/output-places.ts";
import { type Config, readConfig } from "../../src/config.ts";
import { OUTBOX_GRACE_MS, SWEEP_GRACE_MS, SWEEP_INTERVAL_MS } from "../../src/limits/storage.ts";
import { silentLog } from "../../src/log.ts";
import { TempDir } from "../../src/media/temp.ts";
import { guardedLookup, refuseAddress } from "../../src/net/guarded-lookup.ts";
import { S3Store } from "../../src/storage/s3/s3-store.ts";
import { bucketSettings } from "../../src/storage/s3/settings.ts";
import { clientOf, NAMES } from "./s3/places.ts";
import { KEY, StrictS3 } from "./s3/strict-server/server.ts";

const QUEUE = { RUNPOD_WEBHOOK_GET_JOB: "https://example.invalid/take" };
const file = { mime: "audio/wav", ttlSeconds: 600 };

async function setUp(environment: Record<string, string> = {}, options: OutputOptions = {}) {
  const server = await StrictS3.start();
  const root = await TempDir.create();
  const variables = {
    TALKBOX_DATA: root.file("data"),
    BUCKET_ENDPOINT_URL: `${server.endpoint}/talkbox-test`,
    BUCKET_ACCESS_KEY_ID: KEY.accessKeyId,
    BUCKET_SECRET_ACCESS_KEY: KEY.secretAccessKey,
    ...environment,
  };
  const config = readConfig(variables, "/");
  return {
    server,
    root,
    config,
    open: () => openOutputPlaces(config, silentLog(), options),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
}

/** Puts a file into a configuration's outbox. */
async function leave({ root, config }: { root: TempDir; config: Config }): Promise<void> {
  await using places = openOutputPlaces(config, silentLog(), {});
  await writeFile(root.file("made.wav"), "sound");
  await places.bucket?.outbox.add(root.file("made.wav"), { key: "audio/a.wav", mime: "audio/wav", expiresAt: null });
}

async function until(done: () => boolean): Promise<void> {
  for (let wait = 0; wait < 2000 && !done(); wait++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(done());
}

describe("the places for outputs", () => {
  it("send what waits when they are opened, and wait for that when they are closed", async () => {
    await using set = await setUp();
    await leave(set);
    assert.equal(set.server.operations.length, 0);
    set.server.fail({ kind: { delayMs: 200 }, operations: ["PutObject"], times: 2 });
    {
      await using _ = set.open();
    }
    assert.equal(set.server.bucket.objects.get("audio/a.wav")?.body.toString(), "sound");
  });

  it("try again what the bucket did not take, for as long as they are open", async () => {
    await using set = await setUp({}, { times: { sweepEveryMs: 100 } });
    await leave(set);
    set.server.fail({ kind: { status: 403, code: "AccessDenied" }, operations: ["PutObject"], times: 6 });
    await using _ = set.open();
    await until(() => set.server.bucket.objects.has("audio/a.wav"));
    assert.ok(set.server.operations.length > 6);
  });

  it("try once more before a worker ends whose disk goes with it", async () => {
    for (const [environment, sent] of [
      [{}, false],
      [QUEUE, true],
    ] as const) {
      await using set = await setUp(environment);
      await leave({ ...set, config: { ...set.config, runpodQueue: false } });
      set.server.fail({ kind: { status: 403, code: "AccessDenied" }, operations: ["PutObject"], times: 2 });
      {
        await using _ = set.open();
        await until(() => set.server.operations.length >= 2);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.equal(set.server.bucket.objects.has("audio/a.wav"), sent);
    }
  });

  it("wait no longer than their grace for a bucket that is silent", async () => {
    await using set = await setUp({}, { times: { outboxGraceMs: 200, sweepGraceMs: 200 } });
    await leave(set);
    set.server.fail({ kind: "silent", times: 1e9 });
    const began = performance.now();
    {
      await using places = set.open();
      await places.bucketFor("auto").place?.store();
    }
    const took = performance.now() - began;
    assert.ok(took >= 150 && took < 4000, `${took} ms`);
    assert.ok(OUTBOX_GRACE_MS <= 30_000 && SWEEP_GRACE_MS <= 5000, "a platform kills what does not end");
  });

  it("sweep a bucket when it is first used and every now and then, and not before", async () => {
    await using set = await setUp({}, { times: { sweepEveryMs: 150 } });
    using past = clientOf(set.server.request(), { now: () => Date.now() - 3_600_000 });
    const leftByOther = new S3Store(past);
    await leftByOther.put(Buffer.from("x"), { ...file, key: "audio/old.wav", ttlSeconds: 60 });
    await using places = set.open();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(set.server.bucket.objects.has("audio/old.wav"));
    const { place } = places.bucketFor("auto");
    await place?.store();
    await until(() => !set.server.bucket.objects.has("audio/old.wav"));
    // Of another second, or the sweep that is still under way takes its entry for the one that it has done with.
    await leftByOther.put(Buffer.from("x"), { ...file, key: "audio/old.wav", ttlSeconds: 120 });
    await until(() => !set.server.bucket.objects.has("audio/old.wav"));
    assert.ok(SWEEP_INTERVAL_MS <= 600_000, "twice in the life of what is not kept");
  });

  it("leave files in the folder that a person names, unless the job insists on the bucket", async () => {
    await using set = await setUp({}, { outDir: "unused" });
    await using places = set.open();
    assert.equal(places.bucketFor("auto").place, undefined);
    assert.equal(places.bucketFor("url").place, undefined);
    assert.ok(places.bucketFor("s3").place);
  });

  it("are a volume's on a queue worker that has one, and it is known whether they last", async () => {
    await using root = await TempDir.create();
    const volume = root.file("volume");
    const of = async (environment: Record<string, string>) => {
      const config = readConfig({ TALKBOX_VOLUME: volume, ...environment }, "/");
      await using places = openOutputPlaces(config, silentLog(), {});
      return [config.dataDir, await places.diskLasts()];
    };
    const own = root.file("own");
    await mkdir(own);
    assert.deepEqual(await of({ TALKBOX_DATA: own }), [own, true]);
    assert.deepEqual(await of({ ...QUEUE, TALKBOX_DATA: own }), [own, false]);
    await mkdir(volume);
    assert.deepEqual(await of({ ...QUEUE }), [`${volume}/talkbox`, true]);
    assert.deepEqual(await of({ ...QUEUE, TALKBOX_DATA: `${volume}/mine` }), [`${volume}/mine`, true]);
    assert.deepEqual(await of({ ...QUEUE, TALKBOX_DATA: `${volume}-not` }), [`${volume}-not`, false]);
    // Without the queue's variable a volume is nothing special.
    assert.equal((await of({}))[0], readConfig({}, "/").dataDir);
  });
});

describe("a job with a bucket", () => {
  it("tells how far the upload is, and its progress never falls", async () => {
    await using set = await setUp();
    const { modelsWith } = readConfig({}, join(import.meta.dirname, "../.."));
    await using services = createServices({ ...set.config, modelsWith }, silentLog());
    const seen: { stage: string; progress: number; stage_progress: number }[] = [];
    const job = { operation: "tts", params: { text: "안녕하세요" } };
    for await (const event of handler(job, { services })) {
      if (event.type === "progress") seen.push(event);
    }
    assert.ok(seen.some(({ stage, stage_progress }) => stage === "upload" && stage_progress === 1));
    const overall = seen.map(({ progress }) => progress);
    assert.deepEqual(
      overall,
      overall.toSorted((a, b) => a - b),
    );
    assert.equal(overall.at(-1), 1);
  });
});

describe("a job whose output is too large for the answer", () => {
  const job = { operation: "tts", params: { text: "안녕하세요" } };

  it("fails on a queue worker that has nowhere to put it, and goes to its volume where it has one", async () => {
    await using root = await TempDir.create();
    const limit = { ...QUEUE, TALKBOX_INLINE_LIMIT: "1000", TALKBOX_VOLUME: root.file("volume") };
    const modelsRoot = join(import.meta.dirname, "../..");
    const config = readConfig({ ...limit, TALKBOX_DATA: root.file("own") }, modelsRoot);
    await using poor = createServices(config, silentLog());
    await assert.rejects(run(job, { services: poor }), { code: "output_too_large", message: /BUCKET_ENDPOINT_URL/ });
    await mkdir(root.file("volume"));
    await using rich = createServices(readConfig(limit, modelsRoot), silentLog());
    const { artifacts, warnings } = await run(job, { services: rich });
    assert.ok(fileURLToPath(artifacts[0]?.url ?? "").startsWith(root.file("volume/talkbox/audio/")));
    assert.match(warnings?.join() ?? "", /too much for the answer/);
  });
});

describe("a bucket that a job brings", () => {
  const settings = (endpointUrl: string) =>
    bucketSettings({ endpointUrl, bucket: "b", region: "", ...KEY, sessionToken: "", addressing: "auto" }, NAMES);

  it("is refused at an address that is not public", async () => {
    await using set = await setUp();
    await using places = set.open();
    const private_ = ["http://127.0.0.1:9000", "http://10.0.0.1", "http://169.254.169.254", "http://[::1]:9000"];
    for (const url of private_) {
      assert.throws(() => places.bucketFor("auto", settings(url)), { code: "url_refused" }, url);
      assert.throws(() => refuseAddress(new URL(url)), { code: "url_refused" }, url);
    }
    refuseAddress(new URL("https://93.184.216.34"));
  });

  it("is not connected to when its name stands for such an address", async () => {
    await using set = await setUp();
    const lookup = guardedLookup(async () => [{ address: "127.0.0.1", family: 4 }]);
    const port = new URL(set.server.endpoint).port;
    using client = clientOf(set.server.request({ endpointUrl: `http://bucket.example:${port}` }), { lookup });
    const put = new S3Store(client).put(Buffer.from("x"), { ...file, key: "audio/a.wav" });
    await assert.rejects(put, { code: "url_refused" });
    assert.deepEqual(set.server.operations, []);
    // And with a resolver that answers a public one, that one is connected to.
    const seen: unknown[] = [];
    guardedLookup(async () => [{ address: "93.184.216.34", family: 4 }])("x.example", { all: false }, (_, address) =>
      seen.push(address),
    );
    await until(() => seen.length === 1);
    assert.deepEqual(seen, ["93.184.216.34"]);
  });
});
