import assert from "node:assert/strict";
import { test } from "node:test";
import { resample } from "../../src/signal/resample.ts";
import { resampleStream, StreamResampler } from "../../src/signal/stream-resampler.ts";

const sound = Float32Array.from({ length: 5_000 }, (_, n) => Math.sin(n * n * 1e-4));

async function* cut(samples: Float32Array, size: number): AsyncGenerator<Float32Array> {
  for (let at = 0; at < samples.length; at += size) yield samples.subarray(at, at + size);
}

async function joined(stream: AsyncIterable<Float32Array>): Promise<Float32Array> {
  const values: number[] = [];
  for await (const block of stream) for (const x of block) values.push(x);
  return Float32Array.from(values);
}

for (const [from, to] of [
  [44_100, 48_000],
  [48_000, 44_100],
  [48_000, 8_000],
  [8_000, 48_000],
  [40_000, 44_100],
  [1_498, 1_000],
] as const) {
  test(`${from} → ${to} Hz: blocks of any length make what the whole makes`, async () => {
    for (const length of [1, 79, 5_000]) {
      const whole = resample(sound.subarray(0, length), from, to);
      for (const size of [1, 7, 1_000, 10_000]) {
        if (size === 1 && length > 1_000) continue;
        assert.deepEqual(await joined(resampleStream(cut(sound.subarray(0, length), size), from, to)), whole);
      }
    }
  });
}

test("at the same rate the blocks pass as they are", async () => {
  const blocks: Float32Array[] = [];
  for await (const block of resampleStream(cut(sound, 999), 44_100, 44_100)) blocks.push(block);
  assert.equal(blocks.length, Math.ceil(5_000 / 999));
  assert.deepEqual(blocks[0], sound.subarray(0, 999));
});

test("nothing gives nothing", () => {
  const resampler = new StreamResampler(44_100, 48_000);
  assert.equal(resampler.push(new Float32Array(0)).length, 0);
  assert.equal(resampler.finish().length, 0);
});
