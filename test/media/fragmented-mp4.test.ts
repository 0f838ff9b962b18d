import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { it } from "node:test";
import { AppError } from "../../src/errors.ts";
import type { Binaries } from "../../src/media/binaries.ts";
import { decodeMono } from "../../src/media/decode-audio.ts";
import { encodeGroups, samplesToWholeGroups } from "../../src/media/fragmented-encode.ts";
import {
  GROUP_PICTURES,
  GROUP_SECONDS,
  type Group,
  initSegment,
  mediaSegment,
  STREAM_FPS,
  type StreamConfig,
  streamType,
  wholeFile,
} from "../../src/media/fragmented-mp4.ts";
import { probe } from "../../src/media/probe.ts";
import { decodeFrames } from "./decode-frames.ts";
import { describeEachBinaries } from "./each-binaries.ts";
import { assertNothingLeft, withRoot } from "./leftovers.ts";

const [WIDTH, HEIGHT, RATE] = [96, 64, 24_000];
const { signal } = new AbortController();
/** Pictures from one flash and beep to the next. */
const PERIOD = 20;
const isMarked = (frame: number): boolean => frame % PERIOD === 7;

/** Pictures that flash, of which every place in the stream has its own grey. */
async function* flashing(count: number, first: number): AsyncGenerator<{ data: Uint8Array; release(): void }> {
  for (let index = first; index < first + count; index++) {
    const data = new Uint8Array(WIDTH * HEIGHT * 1.5).fill(128);
    data.fill(isMarked(index) ? 235 : 40, 0, WIDTH * HEIGHT);
    yield { data, release() {} };
  }
}

/** Sound that beeps where the pictures flash. */
function beeping(count: number, first: number): Float32Array {
  const per = RATE / STREAM_FPS;
  const samples = new Float32Array(count * per);
  for (let index = 0; index < count; index++) {
    if (!isMarked(first + index)) continue;
    for (let at = 0; at < per; at++) samples[index * per + at] = 0.6 * Math.sin((2 * Math.PI * 1000 * at) / RATE);
  }
  return samples;
}

async function chunk(
  binaries: Binaries,
  groups: number,
  first: number,
): Promise<{ config: StreamConfig; made: Group[] }> {
  const count = groups * GROUP_PICTURES;
  const made: Group[] = [];
  let config: StreamConfig | undefined;
  const options = { binaries, width: WIDTH, height: HEIGHT, sampleRate: RATE, signal };
  const samples = Promise.resolve(beeping(count, first));
  for await (const each of encodeGroups({ ...options, frames: flashing(count, first), samples })) {
    config = each.config;
    made.push(each.group);
  }
  assert.ok(config);
  assert.equal(made.length, groups);
  return { config, made };
}

/** Times at which pictures flash and sound begins to beep, of a file. */
async function marks(
  path: string,
  binaries: Binaries,
): Promise<{ flashes: number[]; beeps: number[]; frames: number }> {
  const { samples } = await decodeMono(path, { binaries, sampleRate: 48_000, signal });
  const beeps: number[] = [];
  let quiet = 0;
  for (const [at, sample] of samples.entries()) {
    if (Math.abs(sample) < 0.1) quiet++;
    else {
      if (quiet > 4800) beeps.push(at / 48_000);
      quiet = 0;
    }
  }
  const flashes: number[] = [];
  let frames = 0;
  for await (const { data } of decodeFrames(path, { binaries, width: WIDTH, height: HEIGHT, layout: "gray", signal })) {
    if ((data[(HEIGHT / 2) * WIDTH + WIDTH / 2] as number) > 180) flashes.push(frames / STREAM_FPS);
    frames++;
  }
  return { flashes, beeps, frames };
}

await describeEachBinaries("fragmented MP4", (binaries) => {
  it("joins chunks that were encoded apart into one stream without a gap, pictures and sound in step", async () => {
    await withRoot(async (root) => {
      const sizes = [7, 3, 5];
      const pieces: Uint8Array[] = [];
      let index = 0;
      let first = 0;
      for (const size of sizes) {
        const { config, made } = await chunk(binaries, size, first);
        if (index === 0) {
          pieces.push(initSegment(config));
          assert.match(streamType(config), /^video\/mp4; codecs="avc1\.6400[0-9a-f]{2},mp4a\.40\.2"$/);
        }
        for (const group of made) {
          assert.equal(group.pictures.length, 8);
          assert.equal(group.sounds.length, 15);
          pieces.push(mediaSegment(index++, group));
        }
        first += size * GROUP_PICTURES;
      }
      const path = root.file("stream.mp4");
      await writeFile(path, Buffer.concat(pieces));
      const { flashes, beeps, frames } = await marks(path, binaries);
      assert.equal(frames, 15 * GROUP_PICTURES);
      const expected = Array.from({ length: frames }, (_, frame) => frame).filter(isMarked);
      assert.deepEqual(
        flashes,
        expected.map((frame) => frame / STREAM_FPS),
      );
      assert.equal(beeps.length, expected.length);
      for (const [at, beep] of beeps.entries()) assert.ok(Math.abs(beep - (flashes[at] ?? 0)) < 0.003, `${beep} s`);
      assert.deepEqual(
        decodeTimes(Buffer.concat(pieces)),
        Array.from({ length: 15 }, (_, group) => [group * 15_360, group * 15_360]).flat(),
      );
    });
  });

  it("writes the same chunk as a whole file of its exact length", async () => {
    await withRoot(async (root) => {
      const { config, made } = await chunk(binaries, 7, 0);
      const path = root.file("chunk.mp4");
      await writeFile(path, Buffer.concat(wholeFile(config, made)));
      const { duration, video } = await probe(path, { ffprobe: binaries.ffprobe, signal });
      assert.ok(Math.abs((duration ?? 0) - 7 * GROUP_SECONDS) < 0.001, `${duration} s`);
      assert.equal(video?.width, WIDTH);
      const { flashes, beeps, frames } = await marks(path, binaries);
      assert.equal(frames, 56);
      assert.equal(beeps.length, flashes.length);
      for (const [at, beep] of beeps.entries()) assert.ok(Math.abs(beep - (flashes[at] ?? 0)) < 0.003);
    });
  });

  it("leaves nothing behind when it is cancelled or its pictures fail", async () => {
    await withRoot(async (root) => {
      const options = { binaries, width: WIDTH, height: HEIGHT, sampleRate: RATE };
      const cancel = new AbortController();
      await assert.rejects(
        async () => {
          const frames = flashing(1000, 0);
          const samples = Promise.resolve(beeping(1000, 0));
          for await (const _ of encodeGroups({ ...options, frames, samples, signal: cancel.signal })) cancel.abort();
        },
        (error: unknown) => error instanceof AppError && error.code === "cancelled",
      );
      async function* failing(): AsyncGenerator<{ data: Uint8Array; release(): void }> {
        yield* flashing(20, 0);
        throw new AppError("engine_failed", "the engine broke");
      }
      await assert.rejects(
        async () => {
          const samples = Promise.resolve(beeping(40, 0));
          for await (const _ of encodeGroups({ ...options, frames: failing(), samples, signal }));
        },
        (error: unknown) => error instanceof AppError && error.code === "engine_failed",
      );
      await assertNothingLeft(root);
    });
  });
});

it("says how much silence fills a sound up to whole groups", () => {
  assert.equal(samplesToWholeGroups(0, 24_000), 7680);
  assert.equal(samplesToWholeGroups(7680, 24_000), 0);
  assert.equal(samplesToWholeGroups(7681, 24_000), 7679);
});

/** The times at which the runs of samples begin, in the order of the file. */
function decodeTimes(file: Buffer): number[] {
  const times: number[] = [];
  for (let at = file.indexOf("tfdt"); at >= 0; at = file.indexOf("tfdt", at + 4)) {
    times.push(Number(file.readBigUInt64BE(at + 8)));
  }
  return times;
}
