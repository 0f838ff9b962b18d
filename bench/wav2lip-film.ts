/**
 * Our side of bench/wav2lip.ts from the start of a process: finds the face in a photo, lays a mouth over it for every
 * frame of a sound, and encodes. Prints when the first frame was there. With a number of jobs it makes the film so many
 * times more, one after the other and at once by turns, and prints the medians of what both took, the share of the
 * machine's cores that was idle meanwhile, and the share of a job's time that was inside runs.
 * Usage: [TALKBOX_PROVIDERS=cuda] node bench/wav2lip-film.ts FOLDER PHOTO SOUND [JOBS] [ROUNDS]
 */
import { mkdir, rm } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { createRigEngine } from "../src/engines/lipsync/rig/rig-engine.ts";
import { createWav2LipEngine } from "../src/engines/lipsync/wav2lip/wav2lip-engine.ts";
import type { FaceFinder } from "../src/engines/faces/face-finder.ts";
import { ModelCache } from "../src/inference/model-cache.ts";
import { readProviders } from "../src/inference/providers.ts";
import { inferenceUsage } from "../src/inference/usage.ts";
import { GraphCache } from "../src/library/models/graph-cache.ts";
import { ModelLibrary } from "../src/library/models/model-library.ts";
import { silentLog } from "../src/log.ts";
import { resolveBinaries } from "../src/media/binaries.ts";
import { decodeMono } from "../src/media/decode-audio.ts";
import { encodeVideo } from "../src/media/encode-video.ts";
import { MARKS } from "../test/photo/astronaut.ts";
import { median } from "./process-tree.ts";

const [work = "", photo = "", sound = "", jobs = "0", rounds = "1"] = process.argv.slice(2);
const signal = new AbortController().signal;
const found = await resolveBinaries({ searchPath: (process.env["PATH"] ?? "").split(":") });
const binaries = async () => found;
const cacheDir = join(work, "cache");
const log = silentLog();
const library = new ModelLibrary({ folders: [{ path: join(work, "wav2lip") }], cacheDir, log });
const graphs = new GraphCache({ cacheDir, limitBytes: 1e10, log });
await using cache = new ModelCache({ order: readProviders(process.env["TALKBOX_PROVIDERS"] ?? "cpu"), log });
/** The face's parts are known: S3FD looks for its box, as the reference's does. */
const faces: FaceFinder = {
  id: "known",
  availability: async () => ({ available: true }),
  open: async () => ({ find: async () => [{ score: 1, marks: MARKS }], [Symbol.asyncDispose]: async () => {} }),
};
const modelsDir = join(import.meta.dirname, "../models");
const rig = createRigEngine({ modelsDir, dataDir: join(work, "data"), binaries, faces });
await using engine = createWav2LipEngine({ models: { library, graphs, cache }, base: async () => rig, binaries });
const likeness = join(work, "likeness");
await mkdir(likeness);
await engine.adopt?.({ path: photo, kind: "photo" }, likeness, signal);
const { samples, sampleRate } = await decodeMono(sound, { binaries: found, sampleRate: 16_000, signal });
let first = 0;
async function* frames() {
  const speech = (async function* () {
    yield { text: "", language: "und", audio: { samples, sampleRate } };
  })();
  const options = {
    avatar: "photo_short",
    likeness,
    lively: false,
    resolution: "480p",
    fps: 25,
    frameSkip: 1,
  } as const;
  for await (const frame of engine.render(speech, options, signal)) {
    first ||= performance.now();
    yield frame;
  }
}
async function film(name: string): Promise<number> {
  const encoded = await encodeVideo({
    frames: frames(),
    audio: (async function* () {
      yield samples;
    })(),
    sampleRate,
    channels: 1,
    width: 854,
    height: 480,
    fps: 25,
    format: "mp4",
    path: join(work, `${name}.mp4`),
    binaries: found,
    signal,
  });
  return encoded.frames;
}

/** Time that the machine's cores have been idle, and all their time, in milliseconds. */
function coreTimes(): { idle: number; all: number } {
  const times = cpus().map((core) => core.times);
  const sum = (kinds: readonly (keyof (typeof times)[number])[]): number =>
    times.reduce((total, core) => total + kinds.reduce((some, kind) => some + core[kind], 0), 0);
  return { idle: sum(["idle"]), all: sum(["idle", "user", "nice", "sys", "irq"]) };
}

type Measured = { readonly ms: number; readonly idle: number; readonly inRun: number };

async function measured(work: () => Promise<unknown>): Promise<Measured> {
  const [began, before, { runMs }] = [performance.now(), coreTimes(), { ...inferenceUsage }];
  await work();
  const [ms, after] = [performance.now() - began, coreTimes()];
  const idle = (after.idle - before.idle) / Math.max(1, after.all - before.all);
  return { ms, idle, inRun: (inferenceUsage.runMs - runMs) / ms };
}

const made = await film("ours");
const turns: Measured[] = [];
const together: Measured[] = [];
const names = Array.from({ length: Number(jobs) }, (_, i) => `ours${i}`);
for (let round = 0; names.length > 0 && round < Number(rounds); round++) {
  turns.push(
    await measured(async () => {
      for (const name of names) await film(name);
    }),
  );
  together.push(await measured(() => Promise.all(names.map(film))));
}
await rm(likeness, { recursive: true, force: true });
const of = (all: readonly Measured[], field: keyof Measured): number => median(all.map((each) => each[field]));
const times =
  names.length === 0
    ? {}
    : {
        in_turn_ms: of(turns, "ms"),
        at_once_ms: of(together, "ms"),
        in_turn_idle: of(turns, "idle"),
        in_run: of(turns, "inRun"),
      };
console.log(JSON.stringify({ first_ms: first, frames: made, ...times }));
