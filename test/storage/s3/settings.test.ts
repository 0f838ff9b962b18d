import assert from "node:assert/strict";
import { inspect } from "node:util";
import { describe, it } from "node:test";
import { AppError } from "../../../src/errors.ts";
import { readConfig } from "../../../src/config.ts";
import { type BucketRequest, bucketSettings, describeBucket } from "../../../src/storage/s3/settings.ts";
import { NAMES } from "./places.ts";

const base: BucketRequest = {
  endpointUrl: "",
  bucket: "",
  region: "",
  accessKeyId: "AK",
  secretAccessKey: "TOPSECRET",
  sessionToken: "",
  addressing: "auto",
};
const read = (changes: Partial<BucketRequest>) => bucketSettings({ ...base, ...changes }, NAMES);

describe("a bucket's settings", () => {
  it("find bucket, region and style in the endpoint, as the services write it", () => {
    const r2 = "0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com";
    const cases: [Partial<BucketRequest>, [string | undefined, string, string, string, boolean]][] = [
      [{ bucket: "b" }, [undefined, "b", "", "us-east-1", false]],
      [{ bucket: "b", region: "eu-west-3" }, [undefined, "b", "", "eu-west-3", false]],
      [{ bucket: "b.c" }, [undefined, "b.c", "", "us-east-1", true]],
      [
        { endpointUrl: "https://my-b.s3.us-west-2.amazonaws.com" },
        ["https://s3.us-west-2.amazonaws.com", "my-b", "", "us-west-2", false],
      ],
      [
        { endpointUrl: "https://s3.us-west-2.amazonaws.com/my-b" },
        ["https://s3.us-west-2.amazonaws.com", "my-b", "", "us-west-2", false],
      ],
      [{ endpointUrl: "https://b.s3.amazonaws.com/" }, ["https://s3.amazonaws.com", "b", "", "us-east-1", false]],
      [
        { endpointUrl: "https://b.s3.us-west-2.amazonaws.com/11-26/x", region: "eu-west-1" },
        ["https://s3.us-west-2.amazonaws.com", "b", "11-26/x/", "us-west-2", false],
      ],
      [
        { endpointUrl: "https://b.nyc3.digitaloceanspaces.com" },
        ["https://nyc3.digitaloceanspaces.com", "b", "", "nyc3", false],
      ],
      [{ endpointUrl: `https://${r2}`, bucket: "b" }, [`https://${r2}`, "b", "", "auto", true]],
      [{ endpointUrl: `https://b.${r2}` }, [`https://${r2}`, "b", "", "auto", false]],
      [
        { endpointUrl: "https://s3.us-west-004.backblazeb2.com/b" },
        ["https://s3.us-west-004.backblazeb2.com", "b", "", "us-west-004", true],
      ],
      [
        { endpointUrl: "https://s3api-eu-ro-1.runpod.io", bucket: "vol123" },
        ["https://s3api-eu-ro-1.runpod.io", "vol123", "", "eu-ro-1", true],
      ],
      [
        { endpointUrl: "http://localhost:9000", bucket: "b", region: "here" },
        ["http://localhost:9000", "b", "", "here", true],
      ],
      [{ endpointUrl: "http://minio:9000/b/out" }, ["http://minio:9000", "b", "out/", "us-east-1", true]],
      [{ endpointUrl: "http://minio:9000/b/out", bucket: "b" }, ["http://minio:9000", "b", "out/", "us-east-1", true]],
      [
        { endpointUrl: "https://b.s3.example.com", bucket: "b" },
        ["https://s3.example.com", "b", "", "us-east-1", false],
      ],
      [
        { endpointUrl: "https://s3.example.com", bucket: "b", addressing: "host" },
        ["https://s3.example.com", "b", "", "us-east-1", false],
      ],
      [{ bucket: "b", addressing: "path" }, [undefined, "b", "", "us-east-1", true]],
    ];
    for (const [changes, expected] of cases) {
      const { endpoint, bucket, prefix, region, pathStyle } = read(changes);
      assert.deepEqual([endpoint, bucket, prefix, region, pathStyle], expected, JSON.stringify(changes));
    }
  });

  it("name everything that is wrong, by the names of those who set it", () => {
    const cases: [Partial<BucketRequest>, string[]][] = [
      [{ accessKeyId: "", secretAccessKey: "" }, ["BUCKET_ACCESS_KEY_ID", "BUCKET_NAME", "BUCKET_SECRET_ACCESS_KEY"]],
      [{ endpointUrl: "ftp://x/b" }, ["BUCKET_ENDPOINT_URL"]],
      [{ endpointUrl: "not a url", bucket: "b" }, ["BUCKET_ENDPOINT_URL"]],
      [{ endpointUrl: "https://user:pass@host/b" }, ["BUCKET_ENDPOINT_URL"]],
      [{ endpointUrl: "https://host/b?x=1" }, ["BUCKET_ENDPOINT_URL"]],
      [{ endpointUrl: "https://host" }, ["BUCKET_NAME"]],
      [{ endpointUrl: "https://a.s3.amazonaws.com", bucket: "b" }, ["BUCKET_NAME"]],
      [{ endpointUrl: "https://host/a", bucket: "b" }, ["BUCKET_NAME"]],
      [{ bucket: "no spaces" }, ["BUCKET_NAME"]],
      [{ bucket: "../x" }, ["BUCKET_NAME"]],
      [{ endpointUrl: "https://host/b/%2e%2e%2fx" }, ["BUCKET_ENDPOINT_URL"]],
    ];
    for (const [changes, paths] of cases) {
      assert.throws(
        () => read(changes),
        (error) => {
          assert.ok(error instanceof AppError && error.code === "invalid_input");
          assert.deepEqual(error.violations?.map(({ path }) => path).toSorted(), paths, JSON.stringify(changes));
          assert.doesNotMatch(error.message, /TOPSECRET|pass/);
          return true;
        },
      );
    }
  });

  it("do not show the secret to whoever prints them", () => {
    const settings = read({ bucket: "b", sessionToken: "TOKEN" });
    assert.doesNotMatch(JSON.stringify(settings) + inspect(settings, { depth: 9 }), /TOPSECRET|TOKEN/);
    assert.equal(describeBucket(settings), "https://s3.us-east-1.amazonaws.com/b");
    assert.deepEqual(settings.credentials(), {
      accessKeyId: "AK",
      secretAccessKey: "TOPSECRET",
      sessionToken: "TOKEN",
    });
  });
});

describe("the environment", () => {
  const of = (environment: Record<string, string>) => readConfig(environment, "/").bucket?.();

  it("configures a bucket by runpod-python's names, and AWS's for what they leave out", () => {
    assert.equal(of({}), undefined);
    assert.equal(
      of({ AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_ENDPOINT_URL_S3: "http://x" }),
      undefined,
    );
    const aws = {
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      AWS_SESSION_TOKEN: "c",
      AWS_REGION: "eu-west-1",
      AWS_ENDPOINT_URL_S3: "http://aws",
    };
    assert.deepEqual(of({ ...aws, BUCKET_NAME: "n" }), {
      endpointUrl: "http://aws",
      bucket: "n",
      region: "eu-west-1",
      accessKeyId: "a",
      secretAccessKey: "b",
      sessionToken: "c",
      addressing: "auto",
    });
    const runpod = { BUCKET_ENDPOINT_URL: "http://r/b", BUCKET_ACCESS_KEY_ID: "x", BUCKET_SECRET_ACCESS_KEY: "y" };
    assert.deepEqual(of({ ...aws, ...runpod }), {
      endpointUrl: "http://r/b",
      bucket: "",
      region: "eu-west-1",
      accessKeyId: "x",
      secretAccessKey: "y",
      // The token is the other key's.
      sessionToken: "",
      addressing: "auto",
    });
  });

  it("is not shown by whoever prints the configuration", () => {
    const environment = {
      BUCKET_ENDPOINT_URL: "http://r/b",
      BUCKET_ACCESS_KEY_ID: "KEYID",
      BUCKET_SECRET_ACCESS_KEY: "TOPSECRET",
    };
    const config = readConfig(environment, "/");
    assert.doesNotMatch(JSON.stringify(config) + inspect(config, { depth: 9 }), /TOPSECRET|KEYID/);
  });
});
