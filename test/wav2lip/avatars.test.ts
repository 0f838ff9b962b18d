import assert from "node:assert/strict";
import { mkdir, readdir, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { FaceFinder } from "../../src/engines/faces/face-finder.ts";
import { findLikenessFaces } from "../../src/engines/faces/s3fd/likeness-faces.ts";
import { S3fdDetector } from "../../src/engines/faces/s3fd/s3fd-detector.ts";
import type { LipsyncEngine, LipsyncOptions } from "../../src/engines/lipsync/lipsync-engine.ts";
import { registerPreloads } from "../../src/engines/preloads.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { FaceStore } from "../../src/engines/lipsync/wav2lip/face-store.ts";
import { createWav2LipEngine } from "../../src/engines/lipsync/wav2lip/wav2lip-engine.ts";
import { Preloads } from "../../src/inference/preloads.ts";
import type { Tensors } from "../../src/inference/tensor.ts";
import { inferenceUsage } from "../../src/inference/usage.ts";
import { readProfile, writeProfile } from "../../src/library/avatar-profile.ts";
import { silentLog } from "../../src/log.ts";
import { resolveBinaries } from "../../src/media/binaries.ts";
import { ASTRONAUT, MARKS, prepareAstronaut, scratchFolder } from "../photo/astronaut.ts";
import { filmPerson } from "./film-person.ts";
import { checkpointModels, plainDetector, plainNetworks } from "./networks.ts";

const modelsDir = join(import.meta.dirname, "../../models");
const scratch = await scratchFolder();
const binaries = () => resolveBinaries();
const detector = await plainDetector(scratch.path);
const networks = await plainNetworks(scratch.path);
const models = checkpointModels({ wav2lip: networks, s3fd: detector });
/** Knows where the astronaut's face is: looking for it takes seconds. */
const faces: FaceFinder = {
  id: "known",
  availability: async () => ({ available: true }),
  open: async () => ({ find: async () => [{ score: 1, marks: MARKS }], [Symbol.asyncDispose]: async () => {} }),
};
const rig = createRigEngine({ modelsDir, dataDir: join(scratch.path, "data"), binaries, faces });
const engine = createWav2LipEngine({ models, base: async () => rig, binaries });
after(async () => {
  await engine[Symbol.asyncDispose]();
  await models[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});
const never = new AbortController().signal;
const FACE = [162, 78, 112, 100] as const;

async function folder(name: string): Promise<string> {
  const path = join(scratch.path, name);
  await mkdir(path);
  return path;
}

const options = (likeness: string): LipsyncOptions => ({
  avatar: "photo_short",
  likeness,
  lively: false,
  resolution: "360p",
  fps: 25,
  frameSkip: 1,
});

/** A video avatar whose pictures `dark` are black. */
async function filmed(name: string, frames: number, dark: (frame: number) => boolean): Promise<string> {
  const path = await folder(name);
  await filmPerson(path, frames, (frame) => (dark(frame) ? 16 : 140));
  return path;
}

/** Makes a film of so many frames, and answers how many there were. */
async function film(by: LipsyncEngine, likeness: string, frames: number): Promise<number> {
  const audio = { sampleRate: 16_000, samples: new Float32Array(640 * frames) };
  const speech = (async function* () {
    yield { text: "", language: "und", audio };
  })();
  let count = 0;
  for await (const frame of by.render(speech, options(likeness), never)) {
    frame.release();
    count++;
  }
  return count;
}

describe("avatars whose faces are found by a detector", () => {
  it("an adopted photo keeps the box of the face that is its own, whoever is surer in the picture", async () => {
    const kept = await folder("kept");
    const made = await engine.adopt?.({ path: ASTRONAUT, kind: "photo" }, kept, never);
    assert.deepEqual(made?.faces, { found_by: "s3fd", boxes: [[144, 80, 128, 128]] });
    assert.deepEqual((await readProfile(kept))?.faces, made?.faces);
  });

  it("a box that the caller gives is the face's, to the pixel, and nobody looks for another", async () => {
    const said = await folder("said");
    const made = await engine.adopt?.({ path: ASTRONAUT, kind: "photo", face: FACE }, said, never);
    assert.deepEqual(made?.faces, { found_by: "boxes", boxes: [[...FACE]] });
    const view = await rig.faceView(options(said), never);
    assert.ok(view.exact);
  });

  it("a photo from before is looked at when it is first shown, once, and never again", async () => {
    const before = await folder("before");
    await prepareAstronaut(before);
    const studied = await engine.study?.(options(before), never);
    assert.deepEqual(studied, { foundBy: "s3fd", faces: 1, encoded: 1 });
    assert.equal((await readProfile(before))?.faces?.found_by, "s3fd");
    const runs = inferenceUsage.runs;
    assert.deepEqual(await engine.study?.(options(before), never), studied);
    assert.equal(inferenceUsage.runs, runs);
  });

  it("a video's face stays where it was found nearest while it is lost", async () => {
    await using open = await S3fdDetector.open(models, never);
    assert.ok(open);
    const lost = await filmed("lost", 13, (frame) => frame >= 4 && frame < 8);
    const profile = await readProfile(lost);
    assert.ok(profile);
    const shares: number[] = [];
    const found = await findLikenessFaces({ folder: lost, profile }, open, {
      binaries,
      signal: never,
      progress: (share) => shares.push(share),
    });
    assert.equal(found?.boxes.length, 13);
    assert.ok(found?.boxes.every(([x, y, w, h]) => x === 144 && y === 80 && w === 128 && h === 128));
    assert.ok(shares.length === 3 && shares.at(-1) === 1);
    const dark = await filmed("dark", 6, () => true);
    const other = await readProfile(dark);
    assert.ok(other);
    assert.equal(
      await findLikenessFaces({ folder: dark, profile: other }, open, { binaries, signal: never }),
      undefined,
    );
  });

  it("at half the size a detector is shown half the picture, and its boxes are the picture's", async () => {
    await using open = await S3fdDetector.open(models, never);
    assert.ok(open);
    const half = await folder("half");
    const profile = await prepareAstronaut(half);
    const settings = { binaries, signal: never, resizeFactor: 2 };
    const found = await findLikenessFaces({ folder: half, profile }, open, settings);
    // The plain detector sees 128 pixels of what it is shown.
    assert.ok(found?.boxes.every(([, , w, h]) => Math.abs(w - 256) < 1 && Math.abs(h - 256) < 1));
  });

  it("a video plays there and back, its boxes with it", async () => {
    const there = await filmed("there", 5, () => false);
    const profile = await readProfile(there);
    assert.ok(profile);
    const boxes = Array.from({ length: 5 }, (_, i): [number, number, number, number] => [100 + 10 * i, 80, 128, 128]);
    await writeProfile(there, { ...profile, faces: { found_by: "s3fd", boxes } });
    const view = await rig.faceView(options(there), never);
    assert.deepEqual(
      Array.from({ length: 12 }, (_, frame) => view.at(frame)),
      [0, 1, 2, 3, 4, 3, 2, 1, 0, 1, 2, 3],
    );
    assert.ok(view.boxes[4] && view.boxes[0] && view.boxes[4][0] > view.boxes[0][0]);
    const studied = await engine.study?.(options(there), never);
    assert.ok(studied && studied.faces === 5 && studied.encoded >= 1 && studied.encoded <= 5);
    assert.equal(await film(engine, there, 12), 12);
  });

  it("the variant of 256 pixels is used as its file says", async () => {
    await using large = checkpointModels({ wav2lip: await plainNetworks(scratch.path, 256), s3fd: detector }, 256);
    const still = await folder("large");
    await prepareAstronaut(still);
    assert.equal(await film(createWav2LipEngine({ models: large, base: async () => rig, binaries }), still, 3), 3);
  });

  it("of several who ask at once one looks, and a look that nobody waits for ends", async () => {
    const asked = await folder("asked");
    await prepareAstronaut(asked);
    const runs = inferenceUsage.runs;
    const abort = new AbortController();
    const first = engine.study?.(options(asked), abort.signal);
    const others = [1, 2].map(() => engine.study?.(options(asked), never));
    abort.abort();
    await assert.rejects(async () => first, { code: "cancelled" });
    for (const each of others) assert.equal((await each)?.foundBy, "s3fd");
    // One look of the detector, and one face.
    assert.ok(inferenceUsage.runs - runs <= 2);
    const left = await filmed("left", 13, () => false);
    const leaving = new AbortController();
    const study = engine.study?.(options(left), leaving.signal);
    setImmediate(() => leaving.abort());
    await assert.rejects(async () => study, { code: "cancelled" });
    assert.equal((await readProfile(left))?.faces, undefined);
    assert.equal((await engine.study?.(options(left), never))?.faces, 13);
  });

  it("a drawn avatar's loop is encoded until it comes round or there is no more room, and its next video encodes none", async () => {
    const drawn: LipsyncOptions = { avatar: "talk_short", resolution: "360p", fps: 25, frameSkip: 1 };
    const studied = await engine.study?.(drawn, never);
    assert.ok(studied && studied.foundBy === "drawing" && studied.faces === 1 && studied.encoded > 20);
    assert.deepEqual(await engine.study?.(drawn, never), studied);
  });

  it("a prepared avatar's faces are there after a restart, and nothing is encoded again", async () => {
    const facesDir = join(scratch.path, "faces");
    const prepared = await folder("prepared");
    await prepareAstronaut(prepared);
    const made = { models, base: async () => rig, binaries, facesDir };
    assert.equal((await createWav2LipEngine(made).study?.(options(prepared), never))?.encoded, 1);
    const runs = inferenceUsage.runs;
    assert.equal((await createWav2LipEngine(made).study?.(options(prepared), never))?.encoded, 1);
    assert.equal(inferenceUsage.runs, runs);
  });

  it("the store of faces keeps under its limit, and takes what is broken for not there", async () => {
    const path = join(scratch.path, "store");
    const store = new FaceStore(path, 5 * 4200, silentLog());
    const features = (value: number): Tensors => ({
      feature0: { type: "float32", dims: [1, 1000], data: new Float32Array(1000).fill(value) },
    });
    for (let i = 0; i < 8; i++) {
      await store.write(`k${i}`, features(i));
      const when = new Date(1e12 + 1000 * i);
      await utimes(join(path, `k${i}.face`), when, when);
    }
    const files = await readdir(path);
    assert.ok(files.length <= 5 && files.includes("k7.face") && !files.includes("k0.face"));
    assert.deepEqual(await store.read("k7"), features(7));
    await truncate(join(path, "k7.face"), 900);
    assert.equal(await store.read("k7"), undefined);
    await writeFile(join(path, "k6.face"), "no face");
    assert.equal(await store.read("k6"), undefined);
    assert.equal(await store.read("nobody"), undefined);
  });

  it("without weights the engine says what to do, and is cancelled like any other", async () => {
    await using none = checkpointModels({});
    const bare = createWav2LipEngine({ models: none, base: async () => rig, binaries });
    const state = await bare.availability();
    assert.ok(
      !state.available && /no weights of Wav2Lip/.test(state.reason) && /models pull wav2lip/.test(state.remedy),
    );
    const rendering = (async () => {
      for await (const frame of bare.render((async function* () {})(), options(join(scratch.path, "kept")), never)) {
        frame.release();
      }
    })();
    await assert.rejects(rendering, { code: "engine_unavailable" });
    await assert.rejects(async () => engine.study?.(options(join(scratch.path, "kept")), AbortSignal.abort()), {
      code: "cancelled",
    });
  });
});

describe("TALKBOX_PRELOAD", () => {
  it("opens the networks of Wav2Lip and S3FD under their names, and keeps them open", async () => {
    await using all = checkpointModels({ wav2lip: networks, s3fd: detector });
    const preloads = new Preloads(all.cache.pinned);
    registerPreloads(preloads, all);
    await preloads.load(["wav2lip", "s3fd"], never);
    assert.deepEqual(
      all.cache
        .list()
        .map(({ name, leases }) => `${name}: ${leases}`)
        .toSorted(),
      ["s3fd (faces): 0", "wav2lip (face): 0", "wav2lip (mouth): 0"],
    );
  });
});
