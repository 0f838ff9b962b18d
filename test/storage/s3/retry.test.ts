import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { HeadBucketCommand } from "@aws-sdk/client-s3";
import { S3_CONNECT_TIMEOUT_MS, S3_IDLE_TIMEOUT_MS, S3_RETRY } from "../../../src/limits/storage.ts";
import { isPassing, withRetries } from "../../../src/storage/s3/retry.ts";
import { clientOf, strictPlace } from "./places.ts";

const busy = Object.assign(new Error("busy"), { name: "SlowDown", $metadata: { httpStatusCode: 503 } });

describe("retries", () => {
  it("are as many as there are attempts, after pauses that double up to the longest", async () => {
    const pauses: number[] = [];
    let tries = 0;
    const policy = { ...S3_RETRY, attempts: 9, random: () => 1, sleep: async (ms: number) => void pauses.push(ms) };
    const work = async () => {
      tries++;
      throw busy;
    };
    await assert.rejects(withRetries(work, undefined, policy), busy);
    assert.equal(tries, 9);
    assert.deepEqual(pauses, [250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
    tries = 0;
    await assert.rejects(withRetries(work, undefined, { ...S3_RETRY, sleep: async () => {} }), busy);
    assert.equal(tries, S3_RETRY.attempts);
  });

  it("come at different times", async () => {
    const pauses: number[] = [];
    const policy = { ...S3_RETRY, attempts: 200, sleep: async (ms: number) => void pauses.push(ms) };
    await assert.rejects(
      withRetries(async () => Promise.reject(busy), undefined, policy),
      busy,
    );
    const late = pauses.slice(10);
    assert.ok(new Set(late).size > 150 && Math.min(...late) < 2000 && Math.max(...late) > 6000);
  });

  it("end with the signal, also in a pause", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 20);
    const began = performance.now();
    const policy = { attempts: 3, pauseMs: 60_000, longestPauseMs: 60_000, random: () => 1 };
    await assert.rejects(
      withRetries(async () => Promise.reject(busy), abort.signal, policy),
      { name: "AbortError" },
    );
    assert.ok(performance.now() - began < 5000);
  });

  it("are for what passes, and for nothing else", () => {
    const answer = (httpStatusCode: number, name = "X") =>
      Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
    for (const status of [408, 429, 500, 502, 503, 504]) assert.ok(isPassing(answer(status)), String(status));
    for (const status of [400, 401, 403, 404, 409, 412, 501]) assert.ok(!isPassing(answer(status)), String(status));
    assert.ok(isPassing(answer(400, "RequestTimeout")) && isPassing(answer(400, "BadDigest")));
    for (const code of ["ECONNRESET", "ECONNREFUSED", "EPIPE", "ENOTFOUND", "ETIMEDOUT"]) {
      assert.ok(isPassing(Object.assign(new Error(code), { code })), code);
    }
    assert.ok(!isPassing(new TypeError("a fault of ours")));
    assert.ok(!isPassing(AbortSignal.abort().reason));
  });
});

describe("time limits", () => {
  it("are those of the limits", () => {
    assert.ok(S3_CONNECT_TIMEOUT_MS >= 1000 && S3_IDLE_TIMEOUT_MS >= 5000);
  });

  it("end a connection that is silent, each time", async () => {
    await using place = await strictPlace({ idleTimeoutMs: 100 });
    place.server.fail({ kind: "silent", times: 1e9 });
    const began = performance.now();
    await assert.rejects(place.store.stat("realtime/a.mp4"), { code: "storage_failed", message: /did not answer/ });
    assert.equal(place.server.operations.length, S3_RETRY.attempts);
    assert.ok(performance.now() - began < 5000);
  });

  it("end the wait for a host that nobody answers for, and one that refuses", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const key = { bucket: "b", region: "", accessKeyId: "a", secretAccessKey: "b", sessionToken: "" };
    // A port that is closed; then an address of the range for documentation, which nobody routes.
    for (const endpointUrl of [`http://127.0.0.1:${port}`, "http://192.0.2.1"]) {
      const began = performance.now();
      using client = clientOf(
        { endpointUrl, addressing: "auto", ...key },
        { connectTimeoutMs: 100, idleTimeoutMs: 200 },
      );
      const asked = client.call(async ({ s3 }) => s3.send(new HeadBucketCommand({ Bucket: "b" })));
      await assert.rejects(asked, { code: "storage_failed", message: /did not answer/ });
      assert.ok(performance.now() - began < 5000);
    }
  });
});
