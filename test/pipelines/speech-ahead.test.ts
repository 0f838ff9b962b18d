import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { SpeechPart } from "../../src/engines/speech/speech-engine.ts";
import { speechAhead } from "../../src/pipelines/speech-ahead.ts";

/** A second of silence. */
const part = (text: string): SpeechPart => ({
  text,
  language: "ko",
  audio: { sampleRate: 100, samples: new Float32Array(100) },
});

/** Parts that say when they are made, and when their maker is let go. */
function made(count: number, failAt = -1): { source: AsyncGenerator<SpeechPart, void>; seen: string[] } {
  const seen: string[] = [];
  async function* source(): AsyncGenerator<SpeechPart, void> {
    try {
      for (let at = 0; at < count; at++) {
        if (at === failAt) throw new Error("no breath");
        seen.push(String(at));
        yield part(String(at));
      }
    } finally {
      seen.push("left");
    }
  }
  return { source: source(), seen };
}

const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 50; turns++) await turn();
};

test("speech is made to its end before anybody reads it, and is read whole", async () => {
  const { source, seen } = made(5);
  const told: string[] = [];
  let ended = 0;
  const ahead = speechAhead(source, { seconds: 10, onPart: ({ text }) => told.push(text), onEnd: () => ended++ });
  await settle();
  assert.deepEqual([told, ended, seen.at(-1)], [["0", "1", "2", "3", "4"], 1, "left"]);
  const read = [];
  for await (const { text } of ahead.parts) read.push(text);
  assert.deepEqual(read, told);
});

test("no more sound is held ahead of the reader than may be", async () => {
  const { source, seen } = made(10);
  const ahead = speechAhead(source, { seconds: 2, onPart: () => {}, onEnd: () => {} });
  await settle();
  assert.deepEqual(seen, ["0", "1", "2"], "one beyond the bound is at hand");
  await ahead.parts.next();
  await settle();
  assert.equal(seen.length, 4);
  const rest = [];
  for await (const { text } of ahead.parts) rest.push(text);
  assert.equal(rest.length, 9);
});

test("a failure reaches the reader, and who leaves early or never reads lets the maker go", async () => {
  const failing = made(5, 2);
  const ahead = speechAhead(failing.source, { seconds: 10, onPart: () => {}, onEnd: () => assert.fail("ended") });
  await settle();
  await assert.rejects(ahead.parts.next(), /no breath/);
  for (const read of [0, 1]) {
    const { source, seen } = made(100);
    const left = speechAhead(source, { seconds: 1, onPart: () => {}, onEnd: () => assert.fail("ended") });
    if (read > 0) await left.parts.next();
    await left.close();
    assert.equal(seen.at(-1), "left");
    assert.ok(seen.length < 10);
  }
});
