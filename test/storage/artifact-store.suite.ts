import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { buffer } from "node:stream/consumers";
import type { ArtifactStore } from "../../src/storage/artifact-store.ts";
import { TempDir } from "../../src/media/temp.ts";

/** A store under test: a fresh, empty one whose clock is `clock.now`. */
export type StoreUnderTest = AsyncDisposable & { readonly store: ArtifactStore; readonly clock: { now: number } };

/** What every driver must do. `open` makes an empty store; `reopen` opens the same place anew, as after a restart. */
export function artifactStoreSuite(
  name: string,
  open: () => Promise<StoreUnderTest & { reopen(): Promise<ArtifactStore> }>,
): void {
  const content = randomBytes(100_000);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const video = { key: "realtime/안녕_1a2b3c4d.mp4", mime: "video/mp4", ttlSeconds: 600 };

  describe(`${name} keeps the promises of an artifact store`, () => {
    it("gives back bytes, size, digest, type and expiry of what it was given", async () => {
      await using place = await open();
      const put = await place.store.put(content, video);
      const expected = {
        key: video.key,
        mime: "video/mp4",
        bytes: content.length,
        sha256,
        expiresAt: place.clock.now + 600_000,
      };
      assert.deepEqual({ ...put, url: "" }, { ...expected, url: "" });
      assert.ok(URL.canParse(put.url));
      assert.deepEqual(await place.store.stat(video.key), put);
      assert.ok(content.equals(await buffer(await place.store.open(video.key))));
    });

    it("takes a file as well, which is gone afterwards", async () => {
      await using place = await open();
      await using root = await TempDir.create();
      const path = root.file("made.mp4");
      await writeFile(path, content);
      assert.equal((await place.store.put(path, video)).sha256, sha256);
      assert.ok(!existsSync(path));
      assert.ok(content.equals(await buffer(await place.store.open(video.key))));
    });

    it("takes empty files", async () => {
      await using place = await open();
      assert.equal((await place.store.put(new Uint8Array(0), video)).bytes, 0);
      assert.equal((await buffer(await place.store.open(video.key))).length, 0);
    });

    it("replaces what a key held", async () => {
      await using place = await open();
      await place.store.put(content, video);
      await place.store.put(Buffer.from("new"), { ...video, mime: "text/plain", ttlSeconds: null });
      assert.equal((await buffer(await place.store.open(video.key))).toString(), "new");
      const { bytes, mime, expiresAt } = await place.store.stat(video.key);
      assert.deepEqual([bytes, mime, expiresAt], [3, "text/plain", null]);
    });

    it("finds nothing that was never there, was deleted, or has expired", async () => {
      await using place = await open();
      const { store, clock } = place;
      await assert.rejects(store.stat("realtime/never.mp4"), { code: "not_found" });
      await assert.rejects(store.open("realtime/never.mp4"), { code: "not_found" });
      assert.equal(await store.delete("realtime/never.mp4"), false);
      await store.put(content, video);
      assert.equal(await store.delete(video.key), true);
      await assert.rejects(store.stat(video.key), { code: "not_found" });
      await store.put(content, video);
      clock.now += 599_999;
      await store.stat(video.key);
      clock.now += 1;
      await assert.rejects(store.stat(video.key), { code: "not_found" });
      await assert.rejects(store.open(video.key), { code: "not_found" });
    });

    it("sweeps what has expired and nothing else, also after a restart", async () => {
      await using place = await open();
      await place.store.put(content, video);
      await place.store.put(content, { ...video, key: "audio/later.wav", ttlSeconds: 700 });
      await place.store.put(content, { ...video, key: "saved/kept.mp4", ttlSeconds: null });
      place.clock.now += 650_000;
      const store = await place.reopen();
      assert.deepEqual(await store.sweep(place.clock.now), [video.key]);
      assert.deepEqual(await store.sweep(place.clock.now), []);
      assert.equal((await store.stat("audio/later.wav")).mime, "video/mp4");
      assert.equal((await store.stat("saved/kept.mp4")).expiresAt, null);
    });

    it("changes how long a file is kept", async () => {
      await using place = await open();
      await place.store.put(content, video);
      assert.equal((await place.store.expire(video.key, null)).expiresAt, null);
      place.clock.now += 1e10;
      assert.deepEqual(await place.store.sweep(place.clock.now), []);
      assert.equal((await place.store.expire(video.key, 60)).expiresAt, place.clock.now + 60_000);
      await assert.rejects(place.store.expire("realtime/never.mp4", 60), { code: "not_found" });
    });

    it("refuses keys that could lead elsewhere", async () => {
      await using place = await open();
      const keys = [
        "",
        "/",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a//b",
        "a/",
        "./a",
        "a/.",
        ".hidden",
        "a/.hidden",
        "a\\b",
        "a\0b",
        "a/b/c/d/e",
      ];
      for (const key of [...keys, "a\nb", "a?b", "a%2e", "x".repeat(300), "a/con", "\u202Ea"]) {
        await assert.rejects(place.store.put(content, { ...video, key }), { code: "invalid_input" }, key);
        await assert.rejects(place.store.stat(key), { code: "invalid_input" }, key);
        await assert.rejects(place.store.open(key), { code: "invalid_input" }, key);
        await assert.rejects(place.store.delete(key), { code: "invalid_input" }, key);
      }
    });

    it("stores nothing when aborted", async () => {
      await using place = await open();
      await assert.rejects(place.store.put(content, { ...video, signal: AbortSignal.abort() }), { code: "cancelled" });
      await assert.rejects(place.store.stat(video.key), { code: "not_found" });
    });

    it("holds its own under many at once", async () => {
      await using place = await open();
      const keys = Array.from({ length: 40 }, (_, index) => `audio/${index}.wav`);
      await Promise.all(keys.map((key) => place.store.put(Buffer.from(key), { ...video, key })));
      for (const key of keys) assert.equal((await buffer(await place.store.open(key))).toString(), key);
      // One key, many writers: whole afterwards, whoever won.
      await Promise.all(
        keys.map((_, index) => place.store.put(Buffer.alloc(5000, index), { ...video, key: "audio/same.wav" })),
      );
      const same = await buffer(await place.store.open("audio/same.wav"));
      assert.ok(same.length === 5000 && same.every((byte) => byte === same[0]));
    });
  });
}
