import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { AppError } from "../../../src/errors.ts";
import { LIFECYCLE_DAYS, S3_SWEEP_AT_ONCE } from "../../../src/limits/storage.ts";
import { TempDir } from "../../../src/media/temp.ts";
import { S3Store } from "../../../src/storage/s3/s3-store.ts";
import { artifactStoreSuite } from "../artifact-store.suite.ts";
import { clientOf, strictPlace } from "./places.ts";
import { startS3rver } from "./s3rver.ts";

artifactStoreSuite("S3Store on our strict server", async () => {
  const place = await strictPlace();
  return {
    store: place.store,
    clock: place.clock,
    reopen: async () => new S3Store(clientOf(place.server.request(), { now: () => place.clock.now })),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
});

artifactStoreSuite("S3Store on s3rver", async () => {
  const root = await TempDir.create();
  const server = await startS3rver(root.path);
  // s3rver checks no times: the store's clock may be any.
  const clock = { now: 1_800_000_000_000 };
  const open = () => new S3Store(clientOf(server.request, { now: () => clock.now }));
  return {
    store: open(),
    clock,
    reopen: async () => open(),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
});

const sound = { mime: "audio/wav", ttlSeconds: 600 };

describe("S3Store", () => {
  it("sweeps a lot in few requests at once, and looks at nothing that is not due", async () => {
    await using place = await strictPlace();
    const keys = Array.from({ length: 30 }, (_, index) => `audio/${index}.wav`);
    await Promise.all(keys.map(async (key) => place.store.put(Buffer.from(key), { ...sound, key })));
    const later = keys.map((key) => key.replace("audio", "chunks"));
    await Promise.all(later.map(async (key) => place.store.put(Buffer.from(key), { ...sound, key, ttlSeconds: 900 })));
    place.clock.now += 700_000;
    place.server.fail({ kind: { delayMs: 20 }, operations: ["HeadObject"], times: 30 });
    place.server.mostAtOnce = 0;
    place.server.operations.length = 0;
    assert.deepEqual((await place.store.sweep(place.clock.now)).toSorted(), keys.toSorted());
    assert.ok(place.server.mostAtOnce > 1 && place.server.mostAtOnce <= S3_SWEEP_AT_ONCE, `${place.server.mostAtOnce}`);
    const looks = place.server.operations.filter((name) => name === "HeadObject").length;
    assert.equal(looks, 30);
  });

  it("is swept by several workers at once", async () => {
    await using place = await strictPlace();
    const keys = Array.from({ length: 20 }, (_, index) => `audio/${index}.wav`);
    for (const key of keys) await place.store.put(Buffer.from(key), { ...sound, key });
    place.clock.now += 600_000;
    const others = [place.store, new S3Store(place.client), new S3Store(place.client)];
    const swept = await Promise.all(others.map(async (store) => store.sweep(place.clock.now)));
    assert.deepEqual([...new Set(swept.flat())].toSorted(), keys.toSorted());
    assert.equal(place.server.bucket.objects.size, 0);
  });

  it("does not sweep what was replaced, or given more time", async () => {
    await using place = await strictPlace();
    for (const key of ["audio/a.wav", "audio/b.wav"]) await place.store.put(Buffer.from("1"), { ...sound, key });
    place.clock.now += 300_000;
    await place.store.put(Buffer.from("2"), { ...sound, key: "audio/a.wav" });
    await place.store.expire("audio/b.wav", 600);
    place.clock.now += 400_000;
    assert.deepEqual(await place.store.sweep(place.clock.now), []);
    place.clock.now += 200_000;
    assert.deepEqual((await place.store.sweep(place.clock.now)).toSorted(), ["audio/a.wav", "audio/b.wav"]);
  });

  it("writes what is kept for good outside of `saved/` anew before the bucket's rules would delete it", async () => {
    await using place = await strictPlace();
    await place.store.put(Buffer.from("kept"), { ...sound, key: "audio/kept.wav" });
    await place.store.expire("audio/kept.wav", null);
    for (let day = 10; day <= 100; day += 10) {
      place.clock.now += 10 * 86_400_000;
      await place.store.sweep(place.clock.now);
      const found = place.server.bucket.objects.get("audio/kept.wav");
      assert.ok(found && place.clock.now - found.modified < LIFECYCLE_DAYS * 86_400_000, `day ${day}`);
    }
    assert.equal((await place.store.stat("audio/kept.wav")).expiresAt, null);
    await place.store.put(Buffer.from("x"), { ...sound, key: "saved/kept.wav", ttlSeconds: null });
    const index = [...place.server.bucket.objects.keys()].filter((key) => key.endsWith("saved/kept.wav"));
    assert.deepEqual(index, ["saved/kept.wav"]);
  });

  it("reads what somebody put there by hand, and keeps it", async () => {
    await using place = await strictPlace();
    const { sdk, s3 } = await place.client.connect();
    const put = { Bucket: "talkbox-test", Key: "saved/mine.wav", Body: "abc", ContentType: "audio/wav" };
    await s3.send(new sdk.PutObjectCommand(put));
    const { mime, bytes, sha256, expiresAt } = await place.store.stat("saved/mine.wav");
    assert.deepEqual(
      [mime, bytes, sha256, expiresAt],
      ["audio/wav", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", null],
    );
  });

  it("sends the token of a temporary key along, also in URLs", async () => {
    await using place = await strictPlace({}, { sessionToken: "TOKEN" });
    const { url } = await place.store.put(Buffer.from("x"), { ...sound, key: "audio/a.wav" });
    assert.equal(new URL(url).searchParams.get("X-Amz-Security-Token"), "TOKEN");
    assert.equal((await fetch(url)).status, 200);
  });

  it("names what is wrong, without what the bucket quotes of the request", async () => {
    const cases: [number, string, RegExp][] = [
      [403, "InvalidAccessKeyId", /BUCKET_ACCESS_KEY_ID/],
      [403, "SignatureDoesNotMatch", /BUCKET_SECRET_ACCESS_KEY/],
      [403, "AccessDenied", /talkbox doctor/],
      [404, "NoSuchBucket", /BUCKET_NAME/],
      [301, "PermanentRedirect", /AWS_REGION/],
      [400, "SomethingNew", /SomethingNew/],
    ];
    for (const [status, code, message] of cases) {
      await using place = await strictPlace();
      place.server.fail({ kind: { status, code }, times: 1e9 });
      await assert.rejects(place.store.put(Buffer.from("x"), { ...sound, key: "audio/a.wav" }), (error) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, "storage_failed");
        assert.match(error.message, message);
        assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /AKIDTALKBOX|s3cr3t|Signature=/);
        return true;
      });
    }
  });
});
