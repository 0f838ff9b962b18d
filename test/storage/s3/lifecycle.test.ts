import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LifecycleRule } from "@aws-sdk/client-s3";
import { TTL_SECONDS } from "../../../src/limits/jobs.ts";
import { LIFECYCLE_DAYS, LIFECYCLE_UPLOAD_DAYS } from "../../../src/limits/storage.ts";
import { checkBucket } from "../../../src/storage/s3/check-bucket.ts";
import {
  checkLifecycle,
  installLifecycle,
  judgeRules,
  mergeRules,
  ownRules,
  readRules,
} from "../../../src/storage/s3/lifecycle.ts";
import { strictPlace } from "./places.ts";

const foreign: LifecycleRule = {
  ID: "logs",
  Status: "Enabled",
  Filter: { Prefix: "logs/" },
  Expiration: { Days: 7 },
  Transitions: [{ Days: 3, StorageClass: "GLACIER" }],
};

describe("a bucket's rules", () => {
  it("delete what passes after the longest time to live, and nothing that is kept", () => {
    const own = ownRules("");
    assert.ok(LIFECYCLE_DAYS * 86_400 > TTL_SECONDS.max);
    assert.deepEqual(
      own.map(({ Filter, Expiration, AbortIncompleteMultipartUpload }) => [
        Filter?.Prefix,
        Expiration?.Days,
        AbortIncompleteMultipartUpload?.DaysAfterInitiation,
      ]),
      [
        ["realtime/", LIFECYCLE_DAYS, LIFECYCLE_UPLOAD_DAYS],
        ["chunks/", LIFECYCLE_DAYS, LIFECYCLE_UPLOAD_DAYS],
        ["audio/", LIFECYCLE_DAYS, LIFECYCLE_UPLOAD_DAYS],
        [".talkbox/", LIFECYCLE_DAYS, LIFECYCLE_UPLOAD_DAYS],
        ["saved/", undefined, LIFECYCLE_UPLOAD_DAYS],
      ],
    );
    assert.ok(
      ownRules("team/").every(({ ID, Filter }) => ID?.includes("team/") && Filter?.Prefix?.startsWith("team/")),
    );
  });

  it("join those of others, which stay as they are, and replace older ones of ours", () => {
    const outdated = { ...ownRules("")[0], Expiration: { Days: 1 } } as LifecycleRule;
    const otherTeam = ownRules("team/");
    const merged = mergeRules([foreign, outdated, ...otherTeam], "");
    assert.deepEqual(merged, [foreign, ...otherTeam, ...ownRules("")]);
    assert.deepEqual(mergeRules(merged, ""), merged);
    // All but the one that is only about uploads.
    assert.deepEqual(judgeRules([foreign, outdated], "").missing.length, ownRules("").length - 1);
    assert.deepEqual(judgeRules(merged, ""), { missing: [], endangering: [] });
  });

  it("take the style of those that are there: S3 does not mix", () => {
    const { Filter, ...rest } = foreign;
    const old = { ...rest, Prefix: Filter?.Prefix ?? "" };
    assert.ok(mergeRules([old], "").every((rule) => rule.Filter === undefined && rule.Prefix !== undefined));
    assert.deepEqual(judgeRules(mergeRules([old], ""), ""), { missing: [], endangering: [] });
  });

  it("of others that would delete what is kept are named", () => {
    const danger = (rule: Partial<LifecycleRule>) => judgeRules([{ ...foreign, ...rule }], "").endangering;
    assert.deepEqual(danger({}), []);
    assert.deepEqual(danger({ Filter: { Prefix: "" } }), ["logs"]);
    assert.deepEqual(danger({ Filter: { Prefix: "saved/2026" } }), ["logs"]);
    assert.deepEqual(danger({ Filter: { And: { Prefix: "sav", ObjectSizeLessThan: 5 } } }), ["logs"]);
    assert.deepEqual(danger({ Filter: { Prefix: "" }, Status: "Disabled" }), []);
    assert.deepEqual(danger({ Filter: { Tag: { Key: "a", Value: "b" } } }), []);
    assert.deepEqual(danger({ Filter: { Prefix: "" }, Expiration: { ExpiredObjectDeleteMarker: true } }), []);
  });

  it("are installed once, beside what is there, in either style", async () => {
    const inNew = "<Filter><Prefix>logs/</Prefix></Filter>";
    for (const filter of [undefined, inNew, "<Prefix>logs/</Prefix>"]) {
      await using place = await strictPlace();
      const theirs = `<Rule><ID>logs</ID>${filter}<Status>Enabled</Status><Expiration><Days>7</Days></Expiration></Rule>`;
      if (filter) place.server.bucket.lifecycle = `<LifecycleConfiguration>${theirs}</LifecycleConfiguration>`;
      assert.equal((await checkLifecycle(place.client)).missing.length, 4);
      assert.equal((await installLifecycle(place.client)).length, 4);
      assert.deepEqual(await installLifecycle(place.client), []);
      const writes = place.server.operations.filter((name) => name.startsWith("Put"));
      assert.deepEqual(writes, ["PutBucketLifecycleConfiguration"]);
      const { rules } = await readRules(place.client);
      assert.deepEqual(
        rules.map(({ ID }) => ID),
        [...(filter ? ["logs"] : []), ...ownRules("").map(({ ID }) => ID)],
      );
      assert.equal(rules.find(({ ID }) => ID === "logs")?.Expiration?.Days, filter ? 7 : undefined);
    }
  });
});

describe("a server that knows no rules about uploads", () => {
  it("gets the others", async () => {
    await using place = await strictPlace();
    place.server.fail({
      kind: { status: 400, code: "InvalidArgument" },
      operations: ["PutBucketLifecycleConfiguration"],
      times: 1,
    });
    await installLifecycle(place.client);
    assert.equal((await readRules(place.client)).rules.length, 4);
    assert.deepEqual(await checkLifecycle(place.client), { missing: [], endangering: [] });
  });
});

describe("the doctor of a bucket", () => {
  const states = async (place: Awaited<ReturnType<typeof strictPlace>>) =>
    Object.fromEntries((await checkBucket(place.client)).map(({ name, ok }) => [name, ok]));
  const well = {
    put: true,
    get: true,
    "presigned URL": true,
    list: true,
    delete: true,
    "lifecycle rules": true,
    clock: true,
  };

  it("finds nothing in a good one, and leaves nothing there", async () => {
    await using place = await strictPlace();
    place.clock.now = Date.now();
    await installLifecycle(place.client);
    assert.deepEqual(await states(place), well);
    assert.equal(place.server.bucket.objects.size, 0);
  });

  it("names each right that is missing, each with its remedy", async () => {
    const rights: [string, string[], string[]][] = [
      ["PutObject", ["put"], ["get", "presigned URL", "delete"]],
      ["GetObject", ["get", "presigned URL"], []],
      ["ListObjectsV2", ["list"], []],
      ["DeleteObject", ["delete"], []],
      ["GetBucketLifecycleConfiguration", ["lifecycle rules"], []],
    ];
    for (const [operation, failing, untried] of rights) {
      await using place = await strictPlace();
      place.clock.now = Date.now();
      await installLifecycle(place.client);
      place.server.fail({ kind: { status: 403, code: "AccessDenied" }, operations: [operation], times: 1e9 });
      const expected = Object.fromEntries(
        Object.keys(well)
          .filter((name) => !untried.includes(name))
          .map((name) => [name, !failing.includes(name)]),
      );
      assert.deepEqual(await states(place), expected, operation);
      const findings = await checkBucket(place.client);
      assert.ok(
        findings.every(({ ok, remedy }) => ok || remedy),
        "what is missing comes with a remedy",
      );
    }
  });

  it("asks once for one that cannot be reached", async () => {
    await using place = await strictPlace();
    place.server.fail({ kind: "reset", times: 1e9 });
    assert.deepEqual(await states(place), { connection: false });
    assert.ok(place.server.operations.length <= 4);
  });

  it("tells of a clock that is wrong, and of rules that are not there", async () => {
    await using place = await strictPlace();
    place.clock.now = Date.now() + 3_600_000;
    const findings = await checkBucket(place.client);
    assert.match(findings.find(({ name }) => name === "clock")?.detail ?? "", /^60 minutes behind/);
    const rules = findings.find(({ name }) => name === "lifecycle rules");
    assert.match(rules?.detail ?? "", /talkbox:realtime/);
    assert.match(rules?.remedy ?? "", /--fix-lifecycle/);
  });
});
