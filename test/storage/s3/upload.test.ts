import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { TempDir } from "../../../src/media/temp.ts";
import { S3_PART_BYTES, S3_PARTS_AT_ONCE, S3_RETRY, S3_STALE_UPLOAD_MS } from "../../../src/limits/storage.ts";
import { clientOf, hereLookup, strictPlace } from "./places.ts";
import { S3Store } from "../../../src/storage/s3/s3-store.ts";
import { startS3rver } from "./s3rver.ts";
import type { FaultKind } from "./strict-server/server.ts";

const large = randomBytes(S3_PART_BYTES + 12_345);
const digest = createHash("sha256").update(large).digest("hex");
const options = { key: "realtime/a_1a2b3c4d.mp4", mime: "video/mp4", ttlSeconds: 600 };

async function withFile(content: Uint8Array): Promise<AsyncDisposable & { path: string }> {
  const root = await TempDir.create();
  const path = root.file("made.mp4");
  await writeFile(path, content);
  return { path, [Symbol.asyncDispose]: () => root[Symbol.asyncDispose]() };
}

describe("uploads", () => {
  it("go in parts where they are large, in one piece where not, and tell how far they are", async () => {
    for (const [bytes, parts] of [
      [S3_PART_BYTES, 0],
      [S3_PART_BYTES + 1, 2],
      [2 * S3_PART_BYTES + 1, 3],
    ] as const) {
      await using place = await strictPlace();
      const content = Buffer.alloc(bytes, large);
      await using file = await withFile(content);
      const seen: number[] = [];
      const onProgress = (sent: number, all: number): void => {
        assert.equal(all, bytes);
        seen.push(sent);
      };
      const stored = await place.store.put(file.path, { ...options, onProgress });
      assert.equal(stored.sha256, createHash("sha256").update(content).digest("hex"));
      assert.ok(content.equals(place.server.bucket.objects.get(options.key)?.body ?? Buffer.alloc(0)));
      assert.equal(place.server.operations.filter((name) => name === "UploadPart").length, parts);
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
      );
      assert.equal(seen.at(-1), bytes);
      assert.ok(seen.length >= parts);
      assert.ok(!existsSync(file.path));
      assert.equal(place.server.bucket.uploads.size, 0);
    }
  });

  it("in parts arrive whole on s3rver as well", async () => {
    await using root = await TempDir.create();
    await using server = await startS3rver(root.path);
    await using file = await withFile(large);
    const store = new S3Store(clientOf(server.request));
    const { url } = await store.put(file.path, options);
    const got = Buffer.from(await (await fetch(url)).arrayBuffer());
    assert.equal(createHash("sha256").update(got).digest("hex"), digest);
  });

  it("hold few parts at once", async () => {
    await using place = await strictPlace();
    await using file = await withFile(Buffer.alloc(5 * S3_PART_BYTES));
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    place.server.fail({ kind: { until }, operations: ["UploadPart"], times: 100 });
    const put = place.store.put(file.path, options);
    const parts = () => place.server.operations.filter((name) => name === "UploadPart").length;
    while (parts() < S3_PARTS_AT_ONCE) await new Promise((resolve) => setTimeout(resolve, 10));
    // None of them is answered: another one would not be late by much.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(parts(), S3_PARTS_AT_ONCE);
    release();
    await put;
  });

  const passing: [string, FaultKind][] = [
    ["500", { status: 500, code: "InternalError" }],
    ["503 SlowDown", { status: 503, code: "SlowDown" }],
    ["429", { status: 429, code: "TooManyRequests" }],
    ["400 RequestTimeout", { status: 400, code: "RequestTimeout" }],
    ["a broken connection", "reset"],
    ["a connection broken after the fact", "lost"],
    ["silence", "silent"],
    ["what is no XML", "garbage"],
  ];
  for (const [name, kind] of passing) {
    it(`survive ${name}, wherever it strikes`, async () => {
      const operations = ["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"];
      for (const operation of operations) {
        // Only these answer with XML.
        if (kind === "garbage" && !/Create|Complete/.test(operation)) continue;
        await using place = await strictPlace(kind === "silent" ? { idleTimeoutMs: 500 } : {});
        await using file = await withFile(operation === "PutObject" ? large.subarray(0, 1000) : large);
        place.server.fail({ kind, operations: [operation], times: 2 });
        const stored = await place.store.put(file.path, options);
        assert.equal(stored.bytes, place.server.bucket.objects.get(options.key)?.body.length, operation);
        // An upload whose beginning was not heard of cannot be ended: sweeps and the bucket's rules do that.
        const unheard = operation === "CreateMultipartUpload" && (kind === "lost" || kind === "garbage");
        assert.equal(place.server.bucket.uploads.size, unheard ? 2 : 0, operation);
      }
    });
  }

  it("fail after as many attempts as there are, and leave the file where it was and nothing in the bucket", async () => {
    for (const content of [large.subarray(0, 1000), large]) {
      await using place = await strictPlace();
      await using file = await withFile(content);
      place.server.fail({
        kind: { status: 503, code: "SlowDown" },
        operations: ["PutObject", "UploadPart"],
        times: 1e9,
      });
      await assert.rejects(place.store.put(file.path, options), { code: "storage_failed", message: /too busy/ });
      assert.ok(content.equals(await readFile(file.path)));
      assert.equal(place.server.bucket.objects.size, 0);
      assert.equal(place.server.bucket.uploads.size, 0);
      const tries = place.server.operations.filter((name) => name === "UploadPart").length;
      assert.ok(tries <= S3_RETRY.attempts * S3_PARTS_AT_ONCE, `${tries} tries`);
    }
  });

  it("do not try again what was refused", async () => {
    for (const code of ["AccessDenied", "InvalidAccessKeyId", "NoSuchBucket", "SignatureDoesNotMatch"]) {
      await using place = await strictPlace();
      place.server.fail({ kind: { status: 403, code }, operations: ["PutObject"], times: 1e9 });
      await assert.rejects(place.store.put(Buffer.from("x"), options), { code: "storage_failed" });
      // The object and its entry in the index.
      assert.equal(place.server.operations.length, 2, code);
    }
  });

  it("whose bytes the bucket got wrong are not called stored", async () => {
    for (const content of [large.subarray(0, 1000), large]) {
      await using place = await strictPlace();
      await using file = await withFile(content);
      // The object, and its entry in the index, which is empty.
      place.server.fail({ kind: "corrupt", operations: ["PutObject", "UploadPart"], times: 2 });
      await assert.rejects(place.store.put(file.path, options), { code: "storage_failed", message: /other bytes/ });
      assert.ok(existsSync(file.path));
      assert.ok(!place.server.bucket.objects.has(options.key));
      assert.equal(place.server.bucket.uploads.size, 0);
    }
  });

  it("that are cancelled end at once and take their parts back", async () => {
    await using place = await strictPlace();
    // Two parts are held up, the third is through.
    await using file = await withFile(Buffer.alloc(2 * S3_PART_BYTES + 1));
    place.server.fail({ kind: { delayMs: 5000 }, operations: ["UploadPart"], times: 2 });
    const abort = new AbortController();
    const onProgress = (): void => abort.abort();
    const began = performance.now();
    await assert.rejects(place.store.put(file.path, { ...options, signal: abort.signal, onProgress }), {
      code: "cancelled",
    });
    assert.ok(performance.now() - began < 2000);
    assert.ok(existsSync(file.path));
    assert.equal(place.server.operations.filter((name) => name === "AbortMultipartUpload").length, 1);
    assert.equal(place.server.bucket.uploads.size, 0);
    assert.ok(!place.server.bucket.objects.has(options.key));
  });

  it("that outlast what they send are swept once they are through", async () => {
    await using place = await strictPlace();
    await using file = await withFile(Buffer.alloc(S3_PART_BYTES + 1));
    place.server.fail({ kind: { delayMs: 500 }, operations: ["UploadPart"], times: 1 });
    const indexed = () => [...place.server.bucket.objects.keys()].some((key) => key.startsWith(".talkbox/expires/"));
    const put = place.store.put(file.path, options);
    for (let wait = 0; wait < 400 && !indexed(); wait++) await new Promise((resolve) => setTimeout(resolve, 10));
    place.clock.now += 700_000;
    assert.deepEqual(await place.store.sweep(place.clock.now), []);
    await put;
    assert.deepEqual(await place.store.sweep(place.clock.now), [options.key]);
    assert.equal(place.server.bucket.objects.size, 0);
  });

  it("that a dead process left are taken back by a sweep, a day later", async () => {
    await using place = await strictPlace();
    const { sdk, s3 } = await place.client.connect();
    const begin = async (Key: string) => s3.send(new sdk.CreateMultipartUploadCommand({ Bucket: "talkbox-test", Key }));
    await begin("realtime/left.mp4");
    await begin("not ours.bin");
    place.clock.now += S3_STALE_UPLOAD_MS - 1;
    await place.store.sweep(place.clock.now);
    assert.equal(place.server.bucket.uploads.size, 2);
    place.clock.now += 1;
    await place.store.sweep(place.clock.now);
    assert.deepEqual(
      [...place.server.bucket.uploads.values()].map(({ key }) => key),
      ["not ours.bin"],
    );
  });
});

describe("keys and hosts", () => {
  it("what follows the bucket in the endpoint's path begins every key", async () => {
    await using place = await strictPlace();
    const endpointUrl = `${place.server.endpoint}/talkbox-test/team/a b`;
    const store = new S3Store(
      clientOf(place.server.request({ endpointUrl, bucket: "" }), { now: () => place.clock.now }),
    );
    const { url } = await store.put(Buffer.from("x"), options);
    assert.deepEqual([...place.server.bucket.objects.keys()].toSorted(), [
      `team/a b/.talkbox/expires/01800000600/${options.key}`,
      `team/a b/${options.key}`,
    ]);
    assert.equal((await fetch(url)).status, 200);
    // Another folder of the same bucket is another store.
    await assert.rejects(place.store.stat(options.key), { code: "not_found" });
    place.clock.now += 600_000;
    assert.deepEqual(await place.store.sweep(place.clock.now), []);
    assert.deepEqual(await store.sweep(place.clock.now), [options.key]);
    assert.equal(place.server.bucket.objects.size, 0);
  });

  it("the bucket may stand in the host", async () => {
    await using place = await strictPlace();
    const endpointUrl = `http://talkbox-test.s3.eu-central-1.amazonaws.com:${place.server.port}`;
    const client = clientOf(place.server.request({ endpointUrl, bucket: "" }), {
      now: () => place.clock.now,
      lookup: hereLookup,
    });
    const { url } = await new S3Store(client).put(Buffer.from("x"), options);
    assert.equal(new URL(url).hostname, "talkbox-test.s3.eu-central-1.amazonaws.com");
    assert.match(url, /%2Feu-central-1%2Fs3%2F/);
    assert.ok(place.server.bucket.objects.has(options.key));
  });

  it("part of a file can be read", async () => {
    await using place = await strictPlace();
    await place.store.put(Buffer.from("0123456789"), options);
    const read = async (range: { start?: number; end?: number }) => {
      let text = "";
      for await (const chunk of await place.store.open(options.key, range)) text += String(chunk);
      return text;
    };
    assert.deepEqual(
      [await read({ start: 2, end: 4 }), await read({ start: 7 }), await read({})],
      ["234", "789", "0123456789"],
    );
  });
});
