import assert from "node:assert/strict";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { test } from "node:test";
import { AppError } from "../../src/errors.ts";
import { parseLargeJson, writeLargeJson } from "../../src/jobs/large-json.ts";

const MEGABYTE = 1 << 20;

/** A string of a length, of pieces that hold every kind of character and escape. */
function mixed(units: number, seed: number): string {
  const pieces = ["a", "=", "/", "\\", '"', "\n", "\u0000", "é", "안", "😀", "\u2028", "b".repeat(50)];
  let text = "";
  for (let at = seed; text.length < units; at = (at * 1103515245 + 12345) % 2147483648) {
    text += pieces[at % pieces.length];
  }
  return text;
}

async function refusal(text: string | Buffer): Promise<AppError> {
  try {
    await parseLargeJson(Buffer.from(text));
  } catch (error) {
    assert.ok(error instanceof AppError);
    return error;
  }
  return assert.fail("the text was accepted");
}

test("what is written is read back, and both are what the built-in functions make of it", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const value = {
      short: mixed(100, seed),
      long: mixed(65_530 + seed * 40_000, seed),
      list: [mixed(300_000, seed + 1), null, 1.5, true, { a: [] }],
      tail: "x",
    };
    const written = Buffer.concat(await writeLargeJson(value));
    assert.deepEqual(JSON.parse(written.toString()), value);
    assert.deepEqual(await parseLargeJson(written), value);
    // Escapes as other writers put them.
    const escaped = JSON.stringify(value)
      .replaceAll("/", "\\/")
      .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
    assert.deepEqual(await parseLargeJson(Buffer.from(escaped)), value);
  }
});

test("a client's string cannot stand for another", async () => {
  const value = { a: "0".repeat(100_000), b: "abcdef012345abcdef012345:0", c: "1".repeat(100_000) };
  assert.deepEqual(await parseLargeJson(Buffer.concat(await writeLargeJson(value))), value);
});

for (const [what, text] of [
  ["nothing", ""],
  ["half an object", '{"a":'],
  ["a string without an end", `{"a":"${"x".repeat(100_000)}`],
  ["a control character in a long string", `{"a":"${"x".repeat(100_000)}\n"}`],
  ["a bad escape in a long string", `{"a":"${"x".repeat(100_000)}\\q"}`],
  ["two values", "{} {}"],
  ["a prototype", '{"input":{"__proto__":{"a":1}}}'],
  ["a constructor", '{"input":{"constructor":{"prototype":{}}}}'],
  ["a name of 100,000 characters", `{"${"k".repeat(100_000)}":1}`],
  ["10,000 levels", `${"[".repeat(10_000)}${"]".repeat(10_000)}`],
  ["levels with strings between them", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`],
] as const) {
  test(`refused: ${what}`, async () => assert.equal((await refusal(text)).code, "invalid_input"));
}

test("refused: much that is not in long strings", async () => {
  assert.equal((await refusal(`[${"1,".repeat(8 * MEGABYTE)}1]`)).code, "input_too_large");
  assert.equal((await refusal(`[${'"abc",'.repeat(2 * MEGABYTE)}1]`)).code, "input_too_large");
});

test("a message quotes nothing of the text", async () => {
  assert.doesNotMatch((await refusal('{"key": secret-in-the-text}')).message, /secret/);
});

test("16 MB are read and written in slices", async () => {
  const value = { audio: Buffer.alloc(12 * MEGABYTE, "audio").toString("base64") };
  const text = Buffer.from(JSON.stringify(value));
  let turns = 0;
  let counting = true;
  const count = (): void => {
    turns++;
    if (counting) setImmediate(count);
  };
  count();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const parsed = (await parseLargeJson(text)) as typeof value;
  const pieces = await writeLargeJson(parsed);
  counting = false;
  assert.equal(Buffer.compare(Buffer.concat(pieces), text), 0);
  assert.ok(turns > 100, `${turns} turns of the event loop`);
});
