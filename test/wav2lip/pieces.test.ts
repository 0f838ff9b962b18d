import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { LipsyncOptions, Neighbours } from "../../src/engines/lipsync/lipsync-engine.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { MelStream } from "../../src/engines/lipsync/wav2lip/mel-stream.ts";
import { createWav2LipEngine } from "../../src/engines/lipsync/wav2lip/wav2lip-engine.ts";
import type { SpeechPart } from "../../src/engines/speech/speech-engine.ts";
import { resolveBinaries } from "../../src/media/binaries.ts";
import { prepareAstronaut, scratchFolder } from "../photo/astronaut.ts";
import { filmPerson } from "./film-person.ts";
import { checkpointModels, plainNetworks } from "./networks.ts";

const FPS = 25;
const scratch = await scratchFolder();
const models = checkpointModels({ wav2lip: await plainNetworks(scratch.path) });
const binaries = () => resolveBinaries();
const modelsDir = join(import.meta.dirname, "../../models");
const rig = createRigEngine({ modelsDir, dataDir: join(scratch.path, "data"), binaries });
const engine = createWav2LipEngine({ models, base: async () => rig, binaries });
after(async () => {
  await engine[Symbol.asyncDispose]();
  await models[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});
const never = new AbortController().signal;

/** A sound that is at no two places the same, loud up to its ends. */
function sound(frames: number, sampleRate: number): SpeechPart {
  const samples = Float32Array.from({ length: (frames * sampleRate) / FPS }, (_, i) => {
    const t = i / sampleRate;
    return 0.5 * Math.sin(900 * t * (1 + 0.1 * t)) * Math.sin(7 * t * t);
  });
  return { text: "", language: "und", audio: { sampleRate, samples } };
}

/** A part's frames from `from` to `to` as a part of its own. */
function pieceOf({ audio, ...part }: SpeechPart, from: number, to: number): SpeechPart {
  const at = (frame: number): number => (frame * audio.sampleRate) / FPS;
  return { ...part, audio: { ...audio, samples: audio.samples.slice(at(from), at(to)) } };
}

async function* partsOf(...parts: readonly SpeechPart[]): AsyncGenerator<SpeechPart> {
  yield* parts;
}

async function film(speech: AsyncIterable<SpeechPart>, options: LipsyncOptions): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for await (const frame of engine.render(speech, options, never)) {
    assert.equal(frame.index, frames.length);
    frames.push(frame.data.slice());
    frame.release();
  }
  return frames;
}

/** Renders a sound in pieces that end at `ends`, each knowing its neighbours, and joins what comes. */
async function inPieces(whole: SpeechPart, ends: readonly number[], options: LipsyncOptions): Promise<Uint8Array[]> {
  const pieces = ends.map((end, i) => pieceOf(whole, ends[i - 1] ?? 0, end));
  const frames: Uint8Array[] = [];
  for (const [i, piece] of pieces.entries()) {
    const neighbours: Neighbours = { before: pieces.slice(0, i), after: partsOf(...pieces.slice(i + 1)) };
    frames.push(...(await film(partsOf(piece), { ...options, firstFrame: ends[i - 1] ?? 0, neighbours })));
  }
  return frames;
}

function same(pieces: readonly Uint8Array[], whole: readonly Uint8Array[]): void {
  assert.equal(pieces.length, whole.length);
  const other = whole.flatMap((frame, i) => (Buffer.compare(frame, pieces[i] as Uint8Array) === 0 ? [] : [i]));
  assert.deepEqual(other, [], "frames that differ");
}

const photo = join(scratch.path, "photo");
await mkdir(photo);
await prepareAstronaut(photo);
const still = {
  avatar: "photo_short",
  likeness: photo,
  lively: false,
  resolution: "360p",
  fps: FPS,
  frameSkip: 1,
} as const;

describe("a speech that is rendered in pieces", () => {
  for (const frameSkip of [1, 2, 3] as const) {
    for (const sampleRate of [16_000, 24_000]) {
      it(`at ${sampleRate} Hz, every ${frameSkip}. mouth made: is the whole one's to the bit`, async () => {
        const whole = sound(72, sampleRate);
        const options = { ...still, frameSkip };
        same(await inPieces(whole, [8, 16, 56, 72], options), await film(partsOf(whole), options));
      });
    }
  }

  it("so it is with the mouth moved against the sound, both ways", async () => {
    const whole = sound(56, 24_000);
    for (const audioOffsetFrames of [-10, 10]) {
      for (const frameSkip of [1, 3] as const) {
        const options = { ...still, frameSkip, face: { audioOffsetFrames } };
        same(await inPieces(whole, [16, 24, 48, 56], options), await film(partsOf(whole), options));
      }
    }
  });

  it("so it is of a photo that moves, and of somebody who is drawn", async () => {
    const whole = sound(40, 24_000);
    for (const options of [
      { ...still, lively: true },
      { ...still, likeness: undefined, avatar: "new_talk_long" },
    ]) {
      same(await inPieces(whole, [16, 32, 40], options), await film(partsOf(whole), options));
    }
  });

  it("so it is of somebody who is filmed, whose video plays there and back meanwhile", async () => {
    const likeness = join(scratch.path, "filmed");
    await mkdir(likeness);
    // Longer than what is read at once on the way back; no two pictures are the same.
    await filmPerson(likeness, 31, (frame) => 40 + 6 * frame);
    const whole = sound(104, 16_000);
    const options = { ...still, likeness };
    const frames = await film(partsOf(whole), options);
    assert.equal(new Set(frames.slice(0, 31).map((frame) => frame[0])).size, 31);
    same(await inPieces(whole, [8, 40, 72, 104], options), frames);
  });

  it("without its neighbours a piece hears silence about it, and its mouths there are others", async () => {
    const whole = await film(partsOf(sound(32, 16_000)), still);
    const piece = await film(partsOf(pieceOf(sound(32, 16_000), 8, 16)), { ...still, firstFrame: 8 });
    assert.notDeepEqual(piece.at(-1), whole[15]);
  });

  it("reads no more of what follows than its last mouths look ahead", async () => {
    const whole = sound(200, 16_000);
    let read = 0;
    async function* following(): AsyncGenerator<SpeechPart> {
      for (let at = 16; at < 200; at += 2) {
        read += 2;
        yield pieceOf(whole, at, at + 2);
      }
    }
    const neighbours = { before: [], after: following() };
    assert.equal((await film(partsOf(pieceOf(whole, 0, 16)), { ...still, neighbours })).length, 16);
    assert.ok(read >= 4 && read <= 8, `${read} frames were read`);
  });
});

describe("the mel of a sound that is known from some second on", () => {
  it("is that of the whole to the bit but for its first columns, at any rate", () => {
    for (const rate of [16_000, 22_050, 24_000, 44_100]) {
      const { samples } = sound(125, rate).audio;
      const [whole, late] = [new MelStream(), new MelStream(2)];
      whole.push(samples, rate);
      late.push(samples.subarray(2 * rate), rate);
      for (const mel of [whole, late]) mel.end();
      assert.equal(late.columns, whole.columns);
      const [one, other] = [new Float32Array(80 * 16), new Float32Array(80 * 16)];
      for (let first = 170; first < whole.columns; first += 7) {
        whole.window(first, one);
        late.window(first, other);
        assert.deepEqual(other, one, `column ${first} at ${rate} Hz`);
      }
    }
  });
});
