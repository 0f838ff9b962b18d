import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "../src/config.ts";
import { AppError } from "../src/errors.ts";

test("an empty environment gives the documented defaults", () => {
  const config = readConfig({}, "/opt/talkbox");
  assert.equal(config.modelsDir, "/opt/talkbox/models");
  assert.equal(config.modelsWith("voices"), "/opt/talkbox/models");
  assert.equal(config.ttlSeconds, 600);
  assert.equal(config.concurrency, 3);
  assert.equal(config.allowPrivateUrls, false);
  assert.ok(Object.isFrozen(config));
});

test("an empty value counts as not set", () => {
  assert.equal(readConfig({ TALKBOX_TTL: "" }, "/").ttlSeconds, 600);
});

test("every bad variable is named in one error", () => {
  const bad = { TALKBOX_TTL: "soon", TALKBOX_CONCURRENCY: "0", TALKBOX_LOG_LEVEL: "loud" };
  assert.throws(
    () => readConfig(bad, "/"),
    (error) => {
      assert.ok(error instanceof AppError);
      assert.deepEqual(error.violations?.map(({ path }) => path).toSorted(), Object.keys(bad).toSorted());
      return true;
    },
  );
});

test("a queue on the platform is seen by its variable", () => {
  assert.equal(readConfig({ RUNPOD_WEBHOOK_GET_JOB: "https://example.invalid/job" }, "/").runpodQueue, true);
});
