import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { S3Store } from "../../../src/storage/s3/s3-store.ts";
import { clientOf, strictPlace } from "./places.ts";
import { type RawRequest, verifySignature } from "./strict-server/signature.ts";

/** The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html. */
const KEYS = new Map([["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]]);
const MADE = Date.parse("2013-05-24T00:00:00Z");
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SCOPE = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";

const inHeaders: RawRequest = {
  method: "GET",
  path: "/test.txt",
  query: [],
  headers: {
    host: "examplebucket.s3.amazonaws.com",
    range: "bytes=0-9",
    "x-amz-content-sha256": EMPTY,
    "x-amz-date": "20130524T000000Z",
    authorization:
      `AWS4-HMAC-SHA256 Credential=${SCOPE},SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,` +
      "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
  body: Buffer.alloc(0),
};

const inQuery: RawRequest = {
  method: "GET",
  path: "/test.txt",
  query: [
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", SCOPE],
    ["X-Amz-Date", "20130524T000000Z"],
    ["X-Amz-Expires", "86400"],
    ["X-Amz-SignedHeaders", "host"],
    ["X-Amz-Signature", "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"],
  ],
  headers: { host: "examplebucket.s3.amazonaws.com" },
  body: Buffer.alloc(0),
};

describe("the strict server", () => {
  it("accepts the signatures of Amazon's own examples", () => {
    verifySignature(inHeaders, KEYS, MADE);
    verifySignature(inQuery, KEYS, MADE + 86_399_999);
  });

  it("refuses whatever differs from what was signed, and what is out of time", () => {
    const refused: [RawRequest, number, string][] = [
      [{ ...inHeaders, path: "/test.tx" }, MADE, "SignatureDoesNotMatch"],
      [{ ...inHeaders, method: "PUT" }, MADE, "SignatureDoesNotMatch"],
      [{ ...inHeaders, query: [["a", "b"]] }, MADE, "SignatureDoesNotMatch"],
      [{ ...inHeaders, headers: { ...inHeaders.headers, range: "bytes=0-8" } }, MADE, "SignatureDoesNotMatch"],
      [{ ...inHeaders, headers: { ...inHeaders.headers, "x-amz-acl": "public-read" } }, MADE, "AccessDenied"],
      [{ ...inHeaders, headers: { ...inHeaders.headers, authorization: "" } }, MADE, "AccessDenied"],
      [{ ...inHeaders, body: Buffer.from("x") }, MADE, "XAmzContentSHA256Mismatch"],
      [inHeaders, MADE + 901_000, "RequestTimeTooSkewed"],
      [inHeaders, MADE - 901_000, "RequestTimeTooSkewed"],
      [inQuery, MADE + 86_400_000, "AccessDenied"],
      [inQuery, MADE - 901_000, "AccessDenied"],
      [{ ...inQuery, headers: { host: "elsewhere" } }, MADE, "SignatureDoesNotMatch"],
      [
        { ...inQuery, query: inQuery.query.map(([name, value]) => [name, name === "X-Amz-Expires" ? "86401" : value]) },
        MADE,
        "SignatureDoesNotMatch",
      ],
      [
        {
          ...inQuery,
          query: inQuery.query.map(([name, value]) => [name, name === "X-Amz-Expires" ? "604801" : value]),
        },
        MADE,
        "AuthorizationQueryParametersError",
      ],
    ];
    for (const [request, now, code] of refused) assert.throws(() => verifySignature(request, KEYS, now), { code });
    assert.throws(() => verifySignature(inHeaders, new Map(), MADE), { code: "InvalidAccessKeyId" });
    const others = new Map([["AKIAIOSFODNN7EXAMPLE", "another"]]);
    assert.throws(() => verifySignature(inHeaders, others, MADE), { code: "SignatureDoesNotMatch" });
  });
});

const KEY = "audio/안녕 'a'(1)_1a2b3c4d.wav";
const options = { key: KEY, mime: "audio/wav", ttlSeconds: 600 };

describe("presigned URLs", () => {
  it("give the bytes, type and name to anyone until the artifact expires, to the second", async () => {
    await using place = await strictPlace();
    place.clock.now += 1;
    const { url, expiresAt } = await place.store.put(Buffer.from("sound"), options);
    // Rounded up to a whole second, in which signatures count.
    assert.equal(expiresAt, 1_800_000_601_000);
    const answer = await fetch(url);
    assert.deepEqual(
      [
        answer.status,
        await answer.text(),
        answer.headers.get("content-type"),
        answer.headers.get("content-disposition"),
      ],
      [
        200,
        "sound",
        "audio/wav",
        "inline; filename=\"__ 'a'(1)_1a2b3c4d.wav\"; filename*=UTF-8''%EC%95%88%EB%85%95%20%27a%27%281%29_1a2b3c4d.wav",
      ],
    );
    place.clock.now = (expiresAt ?? 0) - 1;
    assert.equal((await fetch(url)).status, 200);
    await place.store.stat(KEY);
    place.clock.now++;
    const late = await fetch(url);
    assert.equal(late.status, 403);
    assert.match(await late.text(), /Request has expired/);
    await assert.rejects(place.store.stat(KEY), { code: "not_found" });
  });

  it("are refused when anything in them was changed, and without a signature", async () => {
    await using place = await strictPlace();
    const { url } = await place.store.put(Buffer.from("sound"), options);
    const changed = [
      url.replace("X-Amz-Expires=600", "X-Amz-Expires=6000"),
      url.replace(/X-Amz-Signature=(.)/, (_, digit: string) => `X-Amz-Signature=${digit === "0" ? "1" : "0"}`),
      url.replace("1a2b3c4d", "1a2b3c4e"),
      url.replace(/X-Amz-Date=\d{8}T\d{6}/, (date) => date.replace(/\d$/, "9")),
      url.replace(/\?.*$/, ""),
    ];
    for (const other of changed) {
      assert.notEqual(other, url);
      assert.equal((await fetch(other)).status, 403, other);
    }
    assert.equal((await fetch(url, { method: "DELETE" })).status, 403);
    assert.equal((await fetch(url)).status, 200);
  });

  it("of what lives longer than seven days end after seven, and are signed anew on asking", async () => {
    await using place = await strictPlace();
    const week = 7 * 24 * 3600;
    for (const [ttlSeconds, short] of [
      [week, false],
      [week + 1, true],
      [null, true],
    ] as const) {
      const stored = await place.store.put(Buffer.from("x"), { ...options, key: "saved/x.wav", ttlSeconds });
      assert.equal(stored.urlExpiresAt, short ? place.clock.now + week * 1000 : undefined);
      assert.equal((await fetch(stored.url)).status, 200);
    }
    const { url } = await place.store.stat("saved/x.wav");
    place.clock.now += week * 1000;
    assert.equal((await fetch(url)).status, 403);
    assert.equal((await fetch((await place.store.stat("saved/x.wav")).url)).status, 200);
  });

  it("are dated by the bucket's clock where this machine's is wrong", async () => {
    await using place = await strictPlace();
    place.clock.now = Date.now() - 3 * 3_600_000;
    // No clock of the test's: the system's, three hours ahead of the server's.
    using client = clientOf(place.server.request());
    const store = new S3Store(client);
    await store.put(Buffer.from("x"), { ...options, key: "audio/first.wav" });
    const { url, expiresAt } = await store.put(Buffer.from("x"), options);
    assert.ok(Math.abs((expiresAt ?? 0) - place.clock.now - 600_000) < 60_000);
    assert.equal((await fetch(url)).status, 200);
    assert.ok(Math.abs(client.skewMs + 3 * 3_600_000) < 60_000);
  });
});
