import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError, ERROR_CODES, type ErrorCode, toAppError } from "../src/errors.ts";

/** What clients rely on: a change here is a change on the wire. */
const PINNED: Record<ErrorCode, [status: number, retryable: boolean]> = {
  invalid_input: [400, false],
  invalid_audio: [400, false],
  url_refused: [400, false],
  unauthorized: [401, false],
  unknown_operation: [404, false],
  not_found: [404, false],
  conflict: [409, false],
  input_too_large: [413, false],
  queue_full: [429, true],
  too_many_requests: [429, true],
  cancelled: [499, false],
  internal: [500, false],
  engine_failed: [500, true],
  media_failed: [500, true],
  engine_unavailable: [503, false],
  model_unusable: [503, false],
  shutting_down: [503, true],
  download_failed: [502, true],
  timeout: [504, true],
  storage_failed: [507, true],
  output_too_large: [507, false],
};

test("the table is as clients know it", () => {
  assert.deepEqual([...ERROR_CODES].toSorted(), Object.keys(PINNED).toSorted());
  for (const code of ERROR_CODES) {
    const { status, retryable } = new AppError(code, "");
    assert.deepEqual([status, retryable], PINNED[code], code);
  }
});

test("what was not thrown on purpose gives nothing away", () => {
  const { message, code } = toAppError(new Error("secret at /home/someone/key.pem")).report();
  assert.equal(code, "internal");
  assert.doesNotMatch(message, /secret|someone/);
});

test("aborts and full disks are told apart from faults", () => {
  assert.equal(toAppError(AbortSignal.abort().reason).code, "cancelled");
  assert.equal(toAppError(Object.assign(new Error("x"), { code: "ENOSPC" })).code, "storage_failed");
  assert.equal(toAppError(Object.assign(new Error("x"), { code: "EFBIG" })).code, "storage_failed");
});
