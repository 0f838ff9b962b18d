import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { handler, type JobResult, run } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import { checkModels } from "../../src/cli/doctor-models.ts";
import { isAbort } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { probe } from "../../src/media/probe.ts";
import { liveTempDirs, TempDir } from "../../src/media/temp.ts";
import { tone, wav } from "../cover/stems.ts";
import { clip, flatIndex, voiceFile, writeBase } from "./narrow.ts";

const root = join(import.meta.dirname, "../..");
const dir = await TempDir.create();
const models = join(dir.path, "models");
await mkdir(join(models, "rvc/mina"), { recursive: true });
await writeBase(join(models, "rvc-base"));
await writeFile(join(models, "rvc/mina/mina.pth"), await voiceFile("v1 40k"));
await writeFile(join(models, "rvc/mina/added.index"), flatIndex(256, 60));

const environment = {
  TALKBOX_MODELS: models,
  TALKBOX_DATA: join(dir.path, "data"),
  TALKBOX_VOLUME: join(dir.path, "volume"),
  TALKBOX_RVC_MODELS: join(dir.path, "second"),
  PATH: process.env["PATH"],
};
const config = readConfig({ ...environment, TALKBOX_MODEL_FOLDERS: dir.path }, root);
const services = createServices(config, silentLog(), { tempRoot: join(dir.path, "temp") });
after(async () => {
  await services[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

const vocal = wav(16_000, [clip(40_000)]);
const music = wav(44_100, [tone(44_100, 2.5, 110, 0.2)]);
const job = async (operation: string, params: object = {}, output: object = {}): Promise<JobResult> =>
  run({ operation, params, output }, { services });

const engines = ({ receipt }: JobResult): string[] =>
  receipt.engines.map(({ kind, engine, model }) => `${kind} ${engine} ${model}`);

describe("operations with an RVC voice", () => {
  it("list_models says what it is", async () => {
    const made = await job("list_models");
    assert.deepEqual(made["voices"], [
      { name: "mina", state: "ready", version: "v1", sample_rate: 40_000, f0: true, index_vectors: 60 },
    ]);
    assert.ok((made["models"] as string[]).includes("mina"));
    const health = await job("health_check");
    assert.deepEqual(health["available_models"], made["models"]);
    const engine = (health["engines"] as { id: string; available: boolean }[]).find(({ id }) => id === "rvc");
    assert.ok(engine?.available);
  });

  it("convert_voice sings a recording with it, at its rate, the same for the same seed", async () => {
    const params = { audio: vocal, voice: "mina", pitch: 2, seed: 11, output_format: "flac" };
    const made = await job("convert_voice", params, { delivery: "inline" });
    assert.equal(made["engine"], "rvc");
    assert.equal(made["voice"], "mina");
    assert.equal(made["sample_rate"], 40_000);
    assert.equal(made["duration"], 2.5);
    assert.deepEqual(engines(made), ["voice rvc mina", "pitch rvc rmvpe"]);
    const again = await job("convert_voice", params, { delivery: "inline" });
    const other = await job("convert_voice", { ...params, seed: 12 }, { delivery: "inline" });
    assert.equal(again.artifacts[0]?.base64, made.artifacts[0]?.base64);
    assert.notEqual(other.artifacts[0]?.base64, made.artifacts[0]?.base64);
  });

  it("convert_voice says which settings an embedded voice has no use for", async () => {
    const home = readConfig({ ...environment, TALKBOX_MODELS: "", TALKBOX_MODEL_FOLDERS: dir.path }, root);
    await using shipped = createServices(home, silentLog(), { tempRoot: join(dir.path, "temp") });
    const params = { audio: vocal, voice: "alto-warm" };
    const plain = await run({ operation: "convert_voice", params }, { services: shipped });
    assert.equal(plain.warnings, undefined);
    const set = { ...params, index_rate: 0.7, speaker_id: 1 };
    const { warnings } = await run({ operation: "convert_voice", params: set }, { services: shipped });
    assert.match((warnings ?? []).join(), /index_rate, speaker_id apply to RVC voices and had no effect/);
  });

  it("generate_cover_from_separate_audio sings a song with it, as it is asked to", async () => {
    const params = {
      voice_audio: vocal,
      instrument_audio: music,
      voice_model: "mina",
      output_format: "wav",
    };
    const sing = (more: object = {}): Promise<JobResult> =>
      job("generate_cover_from_separate_audio", { ...params, ...more }, { delivery: "url" });
    const made = await sing();
    assert.equal(made["model_used"], "mina");
    assert.equal(made.warnings, undefined);
    assert.deepEqual(engines(made), ["voice rvc mina", "pitch rvc rmvpe"]);
    const { ffprobe } = await services.binaries();
    const info = await probe(fileURLToPath(String(made["output_url"])), { ffprobe });
    assert.equal(info.audio?.sampleRate, 44_100);
    assert.ok(Math.abs((info.duration ?? 0) - 2.5) < 0.01);
    const harvest = await sing({ f0_method: "harvest", pitch_adjust: -3, speaker_id: 2, index_rate: 0 });
    assert.deepEqual(engines(harvest), ["voice rvc mina", "pitch rvc harvest"]);
    const own = await sing({
      f0_curve: [
        [0, 220],
        [2.5, 330],
      ],
    });
    assert.ok(existsSync(fileURLToPath(String(own["output_url"]))));
    await assert.rejects(
      sing({
        f0_curve: [
          [1, 220],
          [0, 330],
        ],
      }),
      { code: "invalid_input", message: /f0_curve/ },
    );
    await assert.rejects(sing({ speaker_id: 3 }), { code: "invalid_input", message: /there is no speaker 3/ });
    await assert.rejects(sing({ f0_method: "crepe" }), {
      code: "engine_unavailable",
      message: /full\.pth or tiny\.pth/,
    });
  });

  it("stops when it is told to, and leaves nothing", async () => {
    const abort = new AbortController();
    const audio = wav(16_000, [clip(60 * 16_000)], { samples: "s16" });
    const events = handler(
      { operation: "convert_voice", params: { audio, voice: "mina" } },
      { services, signal: abort.signal },
    );
    const follow = async (): Promise<void> => {
      // The first of three passages is there.
      for await (const event of events) if (event.type === "progress" && event.stage === "convert") abort.abort();
    };
    await assert.rejects(follow(), (error) => isAbort(error));
    assert.deepEqual(
      liveTempDirs().filter((path) => path !== dir.path),
      [],
    );
    // A run that has begun ends by itself; nothing waits for it.
    const leased = (): boolean => services.models.list().some(({ leases }) => leases > 0);
    for (let look = 0; leased() && look < 600; look++) await sleep(50);
    assert.ok(!leased());
  });

  it("doctor says what covers lack, and what is there", async () => {
    const findings = await checkModels(config);
    const of = (name: string) => findings.find((finding) => finding.name === name);
    assert.ok(of("contentvec")?.ok && of("rmvpe")?.ok);
    const bare = readConfig(
      { ...environment, TALKBOX_MODELS: join(dir.path, "none"), TALKBOX_MODEL_FOLDERS: join(dir.path, "none") },
      root,
    );
    const missing = (await checkModels(bare)).find(({ name }) => name === "contentvec");
    assert.ok(!missing?.ok);
    assert.match(missing?.remedy ?? "", /models pull rvc-base/);
  });

  it("TALKBOX_PRELOAD=rvc opens all that a song needs", async () => {
    await using fresh = createServices(config, silentLog(), { tempRoot: join(dir.path, "temp") });
    await fresh.preloads.load(["rvc"], new AbortController().signal);
    assert.deepEqual(
      fresh.models
        .list()
        .map(({ name }) => name)
        .toSorted((a, b) => (a < b ? -1 : 1)),
      ["rvc-base/hubert_base (v1)", "rvc-base/rmvpe (salience)", "mina (latent)", "mina (sound)"].toSorted((a, b) =>
        a < b ? -1 : 1,
      ),
    );
  });
});
