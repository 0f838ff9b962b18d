import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { decodeBase64 } from "../../src/net/base64.ts";

const options = { maxBytes: 100, code: "invalid_audio" } as const;

describe("decodeBase64", () => {
  it("decodes with and without a data URL's prefix, padding of every kind, and line breaks", async () => {
    for (let length = 1; length <= 100; length++) {
      const bytes = randomBytes(length);
      const text = bytes.toString("base64");
      const broken = text.replace(/.{64}/g, "$&\r\n");
      for (const form of [
        text,
        `data:audio/wav;base64,${text}`,
        `DATA:;name=x;BASE64,${text}`,
        `${text}\n`,
        ` ${broken} `,
      ]) {
        assert.deepEqual(Buffer.from(await decodeBase64(form, options)), bytes);
      }
    }
  });

  it("refuses everything else with the caller's code", async () => {
    const bad = [
      "",
      " ",
      "=",
      "====",
      "A",
      "AA",
      "AAA",
      "AA=",
      "AAAA=",
      "AA=A",
      "A===",
      "AA==AAAA",
      "AAA-",
      "AAA_",
      "AAAé",
      "ŁAAA",
      "㵁AAA",
      "data:,AAAA",
    ];
    for (const text of [...bad, "data:audio/wav;base64,", "AAA\0", "AAA%3D", "data:audio/wav,AAAA", "http://x/"]) {
      await assert.rejects(decodeBase64(text, options), { code: "invalid_audio" }, JSON.stringify(text));
      await assert.rejects(decodeBase64(text, { ...options, code: "invalid_input" }), { code: "invalid_input" });
    }
  });

  it("checks the size before decoding", async () => {
    await assert.rejects(decodeBase64(randomBytes(101).toString("base64"), options), { code: "input_too_large" });
    await assert.rejects(decodeBase64("!".repeat(10_000), options), { code: "input_too_large" });
    assert.equal((await decodeBase64(randomBytes(100).toString("base64"), options)).length, 100);
  });

  it("decodes tens of megabytes without holding up the event loop", async () => {
    const bytes = randomBytes(40_000_000);
    const text = bytes.toString("base64");
    let longest = 0;
    let last = process.threadCpuUsage();
    // Time of this thread on the processor, so that other processes do not count.
    const timer = setInterval(() => {
      const { user, system } = process.threadCpuUsage(last);
      longest = Math.max(longest, (user + system) / 1000);
      last = process.threadCpuUsage();
    });
    const decoded = await decodeBase64(text, { ...options, maxBytes: 50_000_000 });
    clearInterval(timer);
    assert.ok(bytes.equals(decoded));
    assert.ok(longest < 20, `the event loop stood still for ${longest.toFixed(1)} ms`);
    const wrong = `${text.slice(0, 30_000_000)}!${text.slice(30_000_001)}`;
    await assert.rejects(decodeBase64(wrong, { ...options, maxBytes: 50_000_000 }), { code: "invalid_audio" });
  });

  it("stops when aborted", async () => {
    await assert.rejects(decodeBase64("AAAA", { ...options, signal: AbortSignal.abort() }), { code: "cancelled" });
  });
});
