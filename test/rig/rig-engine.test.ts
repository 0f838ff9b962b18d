import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AppError } from "../../src/errors.ts";
import type { LipsyncOptions } from "../../src/engines/lipsync/lipsync-engine.ts";
import { readAvatarSheet } from "../../src/engines/lipsync/rig/avatar-sheet.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import type { SpeechPart } from "../../src/engines/speech/speech-engine.ts";
import { measureAperture, mouthBox, pictureOf } from "./aperture.ts";
import { BABBLE, partOf, silence, spoken, sung, withoutPhonemes } from "./speech.ts";

const MODELS = join(import.meta.dirname, "../../models");
const engine = createRigEngine({ modelsDir: MODELS });
const SMALL: LipsyncOptions = { avatar: "new_talk_short", resolution: "360p", fps: 25, frameSkip: 1 };
const [WIDTH, HEIGHT] = [640, 360];

/** All frames, copied. */
async function render(
  parts: readonly SpeechPart[],
  options: Partial<LipsyncOptions> = {},
  signal = new AbortController().signal,
): Promise<readonly Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for await (const frame of engine.render(spoken(...parts), { ...SMALL, ...options }, signal)) {
    assert.equal(frame.index, frames.length);
    frames.push(frame.data.slice());
    frame.release();
  }
  return frames;
}

async function apertures(frames: readonly Uint8Array[]): Promise<readonly number[]> {
  const { mouth } = await readAvatarSheet(join(MODELS, "avatars/new_talk"));
  const box = mouthBox(mouth, WIDTH, HEIGHT);
  return frames.map((data) => measureAperture(pictureOf(data, WIDTH, HEIGHT), box).height);
}

/** Bit by bit; a failing deep comparison of pictures would print for minutes. */
const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;

/** Mean absolute difference of two pictures. */
function step(a: Uint8Array | undefined, b: Uint8Array | undefined): number {
  assert.ok(a && b);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] as number) - (b[i] as number));
  return sum / a.length;
}

test("lists both loops of every person at three sizes", async () => {
  const ids = (await engine.avatars()).map(({ id }) => id);
  for (const person of ["talk", "new_talk"]) {
    for (const loop of ["short", "long"]) {
      for (const size of ["720p", "480p", "360p"]) assert.ok(ids.includes(`${person}_${loop}_${size}`), person);
    }
  }
  assert.deepEqual(await engine.availability(), { available: true });
});

test("says what to do where there is no avatar", async () => {
  const empty = createRigEngine({ modelsDir: join(import.meta.dirname, "nothing") });
  const answer = await empty.availability();
  assert.equal(answer.available, false);
  assert.deepEqual(await empty.avatars(), []);
});

test("a person whose files are broken is an engine failure, not a mystery", async () => {
  const models = await mkdtemp(join(tmpdir(), "rig-"));
  try {
    await mkdir(join(models, "avatars/broken"), { recursive: true });
    await writeFile(join(models, "avatars/broken/avatar.json"), "{");
    const broken = createRigEngine({ modelsDir: models });
    const frames = broken.render(
      spoken(silence(0.1)),
      { ...SMALL, avatar: "broken_short" },
      new AbortController().signal,
    );
    await assert.rejects(
      async () => {
        for await (const frame of frames) frame.release();
      },
      { code: "engine_failed" },
    );
  } finally {
    await rm(models, { recursive: true });
  }
});

test("names the known avatars when asked for another one", async () => {
  await assert.rejects(render([silence(0.1)], { avatar: "nobody_short" }), (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, "not_found");
    assert.match(error.message, /new_talk_short/u);
    return true;
  });
});

test("makes as many frames as the speech is long, rounded up once for all parts", async () => {
  const seconds = (...lengths: readonly number[]) => lengths.map(silence);
  for (const [parts, fps, count] of [
    [seconds(1), 25, 25],
    [seconds(0.04), 25, 1],
    [seconds(0.041), 25, 2],
    [seconds(0.501, 0.333, 0.777), 25, 41],
    [seconds(0.11, 0.11, 0.11), 30, 10],
    [seconds(0.9), 24, 22],
  ] as const) {
    assert.equal((await render(parts, { fps })).length, count, `${parts.length} parts at ${fps}`);
  }
});

test("every size has its own number of bytes, odd chroma included", async () => {
  for (const [resolution, bytes] of [
    ["720p", 1_382_400],
    ["480p", 854 * 480 + 2 * 427 * 240],
    ["360p", 345_600],
  ] as const) {
    assert.equal((await render([silence(0.05)], { resolution }))[0]?.length, bytes);
  }
});

test("the same speech gives the same frames, whether or not buffers are given back", async () => {
  const first = await render([partOf(BABBLE)]);
  const held: Uint8Array[] = [];
  for await (const frame of engine.render(spoken(partOf(BABBLE)), SMALL, new AbortController().signal))
    held.push(frame.data);
  assert.equal(held.length, first.length);
  assert.ok(held.every((data, i) => same(data, first[i])));
});

test("two videos at once do not disturb each other", async () => {
  const alone = await render([partOf(BABBLE)]);
  const [one, other] = await Promise.all([render([partOf(BABBLE)]), render([silence(2)], { avatar: "new_talk_long" })]);
  assert.ok(one.length === alone.length && one.every((data, i) => same(data, alone[i])));
  assert.ok(other.length === 50);
});

test("loops close to the bit, and their seam is no larger a step than its neighbours", async () => {
  for (const avatar of ["new_talk_short", "new_talk_long", "talk_short", "talk_long"]) {
    const frames = await render([silence(avatar.endsWith("short") ? 5.2 : 10.2)], { avatar });
    const n = avatar.endsWith("short") ? 125 : 250;
    assert.ok(same(frames[n], frames[0]), avatar);
    assert.ok(same(frames[n + 3], frames[3]), avatar);
    const seam = step(frames[n - 1], frames[n]);
    const before = step(frames[n - 2], frames[n - 1]);
    const after = step(frames[n], frames[n + 1]);
    assert.ok(seam <= 1.1 * Math.max(before, after) + 0.01, `${avatar}: ${before} ${seam} ${after}`);
    assert.ok(before > 0 && after > 0, "a still picture is no idle life");
  }
});

test("lips are closed in the picture within 120 ms of silence, and on p, b and m", async () => {
  const frames = await render([partOf(BABBLE)]);
  const heights = await apertures(frames);
  const spokenUntil = BABBLE.slice(0, -1).reduce((sum, [, seconds]) => sum + seconds, 0);
  for (let i = Math.ceil((spokenUntil + 0.12) * 25); i < heights.length; i++) {
    assert.ok((heights[i] as number) < 1, `frame ${i}: ${heights[i]}`);
  }
  assert.ok(Math.max(...heights) > 8, "it speaks");
  let at = 0;
  for (const [ipa, seconds] of BABBLE) {
    if (/[pbm]/u.test(ipa)) {
      const near = heights.filter((_, i) => i / 25 > at - 0.07 && i / 25 < at + seconds + 0.01);
      assert.ok(Math.min(...near) < 1, `${ipa} at ${at}: ${near.join(" ")}`);
    }
    at += seconds;
  }
});

test("frames skipped are interpolated: other mouths, the same closures and count", async () => {
  const every = await render([partOf(BABBLE)]);
  const third = await render([partOf(BABBLE)], { frameSkip: 3 });
  assert.equal(third.length, every.length);
  assert.ok(!third.every((data, i) => same(data, every[i])));
  const heights = await apertures(third);
  assert.ok(Math.min(...heights.slice(5, 8)) < 1);
});

test("sound without phonemes moves the mouth, silence does not", async () => {
  const sound = sung(
    partOf([
      ["", 0.4],
      ["a", 0.6],
      ["", 0.6],
    ]),
  );
  const heights = await apertures(await render([withoutPhonemes(sound)]));
  assert.ok(Math.max(...heights.slice(11, 24)) > 3, heights.join(" "));
  assert.ok(Math.max(...heights.slice(0, 7)) < 1);
  assert.ok(Math.max(...heights.slice(29)) < 1);
  const still = await apertures(await render([withoutPhonemes(silence(1))]));
  assert.ok(Math.max(...still) < 1);
});

test("an abort ends the rendering at the next frame", async () => {
  const controller = new AbortController();
  let count = 0;
  await assert.rejects(
    async () => {
      for await (const frame of engine.render(spoken(silence(4)), SMALL, controller.signal)) {
        frame.release();
        if (++count === 3) controller.abort();
      }
    },
    (error) => error instanceof AppError && error.code === "cancelled",
  );
  assert.equal(count, 3);
  await assert.rejects(render([silence(1)], {}, AbortSignal.abort()), { code: "cancelled" });
});

test("what speech throws reaches the caller", async () => {
  const broken = async function* (): AsyncGenerator<SpeechPart, void, undefined> {
    yield silence(0.1);
    throw new AppError("engine_failed", "broken");
  };
  await assert.rejects(
    async () => {
      for await (const frame of engine.render(broken(), SMALL, new AbortController().signal)) frame.release();
    },
    { code: "engine_failed" },
  );
});
