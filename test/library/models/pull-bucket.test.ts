import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { describe, it } from "node:test";
import { downloadFile } from "../../../src/library/models/pull/download.ts";
import { parseSource, type SourceSettings } from "../../../src/library/models/pull/source.ts";
import { TempDir } from "../../../src/media/temp.ts";
import type { BucketClient } from "../../../src/storage/s3/bucket-client.ts";
import { clientOf } from "../../storage/s3/places.ts";
import { startS3rver } from "../../storage/s3/s3rver.ts";
import { StrictS3 } from "../../storage/s3/strict-server/server.ts";

const CONTENT = randomBytes(400_000);
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");
const NOTHING = { bytes: null, sha256: null };
const AT_ONCE = { tries: 2, pauseMs: 1, longestPauseMs: 1 };

const settingsOf = (bucket: () => BucketClient): SourceSettings => ({
  huggingFace: { endpoint: "https://huggingface.co", token: "" },
  bucket,
});

async function store(client: BucketClient, key: string, body: Buffer): Promise<void> {
  const input = { Bucket: "talkbox-test", Key: key, Body: body, ContentLength: body.length };
  await client.call(async ({ sdk, s3 }, options) => s3.send(new sdk.PutObjectCommand(input), options));
}

describe("a model in a bucket", () => {
  it("is downloaded by parts: goes on where it was stopped, and begins anew where the object has changed", async () => {
    await using dir = await TempDir.create();
    await mkdir(dir.file("s3"));
    await using server = await startS3rver(dir.file("s3"));
    using client = clientOf(server.request);
    await store(client, "models/deep/model.pth", CONTENT);
    const source = parseSource(
      "s3://talkbox-test/models/deep/model.pth",
      settingsOf(() => clientOf(server.request)),
    );
    const target = dir.file("model.pth");
    const abort = new AbortController();
    const progress = (bytes: number): void => {
      if (bytes > 0) abort.abort();
    };
    await assert.rejects(downloadFile(source, target, NOTHING, { signal: abort.signal, progress, retry: AT_ONCE }), {
      code: "cancelled",
    });
    const { size } = await stat(`${target}.part`);
    assert.ok(size > 0 && size < CONTENT.length);
    const seen: number[] = [];
    const { signal } = new AbortController();
    const options = { signal, progress: (bytes: number) => void seen.push(bytes), retry: AT_ONCE };
    const expected = { bytes: CONTENT.length, sha256: SHA256 };
    assert.equal((await downloadFile(source, target, expected, options)).sha256, SHA256);
    assert.equal(seen[0], size);
    // Stopped again; now there is another object under the name.
    await rm(target);
    const again = new AbortController();
    const stop = (bytes: number): void => {
      if (bytes > 0) again.abort();
    };
    await assert.rejects(
      downloadFile(source, target, NOTHING, { signal: again.signal, progress: stop, retry: AT_ONCE }),
    );
    const other = randomBytes(400_000);
    await store(client, "models/deep/model.pth", other);
    await downloadFile(source, target, NOTHING, { signal, retry: AT_ONCE });
    assert.ok((await readFile(target)).equals(other));
  });

  it("that is not there, or not for this key, is told; trouble that passes is waited out", async () => {
    await using dir = await TempDir.create();
    await using server = await StrictS3.start();
    using client = clientOf(server.request());
    await store(client, "model.pth", CONTENT);
    const { signal } = new AbortController();
    const get = async (key: string, secretAccessKey?: string) => {
      const request = server.request(secretAccessKey === undefined ? {} : { secretAccessKey });
      const source = parseSource(
        `s3://talkbox-test/${key}`,
        settingsOf(() => clientOf(request)),
      );
      return downloadFile(source, dir.file("model.pth"), NOTHING, { signal, retry: AT_ONCE });
    };
    await assert.rejects(get("none.pth"), { code: "not_found" });
    await assert.rejects(get("model.pth", "wrong"), { code: "download_failed", message: /the secret does not fit/ });
    server.fail({ kind: { status: 503, code: "SlowDown" }, operations: ["GetObject"], times: 2 });
    assert.equal((await get("model.pth")).sha256, SHA256);
    assert.deepEqual(await readdir(dir.path), ["model.pth"]);
  });
});
