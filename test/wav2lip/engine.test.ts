import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { CheckpointModels } from "../../src/engines/checkpoint-models.ts";
import { planFaces } from "../../src/engines/lipsync/wav2lip/face-plan.ts";
import { KeptFaces } from "../../src/engines/lipsync/wav2lip/kept-faces.ts";
import { MouthNetworks } from "../../src/engines/lipsync/wav2lip/mouth-networks.ts";
import { createWav2LipEngine } from "../../src/engines/lipsync/wav2lip/wav2lip-engine.ts";
import { frameSize, type LipsyncOptions } from "../../src/engines/lipsync/lipsync-engine.ts";
import { planesOf } from "../../src/engines/lipsync/rig/frame-planes.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import type { SpeechPart } from "../../src/engines/speech/speech-engine.ts";
import { inferenceUsage } from "../../src/inference/usage.ts";
import { resolveBinaries } from "../../src/media/binaries.ts";
import { lipsyncEngineSuite } from "../conformance/lipsync-engine.suite.ts";
import { prepareAstronaut, scratchFolder } from "../photo/astronaut.ts";
import { checkpointModels, plainNetworks } from "./networks.ts";

const RATE = 16_000;
const modelsDir = join(import.meta.dirname, "../../models");
const scratch = await scratchFolder();
const dataDir = join(scratch.path, "data");
const models = checkpointModels({ wav2lip: await plainNetworks(scratch.path) });
const binaries = () => resolveBinaries();
const rig = createRigEngine({ modelsDir, dataDir, binaries });
const engine = createWav2LipEngine({ models, base: async () => rig, binaries });
after(async () => {
  await engine[Symbol.asyncDispose]();
  await models[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

const photo = join(scratch.path, "photo");
await mkdir(photo);
await prepareAstronaut(photo);
const still: LipsyncOptions = {
  avatar: "photo_short",
  likeness: photo,
  lively: false,
  resolution: "360p",
  fps: 25,
  frameSkip: 1,
};
const never = new AbortController().signal;

lipsyncEngineSuite("wav2lip", engine, "new_talk_short");

/** A part that is a tone from `from` to `to`, seconds, and silence besides. */
function tone(seconds: number, from: number, to: number): SpeechPart {
  const samples = Float32Array.from({ length: Math.round(seconds * RATE) }, (_, i) =>
    i / RATE >= from && i / RATE < to ? 0.5 * Math.sin(i * 0.3) * Math.sin(i * 0.011) : 0,
  );
  return { text: "", language: "und", audio: { sampleRate: RATE, samples } };
}

async function* partsOf(...parts: SpeechPart[]): AsyncGenerator<SpeechPart> {
  yield* parts;
}

/** A part in pieces. */
function cut({ audio, ...part }: SpeechPart, ...lengths: readonly number[]): SpeechPart[] {
  const pieces: SpeechPart[] = [];
  for (let at = 0, i = 0; at < audio.samples.length; i++) {
    const samples = audio.samples.slice(at, at + (lengths[i % lengths.length] as number));
    pieces.push({ ...part, audio: { ...audio, samples } });
    at += samples.length;
  }
  return pieces;
}

/** Every frame, in memory of its own. */
async function film(speech: AsyncIterable<SpeechPart>, options = still, signal = never): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for await (const frame of engine.render(speech, options, signal)) {
    frames.push(frame.data.slice());
    frame.release();
  }
  return frames;
}

const [WIDTH, HEIGHT] = frameSize("360p");
const boxAt = planFaces(await rig.faceView(still, never), WIDTH, HEIGHT);

/** Luma in the middle of the mouth: the plain network makes it brighter the louder it hears. */
function mouthOf(frame: Uint8Array): number {
  const { left, right, top, bottom } = boxAt(0);
  const x = Math.round((left + right) / 2);
  const y = Math.round(top + 0.8 * (bottom - top));
  return planesOf(frame, WIDTH, HEIGHT).y[y * WIDTH + x] as number;
}

describe("Wav2Lip over somebody else's frames", () => {
  it("each frame's mouth is made from the 200 ms of sound that begin with it", async () => {
    const mouths = (await film(partsOf(tone(2, 1, 1.4)))).map(mouthOf);
    const rest = mouths[0] as number;
    assert.equal(mouths.length, 50);
    // Windows of 50 ms look 25 ms ahead, and the last column of a mouth's begins 187.5 ms after it.
    for (const [i, mouth] of mouths.entries()) {
      const heard = i / 25 + 0.2125 > 1 && i / 25 < 1.425;
      assert.equal(mouth > rest + 1, heard, `frame ${i}: ${mouth} against ${rest}`);
    }
  });

  it("audio_offset_frames moves the mouth against the sound", async () => {
    const plain = (await film(partsOf(tone(1, 0.4, 0.6)))).map(mouthOf);
    const later = (await film(partsOf(tone(1, 0.4, 0.6)), { ...still, face: { audioOffsetFrames: -3 } })).map(mouthOf);
    const earlier = (await film(partsOf(tone(1, 0.4, 0.6)), { ...still, face: { audioOffsetFrames: 2 } })).map(mouthOf);
    assert.deepEqual(later.slice(3), plain.slice(0, -3));
    assert.deepEqual(earlier.slice(0, -2), plain.slice(2));
  });

  it("however the speech is cut into parts, the pictures are the same to the bit", async () => {
    const part = tone(1.3, 0.3, 0.9);
    const whole = await film(partsOf(part));
    assert.deepEqual(await film(partsOf(...cut(part, 4000, 90, 2333))), whole);
  });

  it("a part that is shown waits for no more of the speech than its mouths look ahead", async () => {
    let asked = 0;
    async function* slow(): AsyncGenerator<SpeechPart> {
      for (const part of cut(tone(4, 0, 4), RATE)) {
        asked++;
        yield part;
      }
    }
    for await (const frame of engine.render(slow(), still, never)) {
      frame.release();
      // Those that are begun at once are not many.
      if (frame.index === 0) assert.ok(asked <= 2, `${asked} parts were asked for`);
    }
    assert.equal(asked, 4);
  });

  it("with a frame skip the pictures between are between, and as many", async () => {
    const all = (await film(partsOf(tone(1, 0.4, 0.8)))).map(mouthOf);
    for (const frameSkip of [2, 3] as const) {
      const some = (await film(partsOf(tone(1, 0.4, 0.8)), { ...still, frameSkip })).map(mouthOf);
      assert.equal(some.length, all.length);
      for (const [i, mouth] of some.entries()) {
        const from = i - (i % frameSkip);
        const [a, b] = [some[from] as number, some[Math.min(from + frameSkip, 24 - (24 % frameSkip))] as number];
        assert.ok(mouth >= Math.min(a, b) - 1 && mouth <= Math.max(a, b) + 1);
        if (i % frameSkip === 0) assert.equal(mouth, all[i]);
      }
    }
  });

  it("outside of the face's box a still is the other engine's, to the bit", async () => {
    const [made] = await film(partsOf(tone(0.04, 0, 0)));
    const { left, right, top, bottom } = boxAt(0);
    let shown: Uint8Array | undefined;
    for await (const frame of rig.render(partsOf(tone(0.04, 0, 0)), still, never)) {
      shown = frame.data.slice();
      frame.release();
    }
    assert.ok(made && shown);
    for (let at = 0; at < WIDTH * HEIGHT; at++) {
      const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
      const inside = x >= left && x < right && y >= top + 0.45 * (bottom - top) && y < bottom;
      if (!inside) assert.equal(made[at], shown[at], `pixel ${x}, ${y}`);
    }
  });

  it("pads move the edges of the box, and `smooth` false leaves a video's boxes as they were found", () => {
    const boxes = [0, 40, 0, 40, 0, 40].map((x) => [100 + x, 50, 80, 100] as const);
    const view = { boxes, at: (frame: number) => frame % boxes.length, exact: false };
    const plain = planFaces(view, 640, 360, { smooth: false, pads: [1, 2, 3, 4] });
    assert.deepEqual(plain(7), { left: 137, top: 49, right: 224, bottom: 152 });
    const calm = planFaces(view, 640, 360);
    for (let i = 2; i < 4; i++) assert.ok(Math.abs(calm(i).left - 120) <= 5);
    assert.equal(calm(0).bottom, 155);
    assert.deepEqual(planFaces({ ...view, exact: true }, 640, 360)(1), { left: 140, top: 50, right: 220, bottom: 150 });
  });
});

describe("Wav2Lip's networks", () => {
  const face = (value: number): Uint8Array<ArrayBuffer> => new Uint8Array(96 * 96 * 3).fill(value);
  const mel = (value: number): Float32Array<ArrayBuffer> => new Float32Array(80 * 16).fill(value);

  it("run frames of several jobs together, give each its own picture, and encode a face that comes again once", async () => {
    const kept = new KeptFaces();
    await using one = await MouthNetworks.open(models, kept, never);
    await using other = await MouthNetworks.open(models, kept, never);
    const before = inferenceUsage.runs;
    const pictures = await Promise.all(
      Array.from({ length: 24 }, (_, i) => {
        const [networks, job] = i % 2 === 0 ? [one, "one"] : [other, "other"];
        return networks.picture(face(40 * (i % 5)), mel(-4 + i / 12), { job });
      }),
    );
    for (const [i, picture] of pictures.entries()) {
      const wanted = Math.floor(10 * (i % 5) + 2 * i);
      assert.ok(picture.length === 52 * 96 * 3 && picture.every((value) => Math.abs(value - wanted) <= 1));
    }
    assert.ok(inferenceUsage.runs - before <= 10, `${inferenceUsage.runs - before} runs for 24 pictures of two jobs`);
    assert.equal(kept.count, 5);
  });

  it("tell everybody who waits for them how far their graphs are, from nothing to all, whoever asked first", async () => {
    await using own = checkpointModels({ wav2lip: await plainNetworks(scratch.path) });
    const made = Promise.withResolvers<void>();
    const slow: CheckpointModels = {
      ...own,
      graphs: {
        async graphOf(entry, choice, options) {
          options?.progress?.(0.5);
          await made.promise;
          options?.progress?.(1);
          return own.graphs.graphOf(entry, choice);
        },
      },
    };
    const heard: number[][] = [[], [], []];
    const opening = heard.map((shares) =>
      MouthNetworks.open(slow, new KeptFaces(), never, (share) => shares.push(share)),
    );
    while (heard.some((shares) => shares.length === 0)) await sleep(1);
    made.resolve();
    for (const networks of await Promise.all(opening)) await networks[Symbol.asyncDispose]();
    for (const shares of heard) {
      assert.deepEqual(
        shares,
        shares.toSorted((a, b) => a - b),
      );
      assert.ok(shares[0] !== undefined && shares[0] < 0.5 && shares.at(-1) === 1, shares.join(", "));
    }
  });

  it("a job that is cancelled in a batch, and one whose speech breaks, leave the others as they are", async () => {
    const part = tone(1, 0.2, 0.8);
    const alone = await film(partsOf(part));
    const abort = new AbortController();
    async function* broken(): AsyncGenerator<SpeechPart> {
      yield* cut(part, 8000).slice(0, 1);
      throw new Error("the voice broke");
    }
    async function* cancelled(): AsyncGenerator<SpeechPart> {
      for (const piece of cut(part, 8000)) {
        yield piece;
        abort.abort();
      }
    }
    const [same, failed, stopped] = await Promise.allSettled([
      film(partsOf(part)),
      film(broken()),
      film(cancelled(), still, abort.signal),
    ]);
    assert.ok(same.status === "fulfilled");
    assert.deepEqual(same.value, alone);
    assert.match(String(failed.status === "rejected" && failed.reason), /the voice broke/);
    assert.equal(stopped.status === "rejected" && stopped.reason.code, "cancelled");
  });

  it("keep no more faces than there is room for, and the ones that come round again", async () => {
    let now = 0;
    const kept = new KeptFaces(undefined, { bytes: 3 * 4000, idleMs: 100 }, () => now);
    let encoded = 0;
    const get = (i: number): Promise<unknown> =>
      kept.get("net", Uint8Array.of(i), async () => {
        encoded++;
        return { feature0: { type: "float32", dims: [1, 1000], data: new Float32Array(1000) } };
      });
    // A loop of five, of which three are kept: they stay, round after round.
    for (let round = 0; round < 4; round++) for (let i = 0; i < 5; i++) await get(i);
    assert.equal(encoded, 5 + 3 * 2);
    assert.ok(kept.bytes === 12_000 && kept.count === 3);
    now = 200;
    // Nobody wants them any more: another loop takes their places.
    for (let i = 10; i < 13; i++) await get(i);
    for (let i = 10; i < 13; i++) await get(i);
    assert.equal(encoded, 11 + 3);
    const failing = kept.get("net", Uint8Array.of(99), () => Promise.reject(new Error("no memory")));
    await assert.rejects(failing, /no memory/);
    assert.equal(kept.count, 3);
  });
});

test("500 jobs leave memory where it was", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const held = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const job = async (): Promise<void> => {
    await film(partsOf(tone(0.04, 0, 0.04)), { avatar: "new_talk_short", resolution: "360p", fps: 25, frameSkip: 1 });
  };
  for (let i = 0; i < 50; i++) await job();
  const before = held();
  for (let i = 0; i < 450; i++) await job();
  // Buffers that are collected are given back by another thread, some time later.
  let grown = held() - before;
  for (let look = 0; grown >= 12e6 && look < 100; look++) {
    await sleep(100);
    grown = held() - before;
  }
  assert.ok(grown < 12e6, `${(grown / 1e6).toFixed(1)} MB more after 450 jobs`);
});
