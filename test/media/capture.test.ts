import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { captureOutput, CommandFailure } from "../../src/media/capture.ts";
import { liveChildren } from "../../src/media/child-registry.ts";

const node = (script: string, options = {}): Promise<string> =>
  captureOutput(process.execPath, ["-e", script], options);

describe("a short command", () => {
  it("answers what it prints, in one piece", async () => {
    const long = "ж".repeat(100_000);
    assert.equal(await node(`process.stdout.write("ж".repeat(100_000))`), long);
  });

  it("that ends otherwise fails with the last line that it said", async () => {
    const failed = node(`console.error("one\\ntwo"); process.exitCode = 3`);
    await assert.rejects(failed, (error) => error instanceof CommandFailure && error.message === "two");
  });

  it("that takes too long, prints too much, or is not there is ended, and said to be that", async () => {
    await assert.rejects(node("setInterval(() => {}, 1000)", { timeoutMs: 300 }), { code: "timeout" });
    const endless = `const all = "x".repeat(1 << 20); (function more() { process.stdout.write(all, more); })()`;
    await assert.rejects(node(endless), /more than 16 MiB/);
    await assert.rejects(captureOutput("/nowhere/ffprobe", []), { code: "media_failed" });
    assert.deepEqual(liveChildren(), []);
  });

  it("is not in the process group that a terminal's Ctrl-C is for", {
    skip: process.platform !== "linux",
  }, async () => {
    const groupOf = (text: string): string => text.slice(text.lastIndexOf(")") + 2).split(" ")[2] as string;
    const stat = await node(`process.stdout.write(require("fs").readFileSync("/proc/self/stat"))`);
    assert.notEqual(groupOf(stat), groupOf(readFileSync("/proc/self/stat", "utf8")));
  });
});
