import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type JobResult, run } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import { silentLog } from "../../src/log.ts";
import { parseWav } from "../../src/media/parse-wav.ts";
import { liveTempDirs, TempDir } from "../../src/media/temp.ts";
import { tone, wav } from "../cover/stems.ts";
import { clip, flatIndex, narrowCheckpoint, voiceFile, writeBase } from "./narrow.ts";
import { pthFile } from "./write-pth.ts";

/** What people bring that is broken, and sound that is at its limits, through the operations and in an RVC voice. */
const root = join(import.meta.dirname, "../..");
const dir = await TempDir.create();
const models = join(dir.path, "models");
const environment = {
  TALKBOX_MODELS: models,
  TALKBOX_DATA: join(dir.path, "data"),
  TALKBOX_VOLUME: join(dir.path, "volume"),
  TALKBOX_RVC_MODELS: join(dir.path, "second"),
  PATH: process.env["PATH"],
};
const services = createServices(readConfig(environment, root), silentLog(), { tempRoot: join(dir.path, "temp") });
after(async () => {
  await services[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function put(file: string, bytes: Buffer): Promise<void> {
  const path = join(models, "rvc", file);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, bytes);
}

const good = await voiceFile("v1 40k");
await writeBase(join(models, "rvc-base"));
await put("mina/mina.pth", good);
await put("nan/nan.pth", await voiceFile("v1 40k", { "dec.conv_pre.weight": Number.NaN }));
await put("endless/endless.pth", await voiceFile("v1 40k", { "enc_p.emb_phone.weight": Number.POSITIVE_INFINITY }));
await put("empty/empty.pth", Buffer.alloc(0));
await put("torn/torn.pth", good.subarray(0, good.length / 2));
await put("training/G_2333333.pth", await pthFile(narrowCheckpoint("v1 40k"), { iteration: 3 }));
for (const [name, index] of [
  ["index-of-nothing", Buffer.alloc(0)],
  ["index-torn", flatIndex(256, 60).subarray(0, 5000)],
  ["index-of-text", Buffer.from("what is this, an index?".repeat(20))],
  ["index-of-v2", flatIndex(768, 20)],
  ["index-without-vectors", flatIndex(256, 0)],
] as const) {
  await put(`${name}/voice.pth`, good);
  await put(`${name}/added.index`, index);
}

async function job(operation: string, params: object): Promise<JobResult> {
  try {
    return await run({ operation, params, output: { delivery: "url" } }, { services });
  } finally {
    assert.deepEqual(await readdir(join(dir.path, "temp")).catch(() => []), [], "a file is left");
    assert.deepEqual(
      liveTempDirs().filter((path) => path !== dir.path),
      [],
    );
  }
}

const RATE = 16_000;
const song = wav(RATE, [clip(RATE)]);
const convert = (params: object): Promise<JobResult> =>
  job("convert_voice", { audio: song, voice: "mina", output_format: "wav", f0_method: "rmvpe", ...params });

async function sung(params: object): Promise<{ readonly sides: readonly Float32Array[]; readonly made: JobResult }> {
  const made = await convert(params);
  const { channels, sampleRate } = parseWav(await readFile(fileURLToPath(made.artifacts[0]?.url ?? "")));
  assert.equal(sampleRate, 40_000);
  for (const side of channels) assert.ok(side.every((x) => Math.abs(x) <= 1));
  return { sides: channels, made };
}

const peakOf = (sound: Float32Array): number => sound.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

describe("voices that cannot be used", () => {
  for (const [voice, message] of [
    ["nan", /^nan\.pth: .*"dec\.conv_pre\.weight" holds NaN or infinity/],
    ["endless", /^endless\.pth: .*"enc_p\.emb_phone\.weight" holds NaN or infinity/],
    ["empty", /^empty\.pth: /],
    ["torn", /^torn\.pth: /],
    ["training", /^G_2333333\.pth: it is a checkpoint of RVC's training/],
    ["index-of-nothing", /^added\.index: /],
    ["index-torn", /^added\.index: /],
    ["index-of-text", /^added\.index: /],
    ["index-of-v2", /^added\.index: its vectors have 768 numbers/],
  ] as const) {
    it(`${voice}: is told with its file, in a conversion and in a cover`, async () => {
      await assert.rejects(convert({ voice }), { code: "model_unusable", message });
      const cover = { voice_audio: song, instrument_audio: wav(RATE, [tone(RATE, 1, 110, 0.2)]), voice_model: voice };
      await assert.rejects(job("generate_cover_from_separate_audio", cover), { code: "model_unusable", message });
    });
  }

  it("sing without their index where it is not wanted, or has no vectors", async () => {
    for (const voice of ["index-of-nothing", "index-torn", "index-of-text", "index-of-v2"]) {
      assert.equal((await sung({ voice, index_rate: 0 })).sides[0]?.length, 40_000);
    }
    const { made } = await sung({ voice: "index-without-vectors" });
    assert.match((made.warnings ?? []).join(), /holds no vectors and is left out/);
  });

  it("are listed with what is wrong with them", async () => {
    const { voices } = (await job("list_models", {})) as JobResult & { voices: { name: string; problem?: string }[] };
    const problems = Object.fromEntries(voices.map(({ name, problem }) => [name, problem]));
    for (const name of ["empty", "torn", "training"]) assert.match(problems[name] ?? "", /\.pth: /, name);
    assert.equal(problems["mina"], undefined);
  });
});

describe("speakers that a voice does not have", () => {
  it("are refused with those that it has", async () => {
    await assert.rejects(convert({ speaker_id: 3 }), {
      code: "invalid_input",
      message: /The voice "mina" has the speakers 0 to 2: there is no speaker 3/,
    });
    await assert.rejects(convert({ speaker_id: -1 }), { code: "invalid_input" });
  });
});

describe("sound at its limits", () => {
  it("of nothing is refused, as base64, as a file of no samples, as no sound", async () => {
    await assert.rejects(convert({ audio: "" }), { code: "invalid_input" });
    for (const audio of [
      "data:audio/wav;base64,",
      wav(RATE, [new Float32Array(0)]),
      Buffer.from("no sound at all").toString("base64"),
    ]) {
      await assert.rejects(convert({ audio }), { code: "invalid_audio" });
    }
  });

  it("of five milliseconds, of one sample, is sung as long as it is", async () => {
    for (const [samples, expected] of [
      [80, 200],
      [1, 3],
    ] as const) {
      const { sides } = await sung({ audio: wav(RATE, [clip(samples)]) });
      assert.equal(sides[0]?.length, expected);
    }
  });

  it("that is silent stays silent; what is nearly silent stays quiet", async () => {
    const silent = await sung({ audio: wav(RATE, [new Float32Array(RATE)]) });
    assert.equal(peakOf(silent.sides[0] as Float32Array), 0);
    const quiet = await sung({ audio: wav(RATE, [clip(RATE).map((x) => x * 1e-3)]), rms_mix_rate: 0 });
    assert.ok(peakOf(quiet.sides[0] as Float32Array) < 0.05);
  });

  it("that is clipped, far above full scale, or has an offset is sung below full scale", async () => {
    for (const audio of [
      wav(RATE, [clip(RATE).map((x) => Math.max(-1, Math.min(1, 40 * x)))], { samples: "s16" }),
      wav(RATE, [clip(RATE).map((x) => 1000 * x)]),
      wav(RATE, [clip(RATE).map((x) => 0.2 * x + 0.7)]),
    ]) {
      const { sides } = await sung({ audio });
      const peak = peakOf(sides[0] as Float32Array);
      assert.ok(peak > 0.001 && peak <= 10 ** (-1 / 20) + 1e-3, `peak ${peak}`);
    }
  });

  it("with samples that are no numbers is sung around them", async () => {
    const broken = clip(RATE);
    broken.fill(Number.NaN, 4000, 4010).fill(Number.NEGATIVE_INFINITY, 8000, 8003);
    const { sides } = await sung({ audio: wav(RATE, [broken]) });
    assert.ok(peakOf((sides[0] as Float32Array).subarray(30_000)) > 0.001);
  });

  it("at 8 kHz, in stereo, in eight channels is sung", async () => {
    const narrow = clip(RATE).filter((_, n) => n % 2 === 0);
    assert.equal((await sung({ audio: wav(8000, [narrow]) })).sides[0]?.length, 40_000);
    const [left, right] = [clip(RATE), clip(RATE).map((x) => 0.25 * x)];
    assert.equal((await sung({ audio: wav(RATE, [left, right]) })).sides.length, 1);
    const { sides } = await sung({ audio: wav(RATE, [left, right]), stereo: true });
    assert.equal(sides.length, 2);
    const [a, b] = sides.map((side) => Math.hypot(...side)) as [number, number];
    assert.ok(Math.abs(20 * Math.log10(a / b) - 12) < 0.5, `${20 * Math.log10(a / b)} dB apart`);
    const eight = Array.from({ length: 8 }, () => left);
    assert.equal((await sung({ audio: wav(RATE, eight) })).sides.length, 1);
    assert.equal((await sung({ audio: wav(RATE, eight), stereo: true })).sides.length, 2);
  });
});
