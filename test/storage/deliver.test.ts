import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { TempDir } from "../../src/media/temp.ts";
import type { ArtifactSource } from "../../src/storage/artifact.ts";
import { deliver, type DeliverOptions } from "../../src/storage/deliver.ts";
import { DiskStore } from "../../src/storage/disk.ts";

const NOW = 1_800_000_000_000;

async function setUp(changes: Partial<DeliverOptions> = {}, reachable = false, size = 3000) {
  const root = await TempDir.create();
  const path = root.file("made.mp4");
  const content = Buffer.alloc(size, 7);
  await writeFile(path, content);
  const store = new DiskStore({ root: root.file("data"), reachable, now: () => NOW });
  const source: ArtifactSource = {
    kind: "video",
    path,
    filename: "a_12345678.mp4",
    folder: "realtime",
    mime: "video/mp4",
    duration: 1.5,
  };
  const options: DeliverOptions = {
    delivery: "auto",
    ttlSeconds: 600,
    persist: false,
    inlineLimitBytes: 4000,
    store: async () => store,
    now: () => NOW,
    ...changes,
  };
  return { root, path, content, source, options, store };
}

const expires = new Date(NOW + 600_000).toISOString();

describe("deliver", () => {
  it("puts what fits into the answer, and says everything about it", async () => {
    const { root, path, content, source, options } = await setUp();
    await using _ = root;
    assert.deepEqual(await deliver(source, options), {
      kind: "video",
      filename: "a_12345678.mp4",
      mime: "video/mp4",
      bytes: 3000,
      sha256: createHash("sha256").update(content).digest("hex"),
      duration: 1.5,
      base64: content.toString("base64"),
      expires_at: expires,
      persistent: false,
      key: "realtime/a_12345678.mp4",
    });
    assert.ok(!existsSync(path));
    assert.ok(!existsSync(root.file("data")));
  });

  it("measures the encoded size, to the byte", async () => {
    for (const [size, inline] of [
      [3000, true],
      [3001, false],
    ] as const) {
      const { root, source, options } = await setUp({}, false, size);
      await using _ = root;
      assert.equal("base64" in (await deliver(source, options)), inline);
    }
  });

  it("stores what is asked for by URL, what is too large, what is to be kept, and what callers can reach", async () => {
    const cases: [Partial<DeliverOptions>, boolean, number][] = [
      [{ delivery: "url" }, false, 10],
      [{ delivery: "inline" }, false, 5000],
      [{}, false, 5000],
      [{ persist: true }, false, 10],
      [{ delivery: "inline", persist: true }, false, 10],
      [{}, true, 10],
    ];
    for (const [changes, reachable, size] of cases) {
      const { root, path, source, options, store } = await setUp(changes, reachable, size);
      await using _ = root;
      const artifact = await deliver(source, options);
      assert.equal(artifact.base64, undefined);
      assert.equal(artifact.key, changes.persist ? "saved/a_12345678.mp4" : "realtime/a_12345678.mp4");
      assert.equal(artifact.persistent, changes.persist ?? false);
      assert.equal(artifact.expires_at, changes.persist ? null : expires);
      assert.equal((await store.stat(artifact.key)).url, artifact.url);
      assert.ok(!existsSync(path));
    }
  });

  it("refuses a bucket where there is none, and keeps the file", async () => {
    const { root, path, source, options } = await setUp({ delivery: "s3" });
    await using _ = root;
    await assert.rejects(deliver(source, options), { code: "invalid_input" });
    assert.ok(existsSync(path));
  });

  it("says so when a file is too large for the answer, with its size and the limit", async () => {
    for (const delivery of ["auto", "inline"] as const) {
      const warnings: string[] = [];
      const { root, source, options } = await setUp({ delivery, warn: (text) => warnings.push(text) }, false, 5000);
      await using _ = root;
      assert.ok((await deliver(source, options)).url);
      assert.match(warnings.join(), /6668 bytes as base64.* 4000/);
    }
  });

  it("fails for a file that fits nowhere, with its size and what to do, and keeps the file", async () => {
    const diskLasts = async () => false;
    const { root, path, source, options } = await setUp({ diskLasts }, false, 5000);
    await using _ = root;
    await assert.rejects(deliver(source, options), {
      code: "output_too_large",
      message: /6668 bytes .*4000.*BUCKET_ENDPOINT_URL.*TALKBOX_DATA/,
    });
    assert.ok(existsSync(path));
  });

  it("does not leave on a disk that goes with the worker what can be in the answer", async () => {
    for (const changes of [{ delivery: "url" }, { persist: true }, { delivery: "inline" }] as const) {
      const warnings: string[] = [];
      const { root, source, options } = await setUp({
        ...changes,
        diskLasts: async () => false,
        warn: (text) => warnings.push(text),
      });
      await using _ = root;
      const artifact = await deliver(source, options);
      assert.deepEqual([typeof artifact.base64, artifact.url, artifact.persistent], ["string", undefined, false]);
      assert.equal(warnings.length, "delivery" in changes && changes.delivery === "inline" ? 0 : 1);
      assert.ok(!existsSync(root.file("data/saved")));
    }
  });

  it("does nothing when aborted", async () => {
    const { root, path, source, options } = await setUp({ signal: AbortSignal.abort() });
    await using _ = root;
    await assert.rejects(deliver(source, options), { code: "cancelled" });
    assert.ok(existsSync(path));
  });
});
