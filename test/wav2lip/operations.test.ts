import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { handler, type JobResult } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import { createEspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { createWav2LipEngine } from "../../src/engines/lipsync/wav2lip/wav2lip-engine.ts";
import { AppError } from "../../src/errors.ts";
import type { JobEvent } from "../../src/events.ts";
import { silentLog } from "../../src/log.ts";
import { resolveBinaries } from "../../src/media/binaries.ts";
import { probe } from "../../src/media/probe.ts";
import { liveTempDirs } from "../../src/media/temp.ts";
import { scratchFolder } from "../photo/astronaut.ts";
import { checkpointModels, plainNetworks } from "./networks.ts";

const root = join(import.meta.dirname, "../..");
const modelsDir = join(root, "models");
const scratch = await scratchFolder();
const dataDir = join(scratch.path, "data");
const binaries = () => resolveBinaries();
const models = checkpointModels({ wav2lip: await plainNetworks(scratch.path) });
const rig = createRigEngine({ modelsDir, dataDir, binaries });
const config = readConfig({ ...process.env, TALKBOX_DATA: dataDir }, root);
const services = createServices(config, silentLog(), {
  tempRoot: join(scratch.path, "temp"),
  engines: [
    { id: "espeak", kind: "speech", load: async () => createEspeakEngine({ modelsDir }) },
    {
      id: "wav2lip",
      kind: "lipsync",
      load: async () => createWav2LipEngine({ models, base: async () => rig, binaries }),
    },
    { id: "rig", kind: "lipsync", load: async () => rig },
  ],
});
after(async () => {
  await services[Symbol.asyncDispose]();
  await models[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

type Fields = JobResult & Readonly<Record<string, unknown>>;

/** Runs a job to its end; its events go to `seen`. */
async function job(operation: string, params: object, seen: JobEvent[] = []): Promise<Fields> {
  const events = handler({ operation, params, output: { delivery: "url" } }, { services });
  for (;;) {
    const step = await events.next();
    if (step.done) return step.value;
    seen.push(step.value);
  }
}

const speech = { text: "Hello there.", language: "en", quality: "low" };

describe("operations over Wav2Lip", () => {
  it("lipsync takes it by itself where its weights are, and makes a frame for each 40 ms of sound", async () => {
    const made = await job("lipsync", {
      ...speech,
      avatar: "new_talk_short",
      audio_offset_frames: -1,
      pads: [0, 8, 0, 0],
    });
    assert.equal(made["engine"], "wav2lip");
    assert.ok(made.receipt.engines.some(({ engine, model }) => engine === "wav2lip" && model === "new_talk_short"));
    const url = made.artifacts.find(({ kind }) => kind === "video")?.url ?? "";
    const { ffprobe } = await binaries();
    const { video } = await probe(fileURLToPath(url), {
      ffprobe,
      countFrames: true,
      signal: new AbortController().signal,
    });
    assert.equal(video?.frames, Math.ceil((made["audio_duration"] as number) * 25 - 1e-6));
    assert.equal(made["frames"], video?.frames);
    assert.deepEqual(made.warnings ?? [], []);
  });

  it("says where a param has no effect, because the engine makes no faces anew", async () => {
    const made = await job("lipsync", { ...speech, engine: "rig", nosmooth: true, audio_offset_frames: 2 });
    assert.match(String(made.warnings), /nosmooth, audio_offset_frames: the lip-sync engine "rig" makes no faces anew/);
  });

  it("prepare_avatar readies the faces of the loop, tells how far it is, and again at once", async () => {
    const seen: JobEvent[] = [];
    const first = await job("prepare_avatar", { avatar: "talk_short_360p" }, seen);
    const { elapsed, faces_ready: ready, ...fields } = first;
    assert.ok(typeof elapsed === "number" && (ready as number) > 20);
    assert.equal(fields["found_by"], "drawing");
    assert.deepEqual([fields["avatar"], fields["resolution"], fields["engine"]], ["talk_short", "360p", "wav2lip"]);
    const last = seen.at(-1);
    assert.ok(last?.type === "progress" && last.progress === 1);
    assert.equal((await job("prepare_avatar", { avatar: "talk_short_360p" }))["faces_ready"], ready);
    const drawn = await job("prepare_avatar", { avatar: "talk", resolution: "360p", engine: "rig" });
    assert.deepEqual([drawn["found_by"], drawn["faces"], drawn["faces_ready"]], [null, 0, 0]);
  });

  it("an avatar that there is not is refused by name", async () => {
    await assert.rejects(job("prepare_avatar", { avatar: "nobody" }), (error) => {
      assert.ok(error instanceof AppError && error.code === "not_found");
      return true;
    });
    assert.deepEqual(liveTempDirs(), []);
  });
});
