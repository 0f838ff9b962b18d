import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { readProviders } from "../../src/inference/providers.ts";
import { originOf } from "../../tools/figures-origin.ts";

const root = join(import.meta.dirname, "../..");

describe("figures of a GPU", () => {
  const found = { gpu: "NVIDIA H200, 570.1\n", processor: "16 × EPYC", commit: "f21405c", changes: "" };

  it("are those of a date, a device and a commit", () => {
    assert.deepEqual(originOf(found, new Date("2026-11-22T01:00:00Z")), {
      date: "2026-11-22",
      device: "NVIDIA H200, 570.1; 16 × EPYC",
      commit: "f21405c",
    });
  });

  it("are none where one of the three is not known", () => {
    assert.throws(() => originOf({ ...found, gpu: "" }), /--device/);
    assert.throws(() => originOf({ ...found, commit: "" }), /no commit/);
    assert.throws(() => originOf({ ...found, changes: " M src/log.ts" }), /f21405c has not.*Commit them first/);
  });

  const { passedOver } = readProviders("");
  it("are not there where there is no GPU, and the page says so", { skip: passedOver.length < 2 }, async () => {
    const script = join(root, "tools/gpu-check.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [script, "--stdout"], { cwd: root });
    assert.match(stdout, /State: \*\*not run\*\*/);
    assert.doesNotMatch(stdout, /Date:|passed/);
    const page = await readFile(join(root, "docs/gpu.md"), "utf8");
    assert.ok(page.includes("**not run**") ? page === stdout : /^Date: .* Device: .* Commit: /m.test(page));
  });
});
