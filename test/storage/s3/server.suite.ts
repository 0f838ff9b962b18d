import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { S3_PART_BYTES } from "../../../src/limits/storage.ts";
import { TempDir } from "../../../src/media/temp.ts";
import type { BucketClient, BucketClientOptions } from "../../../src/storage/s3/bucket-client.ts";
import { checkBucket } from "../../../src/storage/s3/check-bucket.ts";
import { checkLifecycle, installLifecycle, readRules } from "../../../src/storage/s3/lifecycle.ts";
import { S3Store } from "../../../src/storage/s3/s3-store.ts";
import { artifactStoreSuite } from "../artifact-store.suite.ts";
import { clientOf } from "./places.ts";

/** A server that is not ours: where it is, and a key to it that may make buckets. */
export type OtherServer = {
  readonly endpointUrl: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

const video = { key: "realtime/안녕 '하'_1a2b3c4d.mp4", mime: "video/mp4", ttlSeconds: 600 };

/** What Talkbox does with a bucket, on a server that is not ours. */
export function s3ServerSuite(name: string, server: () => OtherServer): void {
  const open = async (options: BucketClientOptions = {}): Promise<BucketClient> => {
    const bucket = `talkbox-${randomUUID()}`;
    const client = clientOf({ ...server(), bucket, region: "", sessionToken: "", addressing: "auto" }, options);
    await client.call(async ({ s3 }) => s3.send(new CreateBucketCommand({ Bucket: bucket })));
    return client;
  };

  artifactStoreSuite(`S3Store on ${name}`, async () => {
    const clock = { now: 1_800_000_000_000 };
    const client = await open({ now: () => clock.now });
    return {
      store: new S3Store(client),
      clock,
      reopen: async () => new S3Store(client),
      [Symbol.asyncDispose]: async () => client[Symbol.dispose](),
    };
  });

  describe(`a bucket on ${name}`, () => {
    it("takes a file in parts, and its URL gives it back under its name", async () => {
      using client = await open();
      await using root = await TempDir.create();
      const content = randomBytes(2 * S3_PART_BYTES + 5);
      await writeFile(root.file("made.mp4"), content);
      const { url, sha256 } = await new S3Store(client).put(root.file("made.mp4"), video);
      assert.equal(sha256, createHash("sha256").update(content).digest("hex"));
      const answer = await fetch(url);
      assert.ok(content.equals(Buffer.from(await answer.arrayBuffer())));
      assert.equal(answer.headers.get("content-type"), "video/mp4");
      assert.match(answer.headers.get("content-disposition") ?? "", /filename\*=UTF-8''%EC%95%88%EB%85%95%20%27/);
    });

    it("has nothing of an upload that was cancelled", async () => {
      using client = await open();
      const abort = new AbortController();
      const onProgress = (): void => abort.abort();
      const put = new S3Store(client).put(randomBytes(3 * S3_PART_BYTES), {
        ...video,
        signal: abort.signal,
        onProgress,
      });
      await assert.rejects(put, { code: "cancelled" });
      const Bucket = client.settings.bucket;
      const uploads = await client.call(async ({ sdk, s3 }) =>
        s3.send(new sdk.ListMultipartUploadsCommand({ Bucket })),
      );
      assert.deepEqual(uploads.Uploads ?? [], []);
    });

    it("is swept by several at once", async () => {
      using client = await open();
      const store = new S3Store(client);
      const keys = Array.from({ length: 12 }, (_, index) => `audio/${index}.wav`);
      for (const key of keys) await store.put(Buffer.from(key), { ...video, key, ttlSeconds: 60 });
      await store.put(Buffer.from("x"), { ...video, key: "audio/later.wav" });
      const swept = await Promise.all([1, 2, 3].map(async () => new S3Store(client).sweep(Date.now() + 120_000)));
      assert.deepEqual([...new Set(swept.flat())].toSorted(), keys.toSorted());
      for (const key of keys) await assert.rejects(store.stat(key), { code: "not_found" });
      assert.equal((await store.stat("audio/later.wav")).bytes, 1);
    });

    it("keeps our rules beside another's", async () => {
      using client = await open();
      const { bucket: Bucket } = client.settings;
      const theirs = { ID: "logs", Status: "Enabled", Filter: { Prefix: "logs/" }, Expiration: { Days: 7 } } as const;
      await client.call(async ({ sdk, s3 }) =>
        s3.send(
          new sdk.PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [theirs] } }),
        ),
      );
      assert.equal((await installLifecycle(client)).length, 4);
      assert.deepEqual(await checkLifecycle(client), { missing: [], endangering: [] });
      const { rules } = await readRules(client);
      assert.equal(rules.find(({ ID }) => ID === "logs")?.Expiration?.Days, 7);
      assert.deepEqual(await installLifecycle(client), []);
      assert.deepEqual(
        (await checkBucket(client)).filter(({ ok }) => !ok),
        [],
      );
    });
  });
}
