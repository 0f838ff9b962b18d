import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import sharp from "sharp";
import type { FaceFinder } from "../../src/engines/faces/face-finder.ts";
import { frameBytes, planesOf } from "../../src/engines/lipsync/rig/frame-planes.ts";
import type { Similarity } from "../../src/engines/lipsync/rig/photo/axes.ts";
import { loadPhotoFrame } from "../../src/engines/lipsync/rig/photo/photo-frame.ts";
import { sample } from "../../src/engines/lipsync/rig/photo/sample.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { AppError } from "../../src/errors.ts";
import { faceBox, mapMarks } from "../../src/library/face-marks.ts";
import { resolveBinaries } from "../../src/media/binaries.ts";
import { liveChildren } from "../../src/media/child-registry.ts";
import { encodeVideo } from "../../src/media/encode-video.ts";
import { writeWav } from "../../src/media/wav.ts";
import { BABBLE, partOf, silence, spoken } from "../rig/speech.ts";
import { prepareAstronaut, scratchFolder } from "./astronaut.ts";

const [WIDTH, HEIGHT] = [640, 360];
const FRAMES = 30;
const signal = new AbortController().signal;
const binaries = await resolveBinaries();
const scratch = await scratchFolder();
after(() => scratch[Symbol.asyncDispose]());

const profile = await prepareAstronaut(scratch.path);
const photo = await loadPhotoFrame(join(scratch.path, "picture.png"), profile, profile.marks, WIDTH, HEIGHT);

/** Where the face of the test's video lies in its frame `i`: it tilts, swings and comes nearer. */
function placeAt(i: number): Similarity {
  const turn = 0.07 * Math.sin(i / 7);
  const size = 1 + 0.06 * Math.sin(i / 11);
  const [a, b] = [size * Math.cos(turn), size * Math.sin(turn)];
  const [cx, cy] = [WIDTH / 2, HEIGHT / 2];
  return [a, b, cx - a * cx + b * cy + 22 * Math.sin(i / 9), cy - b * cx - a * cy + 9 * Math.sin(i / 5)];
}

/** The photo as a camera would show it that moves. */
async function* filmed(count: number): AsyncGenerator<{ data: Uint8Array; release(): void }> {
  const { texture } = photo;
  for (let i = 0; i < count; i++) {
    const data = new Uint8Array(frameBytes(WIDTH, HEIGHT));
    const planes = planesOf(data, WIDTH, HEIGHT);
    const [a, b, c, d] = placeAt(i);
    const size = a * a + b * b;
    const from = (x: number, y: number): [number, number] => [
      (a * (x - c) + b * (y - d)) / size,
      (a * (y - d) - b * (x - c)) / size,
    ];
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const [sx, sy] = from(x, y);
        planes.y[y * WIDTH + x] = sample(texture.y, texture.width, texture.height, 2 * sx + 0.5, 2 * sy + 0.5) + 0.5;
      }
    }
    for (let y = 0; y < planes.chromaHeight; y++) {
      for (let x = 0; x < planes.chromaWidth; x++) {
        const [sx, sy] = from(2 * x, 2 * y + 0.5);
        const at = y * planes.chromaWidth + x;
        planes.u[at] = sample(texture.u, texture.chromaWidth, texture.chromaHeight, sx + 0.25, sy) + 0.5;
        planes.v[at] = sample(texture.v, texture.chromaWidth, texture.chromaHeight, sx + 0.25, sy) + 0.5;
      }
    }
    yield { data, release: () => undefined };
  }
}

async function film(path: string, count: number, fps = 25): Promise<string> {
  const sound = (async function* () {
    yield new Float32Array(count === 1 ? 960 : 2400);
  })();
  await encodeVideo({
    binaries,
    width: WIDTH,
    height: HEIGHT,
    fps,
    format: "mp4",
    frames: filmed(count),
    audio: sound,
    sampleRate: 24_000,
    channels: 1,
    path,
    crf: 12,
    signal,
  });
  return path;
}

/** Knows the face of the video's first picture. */
const told: FaceFinder = {
  id: "told",
  availability: async () => ({ available: true }),
  open: async () => ({
    find: async () => [{ score: 1, marks: mapMarks(photo.marks, ([x, y]) => [x + 0.5, y + 0.5]) }],
    [Symbol.asyncDispose]: async () => undefined,
  }),
};

const rig = createRigEngine({
  modelsDir: join(scratch.path, "models"),
  dataDir: join(scratch.path, "data"),
  faces: told,
  binaries: async () => binaries,
});
const folder = join(scratch.path, "video");
await mkdir(folder);
const source = await film(join(scratch.path, "source.mp4"), FRAMES);
const adopted = await rig.adopt?.({ path: source, kind: "video" }, folder, signal);

const OPTIONS = { avatar: "x_short", likeness: folder, resolution: "360p", fps: 25, frameSkip: 1 } as const;

async function render(seconds: number, fps = 25): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for await (const frame of rig.render(spoken(silence(seconds)), { ...OPTIONS, fps }, signal)) {
    frames.push(frame.data.slice());
    frame.release();
  }
  return frames;
}

/** Mean difference of two frames' luma. */
function difference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < WIDTH * HEIGHT; i++) sum += Math.abs((a[i] as number) - (b[i] as number));
  return sum / (WIDTH * HEIGHT);
}

test("the face is followed through the video to half a pixel", () => {
  assert.ok(adopted?.kind === "video");
  assert.deepEqual([adopted.frames, adopted.fps, adopted.width, adopted.height], [FRAMES, 25, WIDTH, HEIGHT]);
  const [left, top, width, height] = faceBox(adopted.marks);
  const corners = [
    [left, top],
    [left + width, top],
    [left, top + height],
    [left + width, top + height],
  ] as const;
  let worst = 0;
  for (const [i, [a, b, c, d]] of adopted.track.entries()) {
    const [p, q, r, s] = placeAt(i);
    for (const [x, y] of corners) {
      worst = Math.max(
        worst,
        Math.hypot(a * x - b * y + c - (p * x - q * y + r), b * x + a * y + d - (q * x + p * y + s)),
      );
    }
  }
  assert.ok(worst < 0.8, `${worst.toFixed(2)} pixels at a corner of the face`);
});

test("the video plays there and back again without a jump", async () => {
  const frames = await render((3 * FRAMES) / 25);
  assert.equal(frames.length, Math.ceil(3 * FRAMES));
  const steps = frames.slice(1).map((frame, i) => difference(frame, frames[i] as Uint8Array));
  const usual = steps.toSorted((a, b) => a - b)[steps.length >> 1] as number;
  assert.ok(usual > 0.3, "the video moves");
  assert.ok(Math.max(...steps) < 3 * usual, `${Math.max(...steps).toFixed(2)} for ${usual.toFixed(2)}`);
  // Frame n−1+k shows what frame n−1−k did, and after 2(n−1) frames all begins anew.
  for (const k of [1, 7, 20]) {
    assert.ok(
      difference(frames[FRAMES - 1 + k] as Uint8Array, frames[FRAMES - 1 - k] as Uint8Array) < 0.05,
      `back ${k}`,
    );
    assert.ok(difference(frames[2 * (FRAMES - 1) + k] as Uint8Array, frames[k] as Uint8Array) < 0.05, `anew ${k}`);
  }
});

test("at another frame rate the video keeps its pace", async () => {
  const [slow, fast] = [await render(1, 25), await render(1, 50)];
  assert.equal(fast.length, 50);
  assert.ok(difference(fast[40] as Uint8Array, slow[20] as Uint8Array) < 0.05);
});

test("only the lower face is drawn over the video's pictures", async () => {
  const quiet = await render(0.8);
  const said: Uint8Array[] = [];
  for await (const frame of rig.render(spoken(partOf(BABBLE.slice(0, 8))), OPTIONS, signal)) {
    said.push(frame.data.slice());
    frame.release();
  }
  const rows = Math.round(photo.marks.noseBase[1]) - 40;
  for (let i = 0; i < Math.min(said.length, quiet.length); i++) {
    const above = (frame: Uint8Array): Uint8Array => frame.subarray(0, rows * WIDTH);
    assert.ok(Buffer.compare(above(said[i] as Uint8Array), above(quiet[i] as Uint8Array)) === 0, `frame ${i}`);
  }
  assert.ok(said.some((frame, i) => quiet[i] !== undefined && difference(frame, quiet[i]) > 0.1));
});

test("leaving early stops the decoder", async () => {
  const before = liveChildren().length;
  for await (const frame of rig.render(spoken(silence(5)), OPTIONS, signal)) {
    frame.release();
    if (frame.index === 3) break;
  }
  assert.equal(liveChildren().length, before);
});

test("what is no video, too long or of one picture is refused with a coded error", async () => {
  const file = (name: string): string => join(scratch.path, name);
  await writeFile(file("text"), "not a video");
  await writeFile(file("cut"), (await readFile(source)).subarray(0, 4000));
  await writeWav(file("sound.wav"), {
    sampleRate: 24_000,
    channels: 1,
    chunks: (async function* () {
      yield new Float32Array(24_000);
    })(),
  });
  await sharp({ create: { width: 80, height: 80, channels: 3, background: "#345" } })
    .gif()
    .toFile(file("still.gif"));
  await film(file("one.mp4"), 1);
  await film(file("long.mp4"), 65, 1);
  const cases = [
    ["text", "invalid_input"],
    ["cut", "invalid_input"],
    ["sound.wav", "invalid_input"],
    ["still.gif", "invalid_input"],
    ["one.mp4", "invalid_input"],
    ["long.mp4", "input_too_large"],
  ] as const;
  for (const [name, code] of cases) {
    const target = join(scratch.path, `bad-${name}`);
    await mkdir(target);
    await assert.rejects(
      async () => rig.adopt?.({ path: file(name), kind: "video" }, target, signal),
      (error) => {
        assert.ok(error instanceof AppError, name);
        assert.equal(error.code, code, `${name}: ${error.message}`);
        return true;
      },
      name,
    );
    assert.ok(!(await readdir(target)).includes("avatar.json"), name);
  }
  assert.equal(liveChildren().length, 0);
});
