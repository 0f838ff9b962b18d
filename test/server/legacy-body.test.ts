import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { AppError } from "../../src/errors.ts";
import type { Log } from "../../src/log.ts";
import { readLegacyFields } from "../../src/server/legacy-body.ts";

const schema = z.object({ text: z.string(), size: z.enum(["720p", "480p"]).default("720p"), skip: z.int().optional() });
const warnings: unknown[] = [];
const log = { warn: (fields: unknown) => warnings.push(fields), child: () => log } as unknown as Log;
const read = (fields: unknown, missing = { text: "텍스트가 필요합니다" }) =>
  readLegacyFields(fields, schema, { log, missing });

test("an empty text and null are the same as an absent field", () => {
  assert.deepEqual(read({ text: "가", size: "", skip: null }), { text: "가", size: "720p" });
});

test("unknown fields are left out, and the log names them without what they say", () => {
  warnings.length = 0;
  assert.deepEqual(read({ text: "가", speed: "secret" }), { text: "가", size: "720p" });
  assert.deepEqual(warnings, [{ fields: ["speed"] }]);
});

test("a missing field is told in the document's words, others in its language with all faults", () => {
  assert.throws(
    () => read({ text: "" }),
    (error: AppError) => {
      assert.deepEqual([error.code, error.message], ["invalid_input", "텍스트가 필요합니다"]);
      return true;
    },
  );
  assert.throws(
    () => read({ text: 5, skip: "x" }),
    (error: AppError) => {
      assert.deepEqual(
        error.violations?.map(({ path }) => path),
        ["text", "skip"],
      );
      assert.match(error.message, /^text: .*[가-힣].*; skip: /);
      return true;
    },
  );
  for (const body of [[], "x", 5]) assert.throws(() => read(body), /JSON 객체/);
});
