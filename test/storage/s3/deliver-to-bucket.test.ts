import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { TempDir } from "../../../src/media/temp.ts";
import type { ArtifactSource } from "../../../src/storage/artifact.ts";
import { type BucketPlace, deliver, type DeliverOptions } from "../../../src/storage/deliver.ts";
import { DiskStore } from "../../../src/storage/disk.ts";
import { Outbox } from "../../../src/storage/outbox/outbox.ts";
import { strictPlace } from "./places.ts";

const content = Buffer.alloc(3000, 7);
const sha256 = createHash("sha256").update(content).digest("hex");
const KEY = "realtime/안녕_12345678.mp4";

async function setUp(changes: Partial<DeliverOptions> = {}) {
  const place = await strictPlace();
  const root = await TempDir.create();
  const path = root.file("made.mp4");
  await writeFile(path, content);
  const warnings: string[] = [];
  const target = { name: "bucket", store: async () => place.store };
  const outbox = new Outbox({ folder: root.file("outbox"), target, now: () => place.clock.now });
  const bucket: BucketPlace = { store: async () => place.store, outbox };
  const disk = new DiskStore({ root: root.file("data"), now: () => place.clock.now });
  const options: DeliverOptions = {
    delivery: "auto",
    ttlSeconds: 600,
    persist: false,
    inlineLimitBytes: 4000,
    store: async () => disk,
    bucket,
    warn: (message) => warnings.push(message),
    now: () => place.clock.now,
    ...changes,
  };
  const source: ArtifactSource = {
    kind: "video",
    path,
    filename: "안녕_12345678.mp4",
    folder: "realtime",
    mime: "video/mp4",
    duration: 1.5,
  };
  return {
    ...place,
    root,
    path,
    warnings,
    outbox,
    bucket,
    options,
    source,
    async [Symbol.asyncDispose]() {
      await place[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
}

const DOWN = { kind: { status: 503, code: "SlowDown" }, times: 1e9 } as const;

describe("delivery with a bucket", () => {
  it("goes there by `auto`, `url`, `s3`, and `inline` that is too large; a URL that ends with the file", async () => {
    for (const changes of [{}, { delivery: "url" }, { delivery: "s3" }, { delivery: "inline", inlineLimitBytes: 10 }]) {
      await using place = await setUp(changes as Partial<DeliverOptions>);
      const artifact = await deliver(place.source, place.options);
      const { url = "", ...rest } = artifact;
      assert.deepEqual(rest, {
        kind: "video",
        filename: "안녕_12345678.mp4",
        mime: "video/mp4",
        bytes: 3000,
        sha256,
        duration: 1.5,
        expires_at: new Date(place.clock.now + 600_000).toISOString(),
        persistent: false,
        key: KEY,
      });
      assert.equal(new URL(url).searchParams.get("X-Amz-Expires"), "600");
      assert.ok(content.equals(Buffer.from(await (await fetch(url)).arrayBuffer())));
      assert.ok(!existsSync(place.path));
      assert.equal(place.warnings.length, "inlineLimitBytes" in changes ? 1 : 0);
    }
  });

  it("leaves in the answer what was asked for there and fits", async () => {
    await using place = await setUp({ delivery: "inline" });
    assert.ok((await deliver(place.source, place.options)).base64);
    assert.deepEqual(place.server.operations, []);
  });

  it("keeps for good what is to be kept, and says when its URL ends", async () => {
    await using place = await setUp({ persist: true });
    const artifact = await deliver(place.source, place.options);
    const ends = new Date(place.clock.now + 7 * 86_400_000).toISOString();
    assert.deepEqual(
      [artifact.expires_at, artifact.persistent, artifact.url_expires_at, artifact.key],
      [null, true, ends, "saved/안녕_12345678.mp4"],
    );
    assert.match(place.warnings.join(), new RegExp(`ends at ${ends}`));
  });

  it("is told how far it is", async () => {
    const steps: number[] = [];
    await using place = await setUp({ onProgress: (sent, bytes) => steps.push(sent / bytes) });
    await deliver(place.source, place.options);
    assert.equal(steps.at(-1), 1);
  });

  it("that fails leaves the file for later under the URL that the answer names, and in the answer where it fits", async () => {
    for (const [changes, inline] of [
      [{}, true],
      [{ inlineLimitBytes: 10 }, false],
      [{ delivery: "s3" }, false],
      [{ delivery: "url" }, false],
    ] as const) {
      await using place = await setUp(changes);
      place.server.fail(DOWN);
      const artifact = await deliver(place.source, place.options);
      assert.equal(artifact.base64, inline ? content.toString("base64") : undefined);
      assert.equal(artifact.sha256, sha256);
      assert.equal(artifact.key, KEY);
      assert.match(place.warnings.join(), /kept on this worker's disk .*talkbox outbox flush.*too busy/);
      assert.ok(!existsSync(place.path));
      assert.equal((await place.outbox.list()).length, 1);
      place.server.heal();
      assert.equal((await fetch(artifact.url ?? "")).status, 404);
      place.clock.now += 60_000;
      assert.equal((await place.outbox.flush()).sent.length, 1);
      assert.ok(content.equals(Buffer.from(await (await fetch(artifact.url ?? "")).arrayBuffer())));
      const { expiresAt } = await place.store.stat(KEY);
      assert.equal(new Date(expiresAt ?? 0).toISOString(), artifact.expires_at);
      place.clock.now = Date.parse(artifact.expires_at ?? "");
      assert.equal((await fetch(artifact.url ?? "")).status, 403);
    }
  });

  it("that fails with no room for an outbox is in the answer, or fails", async () => {
    for (const inlineLimitBytes of [4000, 10]) {
      await using place = await setUp({ inlineLimitBytes });
      await writeFile(place.root.file("outbox"), "");
      place.server.fail(DOWN);
      const delivered = deliver(place.source, place.options);
      if (inlineLimitBytes === 10) await assert.rejects(delivered, { code: "storage_failed" });
      else assert.deepEqual(Object.keys(await delivered).includes("base64"), true);
      assert.equal(existsSync(place.path), inlineLimitBytes === 10);
    }
  });

  it("that is cancelled is cancelled", async () => {
    await using place = await setUp({ signal: AbortSignal.timeout(50) });
    place.server.fail({ kind: "silent", times: 1e9 });
    await assert.rejects(deliver(place.source, place.options), { code: "cancelled" });
    assert.ok(existsSync(place.path));
    assert.deepEqual(await place.outbox.list(), []);
  });

  it("to a bucket of the caller's that fails goes where it would have gone without, and says so", async () => {
    await using own = await setUp();
    await using theirs = await setUp();
    await mkdir(own.root.file("data"));
    theirs.server.fail({ kind: { status: 403, code: "InvalidAccessKeyId" }, times: 1e9 });
    const brought = { store: async () => theirs.store };
    const toOwn = await deliver(own.source, {
      ...own.options,
      delivery: "s3",
      bucket: { ...brought, otherwise: own.bucket },
    });
    assert.ok(toOwn.url?.startsWith(own.server.endpoint));
    assert.match(own.warnings.join(), /did not go to the bucket that the job names.*does not know the key/);
    const inAnswer = await deliver(theirs.source, { ...theirs.options, bucket: brought });
    assert.ok(inAnswer.base64);
    assert.deepEqual(await theirs.outbox.list(), []);
  });
});
