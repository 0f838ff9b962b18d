import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { TempDir } from "../../src/media/temp.ts";
import { DiskStore } from "../../src/storage/disk.ts";
import { artifactStoreSuite } from "./artifact-store.suite.ts";

artifactStoreSuite("DiskStore", async () => {
  const root = await TempDir.create();
  const clock = { now: 1_800_000_000_000 };
  const open = () => new DiskStore({ root: root.path, now: () => clock.now });
  return {
    store: open(),
    clock,
    reopen: async () => open(),
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  };
});

const options = { mime: "video/mp4", ttlSeconds: 60 };

describe("DiskStore", () => {
  it("keeps files under their keys, and answers file URLs", async () => {
    await using root = await TempDir.create();
    const store = new DiskStore({ root: root.path });
    const { url } = await store.put(Buffer.from("x"), { ...options, key: "realtime/안녕 하_12.mp4" });
    assert.equal(fileURLToPath(url), root.file("realtime/안녕 하_12.mp4"));
    assert.equal(await readFile(new URL(url), "utf8"), "x");
    assert.equal(store.reachable, false);
  });

  it("puts files straight into a flat folder, for good, and nothing else", async () => {
    await using root = await TempDir.create();
    const store = new DiskStore({ root: root.path, flat: true });
    assert.equal(store.reachable, true);
    const put = await store.put(Buffer.from("x"), { ...options, key: "realtime/a.mp4" });
    assert.equal(put.expiresAt, null);
    assert.deepEqual(await readdir(root.path), ["a.mp4"]);
    assert.equal((await store.stat("realtime/a.mp4")).bytes, 1);
    assert.deepEqual(await store.sweep(Number.MAX_SAFE_INTEGER), []);
    assert.ok(existsSync(root.file("a.mp4")));
  });

  it("keeps what a person put there, and what a broken record speaks of", async () => {
    await using root = await TempDir.create();
    await mkdir(root.file("saved"));
    await writeFile(root.file("saved/mine.wav"), "abc");
    const store = new DiskStore({ root: root.path });
    const { mime, bytes, expiresAt } = await store.stat("saved/mine.wav");
    assert.deepEqual([mime, bytes, expiresAt], ["audio/wav", 3, null]);
    await store.put(Buffer.from("x"), { ...options, key: "realtime/a.mp4" });
    await writeFile(root.file(".talkbox/records/realtime/a.mp4.json"), "{");
    assert.deepEqual(await store.sweep(Number.MAX_SAFE_INTEGER), []);
    assert.equal((await store.stat("realtime/a.mp4")).bytes, 1);
  });

  it("does not follow what a record says out of its root", async () => {
    await using root = await TempDir.create();
    const victim = root.file("victim");
    await writeFile(victim, "x");
    const data = root.file("data");
    const store = new DiskStore({ root: data });
    await mkdir(join(data, ".talkbox/records"), { recursive: true });
    const record = { key: "../victim", mime: "x", bytes: 1, sha256: "x", expiresAt: 1 };
    await writeFile(join(data, ".talkbox/records/x.json"), JSON.stringify(record));
    await store.sweep(Date.now()).catch(() => undefined);
    assert.ok(existsSync(victim));
  });

  it("sweeps what a process that died left on its way in", async () => {
    await using root = await TempDir.create();
    const store = new DiskStore({ root: root.path });
    const [old, fresh] = [root.file(".talkbox/incoming/old"), root.file(".talkbox/incoming/fresh")];
    await mkdir(root.file(".talkbox/incoming"), { recursive: true });
    await writeFile(old, "x");
    await writeFile(fresh, "x");
    await utimes(old, new Date(0), new Date(0));
    await store.sweep(Date.now());
    assert.deepEqual([existsSync(old), existsSync(fresh)], [false, true]);
  });

  it("takes files from another file system", async (context) => {
    await using root = await TempDir.create();
    const elsewhere = await mkdtemp("/dev/shm/talkbox-").catch(() => undefined);
    if (elsewhere === undefined || statSync(elsewhere).dev === statSync(root.path).dev) {
      context.skip("there is no second file system to write to");
      return;
    }
    try {
      const path = join(elsewhere, "a.mp4");
      await writeFile(path, "abc");
      const store = new DiskStore({ root: root.path });
      const { sha256 } = await store.put(path, { ...options, key: "realtime/a.mp4" });
      assert.equal(sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
      assert.ok(!existsSync(path));
      assert.equal(await readFile(root.file("realtime/a.mp4"), "utf8"), "abc");
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  it("answers storage_failed when nothing can be written, and leaves nothing", async () => {
    await using root = await TempDir.create();
    await writeFile(root.file("file"), "");
    const store = new DiskStore({ root: root.file("file") });
    await assert.rejects(store.put(Buffer.from("x"), { ...options, key: "realtime/a.mp4" }), {
      code: "storage_failed",
    });
    await assert.rejects(new DiskStore({ root: root.path }).put(root.file("missing"), { ...options, key: "a.mp4" }), {
      code: "storage_failed",
    });
    await mkdir(root.file("realtime/taken.mp4"), { recursive: true });
    const blocked = new DiskStore({ root: root.path }).put(Buffer.from("x"), { ...options, key: "realtime/taken.mp4" });
    await assert.rejects(blocked, { code: "storage_failed" });
    await writeFile(root.file("made"), "x");
    const fromFile = new DiskStore({ root: root.path }).put(root.file("made"), {
      ...options,
      key: "realtime/taken.mp4",
    });
    await assert.rejects(fromFile, { code: "storage_failed" });
    const left = await readdir(root.path, { recursive: true, withFileTypes: true });
    assert.deepEqual(
      left.filter((entry) => entry.isFile()).map((entry) => entry.name),
      ["file", "made"],
    );
  });

  it("answers storage_failed at a file-size limit, and leaves nothing", {
    skip: process.platform === "win32",
  }, async () => {
    await using root = await TempDir.create();
    await using elsewhere = await TempDir.create(existsSync("/dev/shm") ? "/dev/shm" : undefined);
    const source = elsewhere.file("big.mp4");
    await writeFile(source, new Uint8Array(1 << 20));
    const script = fileURLToPath(new URL("limited-put.ts", import.meta.url));
    const command = 'ulimit -f 64; exec "$@"';
    const run = promisify(execFile)("/bin/sh", ["-c", command, "sh", process.execPath, script, root.path, source]);
    const { outcomes, left } = JSON.parse((await run).stdout) as { outcomes: string[]; left: string[] };
    assert.equal(outcomes[0], "storage_failed");
    // Within one file system a file is moved, which needs no room.
    const moved = statSync(elsewhere.path).dev === statSync(root.path).dev;
    assert.equal(outcomes[1], moved ? "stored" : "storage_failed");
    if (!moved) assert.deepEqual(left, []);
  });
});
