import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { it } from "node:test";
import { AppError } from "../../src/errors.ts";
import { decodeMono } from "../../src/media/decode-audio.ts";
import { encodeVideo, type EncodeVideoOptions } from "../../src/media/encode-video.ts";
import { probe } from "../../src/media/probe.ts";
import type { TempDir } from "../../src/media/temp.ts";
import { decodeFrames } from "./decode-frames.ts";
import { describeEachBinaries } from "./each-binaries.ts";
import { assertNothingLeft, withRoot } from "./leftovers.ts";
import { drawTalkingHead, FramePool, framesOf, toneOf } from "./synthetic.ts";

const WIDTH = 320;
const HEIGHT = 180;
const FPS = 25;
const pictures = drawTalkingHead(WIDTH, HEIGHT, 25);
const signal = new AbortController().signal;

await describeEachBinaries("encodeVideo", (binaries) => {
  const job = (root: TempDir, changes: Partial<EncodeVideoOptions> = {}): EncodeVideoOptions => ({
    binaries,
    width: WIDTH,
    height: HEIGHT,
    fps: FPS,
    format: "mp4",
    frames: framesOf(pictures, 50),
    audio: toneOf(24_000, 2),
    sampleRate: 24_000,
    channels: 1,
    path: root.file("video.mp4"),
    tempDir: root.path,
    signal,
    ...changes,
  });

  it("makes H.264 High with BT.709 tags and 48 kHz AAC, tracks together from start to end", async () => {
    await withRoot(async (root) => {
      const pool = new FramePool();
      const made = await encodeVideo(job(root, { frames: framesOf(pictures, 50, pool) }));
      assert.equal(pool.out, 0);
      assert.deepEqual(
        { ...made, bytes: 0 },
        { path: root.file("video.mp4"), mime: "video/mp4", frames: 50, duration: 2, bytes: 0 },
      );
      const { video, audio } = await probe(made.path, { ffprobe: binaries.ffprobe });
      assert.ok(video && audio);
      assert.deepEqual(
        [video.codec, video.profile, video.pixelFormat, video.fps, video.frames],
        ["h264", "High", "yuv420p", 25, 50],
      );
      assert.deepEqual(video.colour, { range: "tv", space: "bt709", primaries: "bt709", transfer: "bt709" });
      assert.deepEqual([audio.codec, audio.sampleRate, audio.channels], ["aac", 48_000, 1]);
      assert.ok(Math.abs(video.start - audio.start) < 0.04, `starts ${video.start} and ${audio.start}`);
      assert.ok(Math.abs((video.duration ?? 0) - (audio.duration ?? 0)) < 0.04);
      await assertNothingLeft(root, ["video.mp4"]);
    });
  });

  it("makes WebM with VP9 and Opus", async () => {
    await withRoot(async (root) => {
      const made = await encodeVideo(
        job(root, { format: "webm", path: root.file("video.webm"), channels: 2, audio: toneOf(24_000, 2, 2) }),
      );
      const { video, audio, duration } = await probe(made.path, { ffprobe: binaries.ffprobe, countFrames: true });
      assert.ok(video && audio);
      assert.deepEqual([video.codec, video.frames, audio.codec, audio.channels], ["vp9", 50, "opus", 2]);
      assert.deepEqual(video.colour, { range: "tv", space: "bt709", primaries: "bt709", transfer: "bt709" });
      assert.ok(Math.abs(video.start - audio.start) < 0.04);
      assert.ok(Math.abs((duration ?? 0) - 2) < 0.04);
    });
  });

  it("shows the pictures it was given, in order and in the same colours", async () => {
    await withRoot(async (root) => {
      const made = await encodeVideo(job(root));
      let worst = 0;
      let count = 0;
      for await (const { index, data } of decodeFrames(made.path, { binaries, width: WIDTH, height: HEIGHT, signal })) {
        const given = pictures[index % pictures.length] as Uint8Array;
        let error = 0;
        for (let at = 0; at < data.length; at++) error += Math.abs((data[at] as number) - (given[at] as number));
        worst = Math.max(worst, error / data.length);
        count += 1;
      }
      assert.equal(count, 50);
      assert.ok(worst < 3, `mean difference of the worst picture is ${worst.toFixed(2)}`);
    });
  });

  it("puts the sound where it was, to the millisecond", async () => {
    await withRoot(async (root) => {
      async function* click() {
        const samples = new Float32Array(48_000);
        for (let at = 0; at < 480; at++) samples[24_000 + at] = Math.sin((2 * Math.PI * at) / 48);
        yield samples;
      }
      const made = await encodeVideo(job(root, { sampleRate: 24_000, audio: click() }));
      const { samples } = await decodeMono(made.path, { binaries, sampleRate: 48_000, signal });
      const onset = samples.findIndex((value) => Math.abs(value) > 0.3);
      assert.ok(Math.abs(onset / 48_000 - 1) < 0.003, `the click is at ${onset / 48_000} s`);
    });
  });

  it("follows short sound with silence, and holds the last picture under long sound", async () => {
    await withRoot(async (root) => {
      for (const [frames, seconds, expected] of [
        [50, 0.5, 50],
        [20, 2, 50],
        [20, 1.99, 50],
        [50, 0, 50],
      ] as const) {
        const pool = new FramePool();
        const made = await encodeVideo(
          job(root, { frames: framesOf(pictures, frames, pool), audio: toneOf(24_000, seconds) }),
        );
        assert.equal(made.frames, expected);
        assert.equal(pool.out, 0);
        const { video, audio } = await probe(made.path, { ffprobe: binaries.ffprobe });
        assert.equal(video?.frames, expected);
        assert.ok(
          Math.abs((video?.duration ?? 0) - (audio?.duration ?? 9)) < 0.04,
          `${video?.duration} and ${audio?.duration}`,
        );
      }
    });
  });

  it("waits for whichever side is slower, and holds two frames at most", async () => {
    await withRoot(async (root) => {
      for (const [frameDelay, audioDelay] of [
        [20, 0],
        [0, 100],
      ] as const) {
        const pool = new FramePool();
        const frames = framesOf(pictures, 50, pool, frameDelay);
        const made = await encodeVideo(job(root, { frames, audio: toneOf(24_000, 2, 1, audioDelay) }));
        assert.equal(made.frames, 50);
        assert.ok(pool.most <= 2, `${pool.most} frames were held`);
      }
    });
  });

  it("ends where the encoder holds back more pictures than there is room for sound", async () => {
    await withRoot(async (root) => {
      // A picture a second: what the encoder looks ahead is many seconds of sound.
      for (const pace of [0, 5]) {
        const frames = framesOf(pictures, 45, undefined, pace);
        const changes = { fps: 1, frames, audio: toneOf(48_000, 45, 2), sampleRate: 48_000, channels: 2 as const };
        const made = await encodeVideo(job(root, { ...changes, signal: AbortSignal.timeout(30_000) }));
        assert.equal(made.frames, 45);
      }
    });
  });

  it("tells of each frame once", async () => {
    await withRoot(async (root) => {
      const counts: number[] = [];
      await encodeVideo(job(root, { onFrame: (count) => counts.push(count) }));
      assert.deepEqual(
        counts,
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
    });
  });

  it("leaves nothing behind when aborted at any moment", async () => {
    for (const moment of [0, 1, 10, 49]) {
      await withRoot(async (root) => {
        const controller = new AbortController();
        const pool = new FramePool();
        const onFrame = (count: number) => count === moment && controller.abort();
        const encoding = encodeVideo(
          job(root, {
            signal: controller.signal,
            frames: framesOf(pictures, 50, pool, 1),
            onFrame: (count) => void onFrame(count),
          }),
        );
        if (moment === 0) setTimeout(() => controller.abort(), 5);
        await assert.rejects(encoding, { code: "cancelled" });
        await new Promise((resolve) => setTimeout(resolve, 10));
        assert.equal(pool.out, 0, "a frame is not released");
        await assertNothingLeft(root);
      });
    }
  });

  it("stops at once when aborted while the sources are stuck", async () => {
    await withRoot(async (root) => {
      const controller = new AbortController();
      async function* stuck() {
        yield* framesOf(pictures, 3);
        await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
      }
      setTimeout(() => controller.abort(), 150);
      const began = performance.now();
      await assert.rejects(encodeVideo(job(root, { frames: stuck(), signal: controller.signal })), {
        code: "cancelled",
      });
      assert.ok(performance.now() - began < 1500);
      await assertNothingLeft(root);
    });
  });

  it("passes on what a source throws", async () => {
    const broken = new AppError("engine_failed", "the renderer broke");
    async function* failing() {
      yield* framesOf(pictures, 5);
      throw broken;
    }
    async function* failingSound() {
      yield new Float32Array(100);
      throw broken;
    }
    for (const changes of [{ frames: failing() }, { audio: failingSound() }]) {
      await withRoot(async (root) => {
        await assert.rejects(encodeVideo(job(root, changes)), broken);
        await assertNothingLeft(root);
      });
    }
  });

  it("answers media_failed when ffmpeg is killed", async () => {
    await withRoot(async (root) => {
      const pool = new FramePool();
      let pid = 0;
      const changes = {
        frames: framesOf(pictures, 200, pool, 1),
        onStart: (started: number) => void (pid = started),
        onFrame: (count: number) => void (count === 10 && process.kill(pid, "SIGKILL")),
      };
      const failure = await encodeVideo(job(root, changes)).catch((error: unknown) => error);
      assert.ok(failure instanceof AppError);
      assert.equal(failure.code, "media_failed");
      assert.match(failure.message, /killed \(SIGKILL\)/);
      await new Promise((resolve) => setTimeout(resolve, 10));
      assert.equal(pool.out, 0);
      await assertNothingLeft(root);
    });
  });

  it("answers storage_failed when the disk is full", async () => {
    await withRoot(async (root) => {
      const failure = await encodeVideo(job(root, { path: "/dev/full" })).catch((error: unknown) => error);
      assert.ok(failure instanceof AppError);
      assert.equal(failure.code, "storage_failed");
      assert.match(failure.message, /Free some/);
      await assertNothingLeft(root);
    });
  });

  it("answers storage_failed at a file-size limit, whenever it is reached", async () => {
    for (const blocks of [0, 8, 40]) {
      await withRoot(async (root) => {
        const path = root.file("ffmpeg");
        await writeFile(path, `#!/bin/sh\nulimit -f ${blocks}\nexec '${binaries.ffmpeg.path}' "$@"\n`, { mode: 0o755 });
        const limited = { ...binaries, ffmpeg: { path, source: "configured" } as const };
        const pool = new FramePool();
        const encoding = encodeVideo(job(root, { binaries: limited, frames: framesOf(pictures, 50, pool) }));
        await assert.rejects(encoding, { code: "storage_failed" }, `${blocks} blocks`);
        await new Promise((resolve) => setTimeout(resolve, 10));
        assert.equal(pool.out, 0);
        await assertNothingLeft(root, ["ffmpeg"]);
      });
    }
  });

  it("refuses odd sizes, frames of another size, and no frames", async () => {
    await withRoot(async (root) => {
      await assert.rejects(encodeVideo(job(root, { width: 321 })), /even/);
      await assert.rejects(encodeVideo(job(root, { width: 318 })), /bytes/);
      await assert.rejects(
        encodeVideo(job(root, { frames: framesOf(pictures, 0), audio: toneOf(24_000, 0) })),
        /at least one frame/,
      );
      await assertNothingLeft(root);
    });
  });

  it("says which encoder an ffmpeg lacks", async () => {
    await withRoot(async (root) => {
      const path = root.file("ffmpeg");
      await writeFile(path, "#!/bin/sh\necho ' V..... mpeg4  MPEG-4'\n", { mode: 0o755 });
      const poor = { ...binaries, ffmpeg: { path, source: "configured" } as const };
      await assert.rejects(encodeVideo(job(root, { binaries: poor })), /without libx264 and aac. Set FFMPEG_PATH/);
      await assertNothingLeft(root, ["ffmpeg"]);
    });
  });
});
