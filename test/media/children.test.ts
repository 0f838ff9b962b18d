import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Binaries } from "../../src/media/binaries.ts";
import { liveChildren } from "../../src/media/child-registry.ts";
import { clipFrames, makeClip } from "../../src/media/clip.ts";
import { decodeAudio } from "../../src/media/decode-audio.ts";
import { encodeAudio } from "../../src/media/encode-audio.ts";
import { encodeVideo, type VideoFrame } from "../../src/media/encode-video.ts";
import { encodeGroups } from "../../src/media/fragmented-encode.ts";
import { probe } from "../../src/media/probe.ts";
import { streamAudio } from "../../src/media/stream-audio.ts";
import type { TempDir } from "../../src/media/temp.ts";
import { assertNothingLeft, withRoot } from "./leftovers.ts";

const [WIDTH, HEIGHT, RATE] = [16, 16, 24_000];
const FRAME = WIDTH * HEIGHT * 1.5;
/** What a stand-in says of every file: a short video. */
const DESCRIBED = `{"streams":[{"codec_type":"video","width":${WIDTH},"height":${HEIGHT}}],"format":{"duration":"1"}}`;
const ENCODERS = ["libx264", "aac", "libmp3lame"].map((name) => ` V..... ${name} x`).join("\\n");

/** How a stand-in goes on after what it wrote. None of them heeds SIGTERM. */
const LIVES_ON = {
  "keeps its pipes": "exec sleep 600",
  "has closed its output": "exec sleep 600 >&-",
  "has closed all its pipes": "exec sleep 600 <&- >&- 2>&-",
} as const;
const ENDS_LATE = "exec <&- >&- 2>&-\nsleep 0.2\nexit";

type StandIns = Binaries & {
  /** Process ids of those that have written what they write and go on. */
  readonly running: () => Promise<readonly number[]>;
  /** Resolves when `count` of them do. */
  readonly ready: (count?: number) => Promise<void>;
};

/**
 * An ffmpeg and an ffprobe that write `bytes` of zeros, or that every file is a video, and then do as `then` says.
 * What they can encode is answered at once.
 */
async function standIns(
  root: TempDir,
  then: string,
  { bytes = FRAME, ffprobe = then }: { readonly bytes?: number; readonly ffprobe?: string } = {},
): Promise<StandIns> {
  const folder = root.file("bin");
  await mkdir(folder);
  const pids = join(folder, "pids");
  await writeFile(pids, "");
  const make = async (name: string, lines: readonly string[]) => {
    const path = join(folder, name);
    await writeFile(path, ["#!/bin/sh", "trap '' TERM", ...lines].join("\n"), { mode: 0o755 });
    return { path, source: "configured" } as const;
  };
  const running = async () => (await readFile(pids, "utf8")).split("\n").filter(Boolean).map(Number);
  return {
    ffmpeg: await make("ffmpeg", [
      `case "$*" in *-encoders*) printf '${ENCODERS}\\n'; exit 0;; esac`,
      `head -c ${bytes} /dev/zero`,
      `echo $$ >> '${pids}'`,
      then,
    ]),
    ffprobe: await make("ffprobe", [`echo '${DESCRIBED}'`, `echo $$ >> '${pids}'`, ffprobe]),
    running,
    async ready(count = 1) {
      while ((await running()).length < count) await sleep(5);
    },
  };
}

/** A test over stand-ins; what it leaves alive does not outlive it. */
async function withStandIns(
  then: string,
  options: Parameters<typeof standIns>[2],
  test: (binaries: StandIns, root: TempDir) => Promise<void>,
): Promise<void> {
  await withRoot(async (root) => {
    try {
      await test(await standIns(root, then, options), root);
    } finally {
      for (const pid of liveChildren()) process.kill(pid, "SIGKILL");
      while (liveChildren().length > 0) await sleep(5);
    }
  });
}

type Call = (made: {
  readonly binaries: Binaries;
  readonly root: TempDir;
  readonly signal: AbortSignal;
  /** Awaited by what brings pictures and sound, before it brings more. */
  readonly hold: Promise<unknown>;
}) => Promise<unknown>;

async function drain(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source);
}

async function* pictures(hold: Promise<unknown>): AsyncGenerator<VideoFrame> {
  yield { data: new Uint8Array(FRAME), release() {} };
  await hold;
}

async function* sound(hold: Promise<unknown>): AsyncGenerator<Float32Array> {
  yield new Float32Array(RATE);
  await hold;
}

const decoded = { width: WIDTH, height: HEIGHT } as const;
const shape = { ...decoded, sampleRate: RATE } as const;
const READERS = {
  probe: ({ binaries, signal }) => probe("input", { ffprobe: binaries.ffprobe, signal }),
  decodeAudio: ({ binaries, signal }) => drain(decodeAudio("input", { binaries, sampleRate: RATE, signal })),
  clipFrames: ({ binaries, signal }) =>
    drain(clipFrames("input", { ...decoded, binaries, filter: "", layout: "i420", signal })),
} as const satisfies Record<string, Call>;
const WRITERS = {
  encodeAudio: ({ binaries, root, signal, hold }) =>
    encodeAudio(
      { sampleRate: RATE, channels: 1, chunks: sound(hold) },
      { path: root.file("a.mp3"), format: "mp3", binaries: () => Promise.resolve(binaries), signal },
    ),
  streamAudio: ({ binaries, signal, hold }) => {
    const source = { sampleRate: RATE, channels: 1, chunks: sound(hold) };
    return drain(streamAudio(source, { format: "mp3", binaries: () => Promise.resolve(binaries), signal }));
  },
  encodeVideo: ({ binaries, root, signal, hold }) =>
    encodeVideo({
      ...shape,
      binaries,
      signal,
      fps: 25,
      format: "mp4",
      frames: pictures(hold),
      audio: sound(hold),
      channels: 1,
      path: root.file("v.mp4"),
      tempDir: root.path,
    }),
  encodeGroups: ({ binaries, signal, hold }) =>
    drain(
      encodeGroups({
        ...shape,
        binaries,
        signal,
        frames: pictures(hold),
        samples: hold.then(() => new Float32Array(RATE)),
      }),
    ),
} as const satisfies Record<string, Call>;
const CLIP: Call = ({ binaries, root, signal }) =>
  makeClip("input", root.file("clip.mp4"), { binaries, maxSeconds: 60, maxSide: 640, signal });

/** What is peculiar to a call: how many processes it starts, and what these are to say for it to go on. */
const PECULIAR: Readonly<Record<string, { readonly processes: number } & Parameters<typeof standIns>[2]>> = {
  // What is no AAC would end its sound at once.
  encodeGroups: { processes: 2, bytes: 0 },
  makeClip: { processes: 2, ffprobe: "exit" },
};

/** Fails when a process that the call started has not been seen to end. To be called as the call has settled, at once. */
async function assertGone(root: TempDir, binaries: StandIns): Promise<void> {
  assert.deepEqual(liveChildren(), [], "the call ended before its process");
  const pids = await binaries.running();
  assert.ok(pids.length > 0);
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" }, `${pid} is alive`);
  await assertNothingLeft(root, ["bin"]);
}

/** What a promise came to, so that it can be waited for without being thrown. */
function settled(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("no call ends before its process", () => {
  const never = new AbortController().signal;
  const stuck = new Promise<never>(() => {});

  for (const [what, then] of Object.entries(LIVES_ON)) {
    for (const [name, call] of Object.entries<Call>({ ...READERS, ...WRITERS, makeClip: CLIP })) {
      it(`${name}, aborted while its process ${what}`, async () => {
        await withStandIns(then, PECULIAR[name], async (binaries, root) => {
          const controller = new AbortController();
          const ended = settled(call({ binaries, root, signal: controller.signal, hold: stuck }));
          await binaries.ready(PECULIAR[name]?.processes);
          // Time to see that the output has ended, as most do; either way the call ends.
          await sleep(20);
          controller.abort();
          const error = await ended;
          await assertGone(root, binaries);
          const { code } = error as { code?: unknown };
          // What takes no more is ended for that, should it be noticed before the abort.
          const noticed = what === "has closed all its pipes" && code === "media_failed";
          assert.ok(noticed || code === "cancelled", String(error));
        });
      });
    }
  }

  for (const [name, call] of Object.entries<Call>(WRITERS)) {
    it(`${name}, as what it writes fails`, async () => {
      await withStandIns(LIVES_ON["keeps its pipes"], PECULIAR[name], async (binaries, root) => {
        const hold = binaries.ready(PECULIAR[name]?.processes).then(() => Promise.reject(new Error("broken")));
        hold.catch(() => undefined);
        const error = await settled(call({ binaries, root, signal: never, hold }));
        await assertGone(root, binaries);
        assert.match(String((error as Error).cause ?? error), /broken/);
      });
    });

    it(`${name}, as its process takes no more and ends late`, async () => {
      await withStandIns(`${ENDS_LATE} 1`, PECULIAR[name], async (binaries, root) => {
        const error = await settled(
          call({ binaries, root, signal: never, hold: binaries.ready(PECULIAR[name]?.processes) }),
        );
        await assertGone(root, binaries);
        assert.equal((error as { code?: unknown }).code, "media_failed", String(error));
      });
    });
  }

  for (const [name, call] of Object.entries<Call>(READERS)) {
    for (const [how, status] of [
      ["well", 0],
      ["badly", 1],
    ] as const) {
      it(`${name}, as its process has said all and ends late and ${how}`, async () => {
        await withStandIns(`${ENDS_LATE} ${status}`, {}, async (binaries, root) => {
          const error = await settled(call({ binaries, root, signal: never, hold: stuck }));
          await assertGone(root, binaries);
          assert.equal(error === undefined, status === 0, String(error));
        });
      });
    }
  }

  it("a reader that is left early", async () => {
    const binary = { sampleRate: RATE, signal: never };
    const readers = {
      decodeAudio: (binaries: Binaries) => decodeAudio("input", { ...binary, binaries }),
      clipFrames: (binaries: Binaries) =>
        clipFrames("input", { ...decoded, binaries, filter: "", layout: "i420", signal: never }),
      streamAudio: (binaries: Binaries) => {
        const source = { sampleRate: RATE, channels: 1, chunks: sound(stuck) };
        return streamAudio(source, { format: "mp3", binaries: () => Promise.resolve(binaries), signal: never });
      },
    };
    for (const then of Object.values(LIVES_ON)) {
      for (const reader of Object.values(readers)) {
        await withStandIns(then, {}, async (binaries, root) => {
          for await (const _ of reader(binaries)) {
            await binaries.ready();
            break;
          }
          await assertGone(root, binaries);
        });
      }
    }
  });
});
