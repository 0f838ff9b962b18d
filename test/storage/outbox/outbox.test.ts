import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { OUTBOX_CLAIM_MS, STALE_UPLOAD_MS } from "../../../src/limits/storage.ts";
import { TempDir } from "../../../src/media/temp.ts";
import { claimFile } from "../../../src/storage/outbox/claim.ts";
import { Outbox } from "../../../src/storage/outbox/outbox.ts";
import { strictPlace } from "../s3/places.ts";

const file = { key: "audio/안녕_1a2b3c4d.wav", mime: "audio/wav" };
const PUT = ["PutObject"];

async function setUp() {
  const place = await strictPlace();
  const root = await TempDir.create();
  const folder = root.file("outbox");
  const make = (name = "bucket") =>
    new Outbox({ folder, target: { name, store: async () => place.store }, now: () => place.clock.now });
  const add = async (outbox: Outbox, content: string, key = file.key, ttlSeconds: number | null = 600) => {
    const path = root.file(createHash("md5").update(`${content}${key}`).digest("hex"));
    await writeFile(path, content);
    const entry = await outbox.add(path, { ...file, key, expiresAt: place.store.expiryOf(ttlSeconds) });
    assert.ok(!existsSync(path));
    return entry;
  };
  return {
    ...place,
    root,
    folder,
    make,
    add,
    async [Symbol.asyncDispose]() {
      await place[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
}

const keys = (entries: readonly { key: string }[]) => entries.map(({ key }) => key);

describe("the outbox", () => {
  it("sends what waits to its own key with its first expiry, however late, and forgets it", async () => {
    await using place = await setUp();
    const outbox = place.make();
    const entry = await place.add(outbox, "sound");
    place.clock.now += 1;
    await place.add(outbox, "kept", "saved/kept_1a2b3c4d.wav", null);
    assert.deepEqual(keys(await outbox.list()), [file.key, "saved/kept_1a2b3c4d.wav"]);
    place.clock.now += 300_500;
    const report = await place.make().flush();
    assert.deepEqual(keys(report.sent), [file.key, "saved/kept_1a2b3c4d.wav"]);
    const stored = await place.store.stat(file.key);
    assert.deepEqual([stored.expiresAt, stored.sha256, stored.mime], [entry.expiresAt, entry.sha256, "audio/wav"]);
    assert.equal((await place.store.stat("saved/kept_1a2b3c4d.wav")).expiresAt, null);
    assert.deepEqual(await readdir(place.folder), []);
    assert.deepEqual(await outbox.flush(), { sent: [], expired: [], lost: [], waiting: [] });
  });

  it("forgets what is deleted before it was sent", async () => {
    await using place = await setUp();
    const outbox = place.make();
    await place.add(outbox, "sound");
    assert.deepEqual([await outbox.remove(file.key), await outbox.remove(file.key)], [true, false]);
    assert.deepEqual(await readdir(place.folder), []);
    assert.deepEqual((await outbox.flush()).sent, []);
  });

  it("drops what has expired, and says so", async () => {
    await using place = await setUp();
    const outbox = place.make();
    await place.add(outbox, "sound");
    place.clock.now += 600_000;
    assert.deepEqual(keys((await outbox.flush()).expired), [file.key]);
    assert.deepEqual(await readdir(place.folder), []);
    assert.equal(place.server.bucket.objects.size, 0);
  });

  it("keeps everything while the bucket does not take it, asking for one file only", async () => {
    await using place = await setUp();
    const outbox = place.make();
    for (const key of ["audio/a.wav", "audio/b.wav", "audio/c.wav"]) await place.add(outbox, key, key);
    place.server.fail({ kind: { status: 503, code: "SlowDown" }, times: 1e9 });
    const { sent, waiting } = await outbox.flush();
    assert.deepEqual([sent.length, waiting.length], [0, 3]);
    for (const { reason } of waiting) assert.match(reason, /too busy/);
    assert.ok(place.server.operations.length <= 8);
    assert.equal((await outbox.list()).length, 3);
    place.server.heal();
    assert.equal((await outbox.flush()).sent.length, 3);
  });

  it("keeps what is for another bucket", async () => {
    await using place = await setUp();
    await place.add(place.make("other"), "sound");
    const { waiting } = await place.make().flush();
    assert.match(waiting[0]?.reason ?? "", /another bucket: other/);
    assert.equal((await place.make("other").flush()).sent.length, 1);
  });

  it("finds what was sent by a process that died before it struck it out, and tells what is lost", async () => {
    await using place = await setUp();
    const outbox = place.make();
    const sent = await place.add(outbox, "sent", "audio/sent.wav");
    const lost = await place.add(outbox, "lost", "audio/lost.wav");
    await place.store.put(Buffer.from("sent"), { ...file, key: "audio/sent.wav", ttlSeconds: 600 });
    for (const { id } of [sent, lost]) await rm(join(place.folder, `${id}.bin`));
    const report = await outbox.flush();
    assert.deepEqual([keys(report.sent), keys(report.lost)], [["audio/sent.wav"], ["audio/lost.wav"]]);
    assert.deepEqual(await readdir(place.folder), []);
  });

  it("is emptied once by many at once, in one process and in several", async () => {
    await using place = await setUp();
    const names = Array.from({ length: 24 }, (_, index) => `audio/${index}.wav`);
    for (const name of names) await place.add(place.make(), name, name);
    place.server.fail({ kind: { delayMs: 10 }, times: 1e9 });
    const request = JSON.stringify([place.folder, place.server.request(), place.clock.now]);
    const elsewhere = [1, 2].map(
      async () =>
        new Promise<string[]>((resolve, reject) => {
          const child = fork(join(import.meta.dirname, "flush-child.ts"), [request]);
          child.on("message", (sent) => resolve(sent as string[])).on("error", reject);
          child.on("exit", (code) => reject(new Error(`ended with ${code}`)));
        }),
    );
    const here = [place.make(), place.make()].map(async (outbox) => keys((await outbox.flush()).sent));
    const sent = (await Promise.all([...here, ...elsewhere])).flat();
    assert.deepEqual(sent.toSorted(), names.toSorted());
    for (const name of names) assert.equal(place.server.bucket.objects.get(name)?.body.toString(), name);
    assert.deepEqual(await readdir(place.folder), []);
  });

  it("is not stopped by a process that died while it sent", async () => {
    await using place = await setUp();
    const outbox = place.make();
    const { id } = await place.add(outbox, "sound");
    const claim = join(place.folder, `${id}.claim`);
    await writeFile(claim, "1");
    assert.equal((await outbox.flush()).sent.length, 0);
    const old = new Date(Date.now() - OUTBOX_CLAIM_MS - 1000);
    await utimes(claim, old, old);
    assert.equal((await outbox.flush()).sent.length, 1);
    assert.deepEqual(await readdir(place.folder), []);
  });

  it("stops when it is told to, and keeps what it has not sent", async () => {
    await using place = await setUp();
    const outbox = place.make();
    await place.add(outbox, "sound");
    place.server.fail({ kind: "silent", operations: PUT, times: 1e9 });
    await assert.rejects(outbox.flush(AbortSignal.timeout(100)), { code: "cancelled" });
    assert.equal((await outbox.list()).length, 1);
    assert.equal((await readdir(place.folder)).length, 2);
  });

  it("removes what never became an entry, once it is old, and passes over what is none", async () => {
    await using place = await setUp();
    const outbox = place.make();
    const { id } = await place.add(outbox, "sound");
    const [left, fresh, broken] = ["0-a.bin", "0-b.bin", "0-c.json"].map((name) => join(place.folder, name));
    for (const path of [left, fresh, broken]) await writeFile(path ?? "", "{");
    const old = new Date(Date.now() - STALE_UPLOAD_MS - 1000);
    await utimes(left ?? "", old, old);
    await utimes(join(place.folder, `${id}.bin`), old, old);
    place.server.fail({ kind: { status: 403, code: "AccessDenied" }, operations: PUT, times: 1e9 });
    assert.equal((await outbox.flush()).waiting.length, 1);
    assert.deepEqual((await readdir(place.folder)).toSorted(), ["0-b.bin", "0-c.json", `${id}.bin`, `${id}.json`]);
  });

  it("leaves the file where it was when it cannot be kept", async () => {
    await using root = await TempDir.create();
    await writeFile(root.file("taken"), "");
    await writeFile(root.file("made.wav"), "sound");
    const target = { name: "b", store: async () => assert.fail("nothing is sent") };
    const outbox = new Outbox({ folder: root.file("taken"), target });
    await assert.rejects(outbox.add(root.file("made.wav"), { ...file, expiresAt: null }), { code: "storage_failed" });
    assert.equal(await readFile(root.file("made.wav"), "utf8"), "sound");
  });
});

describe("a claim", () => {
  it("is held by one, kept fresh, and taken over by one when it is stale", async () => {
    await using root = await TempDir.create();
    const path = root.file("x.claim");
    {
      await using first = await claimFile(path, 200);
      assert.ok(first);
      // Longer than a claim lasts that nobody keeps fresh.
      await new Promise((resolve) => setTimeout(resolve, 400));
      assert.equal(await claimFile(path, 200), undefined);
    }
    assert.ok(!existsSync(path));
    for (let round = 0; round < 20; round++) {
      await writeFile(path, "");
      await utimes(path, new Date(0), new Date(0));
      const claims = await Promise.all(Array.from({ length: 8 }, async () => claimFile(path, 60_000)));
      const held = claims.filter((claim) => claim !== undefined);
      assert.equal(held.length, 1);
      await held[0]?.[Symbol.asyncDispose]();
    }
  });
});
