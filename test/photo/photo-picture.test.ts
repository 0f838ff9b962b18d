import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import type { LipsyncOptions } from "../../src/engines/lipsync/lipsync-engine.ts";
import { loadPhotoFrame, type PhotoFrame } from "../../src/engines/lipsync/rig/photo/photo-frame.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { createEspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import type { SpeechPart, TimedPhoneme } from "../../src/engines/speech/speech-engine.ts";
import type { Point } from "../../src/library/face-marks.ts";
import { resolveBinaries } from "../../src/media/binaries.ts";
import { decodeFrames } from "../media/decode-frames.ts";
import { encodeVideo } from "../../src/media/encode-video.ts";
import { pictureOf } from "../rig/aperture.ts";
import { correlation, opennessTrack, rotated } from "../rig/openness.ts";
import { BABBLE, partOf, silence, spoken } from "../rig/speech.ts";
import { prepareAstronaut, scratchFolder } from "./astronaut.ts";
import { apertureHeight, coloursOf, type Rectangle } from "./photo-aperture.ts";

const [WIDTH, HEIGHT] = [1280, 720];
const FPS = 25;
const MODELS = join(import.meta.dirname, "../../models");
const signal = new AbortController().signal;
const scratch = await scratchFolder();
after(() => scratch[Symbol.asyncDispose]());

const profile = await prepareAstronaut(scratch.path);
const rig = createRigEngine({ modelsDir: MODELS, dataDir: join(scratch.path, "data") });
const OPTIONS: LipsyncOptions = {
  avatar: "eileen_short",
  likeness: scratch.path,
  lively: false,
  resolution: "720p",
  fps: FPS,
  frameSkip: 1,
};
const photo: PhotoFrame = await loadPhotoFrame(
  join(scratch.path, "picture.png"),
  profile,
  profile.marks,
  WIDTH,
  HEIGHT,
);
const still = new Uint8Array((WIDTH * HEIGHT * 3) / 2);
still.set(photo.still.y, 0);
still.set(photo.still.u, WIDTH * HEIGHT);
still.set(photo.still.v, (WIDTH * HEIGHT * 5) / 4);

/** The lips as they are in the frame, and what a mouth may change: from the nose to the throat, cheek to cheek. */
const lips = boxOf([...photo.marks.outerUpper, ...photo.marks.outerLower], 0.1, 0.9);
const jaw = boxOf([photo.marks.noseBase, photo.marks.chin, ...photo.marks.jaw.slice(3, 18)], 0.3, 0.95);

function boxOf(points: readonly Point[], beside: number, below: number): Rectangle {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const [room, foot] = [beside * (right - left), below * (bottom - top)];
  return {
    left: Math.floor(left - room),
    right: Math.ceil(right + room),
    top: Math.floor(top - 0.1 * (bottom - top)),
    bottom: Math.ceil(bottom + foot),
  };
}

async function render(parts: readonly SpeechPart[], options: Partial<LipsyncOptions> = {}): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for await (const frame of rig.render(spoken(...parts), { ...OPTIONS, ...options }, signal)) {
    frames.push(frame.data.slice());
    frame.release();
  }
  return frames;
}

/** Luma pixels that differ, by where they are. */
function changed(a: Uint8Array, b: Uint8Array, within: (x: number, y: number) => boolean): number {
  let count = 0;
  for (let y = 0, at = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, at++) if (a[at] !== b[at] && within(x, y)) count++;
  }
  return count;
}

const inside = ({ left, right, top, bottom }: Rectangle, x: number, y: number): boolean =>
  x >= left && x < right && y >= top && y < bottom;

const babble = await render([partOf(BABBLE)]);

test("the picture outside the mouth's region stays as it is, to the bit", () => {
  for (const frame of babble)
    assert.equal(
      changed(frame, still, (x, y) => !inside(jaw, x, y)),
      0,
    );
  const moved = babble.filter((frame) => changed(frame, still, (x, y) => inside(lips, x, y)) > 400);
  assert.ok(moved.length > 0.8 * babble.length, "the mouth itself is drawn");
});

test("no seam surrounds the region: at its rim nothing has changed yet", () => {
  // A ring just within what changes at all, in any frame.
  let [left, right, top, bottom] = [WIDTH, 0, HEIGHT, 0];
  for (const frame of babble) {
    for (let y = jaw.top; y < jaw.bottom; y++) {
      for (let x = jaw.left; x < jaw.right; x++) {
        if (frame[y * WIDTH + x] === still[y * WIDTH + x]) continue;
        [left, right] = [Math.min(left, x), Math.max(right, x)];
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      }
    }
  }
  assert.ok(right - left > 80 && bottom - top > 80);
  const rim = (x: number, y: number): boolean => x < left + 3 || x > right - 3 || y < top + 3 || y > bottom - 3;
  let worst = 0;
  for (const frame of babble) {
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const step = Math.abs((frame[y * WIDTH + x] as number) - (still[y * WIDTH + x] as number));
        if (rim(x, y)) worst = Math.max(worst, step);
      }
    }
  }
  assert.ok(worst <= 3, `a step of ${worst} levels at the rim`);
});

test("after encoding, the picture outside the region is within 40 dB of the photo", async () => {
  const binaries = await resolveBinaries();
  const path = join(scratch.path, "babble.mp4");
  await encodeVideo({
    binaries,
    width: WIDTH,
    height: HEIGHT,
    fps: FPS,
    format: "mp4",
    frames: (async function* () {
      for (const data of babble) yield { data, release: () => undefined };
    })(),
    audio: (async function* () {
      yield new Float32Array(24_000);
    })(),
    sampleRate: 24_000,
    channels: 1,
    path,
    signal,
  });
  let count = 0;
  for await (const { data } of decodeFrames(path, { binaries, width: WIDTH, height: HEIGHT, signal })) {
    let sum = 0;
    let pixels = 0;
    for (let y = 0, at = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++, at++) {
        if (inside(jaw, x, y)) continue;
        sum += ((data[at] as number) - (still[at] as number)) ** 2;
        pixels++;
      }
    }
    const decibels = 10 * Math.log10(255 ** 2 / (sum / pixels));
    assert.ok(decibels >= 40, `${decibels.toFixed(1)} dB in frame ${count}`);
    count++;
  }
  assert.equal(count, babble.length);
});

test("the same speech gives the same frames", async () => {
  const again = await render([partOf(BABBLE)]);
  assert.ok(again.every((frame, i) => Buffer.compare(frame, babble[i] as Uint8Array) === 0));
});

test("lips that the photo shows apart are shut in silence, and stay so", async () => {
  const frames = await render([silence(1)]);
  const chin: Rectangle = { left: lips.left + 40, right: lips.right - 40, top: lips.bottom, bottom: lips.bottom + 16 };
  const colours = coloursOf(pictureOf(still, WIDTH, HEIGHT), chin);
  const open = apertureHeight(pictureOf(still, WIDTH, HEIGHT), lips, colours);
  const shut = frames.map((frame) => apertureHeight(pictureOf(frame, WIDTH, HEIGHT), lips, colours));
  assert.ok(open > 6, `the photo shows ${open.toFixed(1)} pixels of teeth`);
  assert.ok(Math.max(...shut) < 2.5, `${Math.max(...shut)} pixels open`);
  assert.ok(frames.every((frame) => Buffer.compare(frame, frames[0] as Uint8Array) === 0));
});

test("the mouth in the photo follows what is said, and only that", async () => {
  const espeak = createEspeakEngine({ modelsDir: MODELS });
  const text =
    "Hello, my name is Eileen. Five more people want to move to Mars. Shall we go, papa? Oh, you would love it up there.";
  const parts: SpeechPart[] = [];
  const request = { text, language: "en", voice: espeak.defaultVoice, rate: 1, pitch: 0, sampleRate: 24_000 };
  for await (const part of espeak.synthesize(request, signal)) parts.push(part);
  const frames = await render(parts);
  const chin: Rectangle = { left: lips.left + 40, right: lips.right - 40, top: lips.bottom, bottom: lips.bottom + 16 };
  const colours = coloursOf(pictureOf(still, WIDTH, HEIGHT), chin);
  const heights = frames.map((frame) => apertureHeight(pictureOf(frame, WIDTH, HEIGHT), lips, colours));
  const phonemes: TimedPhoneme[] = [];
  let duration = 0;
  for (const { audio, phonemes: own = [] } of parts) {
    const from = duration;
    phonemes.push(...own.map(({ ipa, start, end }) => ({ ipa, start: start + from, end: end + from })));
    duration += audio.samples.length / audio.sampleRate;
  }
  const openness = opennessTrack(phonemes, duration, FPS);
  const agreement = correlation(heights, openness);
  assert.ok(agreement >= 0.8, `correlation ${agreement.toFixed(3)}`);
  for (const seconds of [0.8, 1.7, 2.9]) {
    const other = correlation(heights, rotated(openness, Math.round(seconds * FPS)));
    assert.ok(other < 0.4, `shifted by ${seconds} s it still agrees: ${other.toFixed(3)}`);
  }
  await (espeak as Partial<AsyncDisposable>)[Symbol.asyncDispose]?.();
});

test("a living photo sways and blinks; its far corners stay", async () => {
  const frames = await render([silence(5)], { lively: true });
  const corner = { left: 0, right: 60, top: HEIGHT - 120, bottom: HEIGHT };
  for (const frame of frames)
    assert.equal(
      changed(frame, still, (x, y) => inside(corner, x, y)),
      0,
    );
  const eye = boxOf([...(photo.marks.eyes[0]?.upper ?? []), ...(photo.marks.eyes[0]?.lower ?? [])], 0, 0);
  // A shut lid hides the pupil: the darkest of the eye is lighter.
  const darkest = frames.map((frame) => {
    let least = 255;
    for (let y = eye.top; y < eye.bottom; y++) {
      for (let x = eye.left + 14; x < eye.right - 14; x++) least = Math.min(least, frame[y * WIDTH + x] as number);
    }
    return least;
  });
  const usual = darkest.toSorted((a, b) => a - b)[darkest.length >> 1] as number;
  const shut = darkest.filter((value) => value > usual + 12);
  assert.ok(shut.length >= 4 && shut.length <= 40, `${shut.length} frames with shut eyes, darkest ${usual}`);
  assert.ok(changed(frames[10] as Uint8Array, frames[60] as Uint8Array, () => true) > 20_000);
});
