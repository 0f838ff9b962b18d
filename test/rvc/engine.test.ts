import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createHarvestEngine } from "../../src/engines/pitch/harvest/harvest-engine.ts";
import type { F0, PitchEstimator, PitchOptions } from "../../src/engines/pitch/pitch-estimator.ts";
import { createRmvpeEngine } from "../../src/engines/pitch/rmvpe/rmvpe-engine.ts";
import { f0Finder } from "../../src/engines/voice/rvc/find-f0.ts";
import { createRvcEngine } from "../../src/engines/voice/rvc/rvc-engine.ts";
import { RVC_DEFAULTS } from "../../src/engines/voice/rvc/settings.ts";
import type { ConversionOptions, F0Point, RetrievalSettings } from "../../src/engines/voice/voice-converter.ts";
import { AppError } from "../../src/errors.ts";
import { ModelCache } from "../../src/inference/model-cache.ts";
import { readProviders } from "../../src/inference/providers.ts";
import { GraphCache } from "../../src/library/models/graph-cache.ts";
import { ModelLibrary } from "../../src/library/models/model-library.ts";
import { silentLog } from "../../src/log.ts";
import { TempDir } from "../../src/media/temp.ts";
import { voiceConverterSuite } from "../conformance/voice-converter.suite.ts";
import { TEST_PROVIDERS } from "../inference/providers.ts";
import { gather, streamOf } from "../voice/sound.ts";
import { clip, flatIndex, voiceFile, writeBase } from "./narrow.ts";

const dir = await TempDir.create();
const modelsDir = join(dir.path, "models");
const cacheDir = join(dir.path, "cache");
const log = silentLog();
const library = new ModelLibrary({ folders: [{ path: modelsDir }], cacheDir, log, keptMs: 0 });
const graphs = new GraphCache({ cacheDir, limitBytes: 1e9, log });
const cache = new ModelCache({ order: readProviders(TEST_PROVIDERS.join(",")) });
const models = { library, graphs, cache };
const none = { ...models, library: new ModelLibrary({ folders: [], cacheDir, log }) };
const harvest = createHarvestEngine(1);
const places = { modelsDir, rvcDir: join(dir.path, "rvc"), volumeDir: join(dir.path, "volume"), cacheDir };
const pitch = async (id: string): Promise<PitchEstimator> => (id === "harvest" ? harvest : createRmvpeEngine(models));
const engine = createRvcEngine({ models, places, pitch });
const { signal } = new AbortController();

async function put(file: string, bytes: Buffer): Promise<void> {
  const path = join(modelsDir, "rvc", file);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, bytes);
}

await writeBase(join(modelsDir, "rvc-base"));
await put("mina/mina.pth", await voiceFile("v1 40k"));
await put("mina/added_mina.index", flatIndex(256, 60));
await put("talker/talker.pth", await voiceFile("v1 32k without f0"));
await put("wide/wide.pth", await voiceFile("v2 40k"));
await put("wrong/wrong.pth", await voiceFile("v1 40k"));
await put("wrong/other.index", flatIndex(768, 20));
await put("empty/empty.pth", await voiceFile("v1 40k"));
await put("empty/trained.index", flatIndex(256, 0));
await put("broken/broken.pth", Buffer.from("no checkpoint at all".padEnd(100)));

after(async () => {
  await harvest[Symbol.asyncDispose]();
  await cache[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

type Asked = { readonly retrieval?: Partial<RetrievalSettings>; readonly pitch?: number; readonly rate?: number };

async function convert(
  voice: string,
  samples: Float32Array,
  { retrieval = {}, pitch: semitones = 0, rate = 16_000 }: Asked = {},
): Promise<{ samples: Float32Array; sampleRate: number; warnings: string[]; found: string[] }> {
  const warnings: string[] = [];
  const found: string[] = [];
  const options: ConversionOptions = {
    pitch: semitones,
    pitchMapping: "octave",
    retrieval: { ...RVC_DEFAULTS, ...retrieval },
    warn: (message) => warnings.push(message),
    foundPitch: (method) => found.push(method),
  };
  const made = await engine.convert(streamOf(samples, rate), voice, options, signal);
  return { samples: await gather(made), sampleRate: made.sampleRate, warnings, found };
}

voiceConverterSuite("rvc", engine, "mina", { sings: false });

describe("the engine rvc", () => {
  it("sings at the voice's rate, and says what found the pitch", async () => {
    const { samples, sampleRate, warnings, found } = await convert("mina", clip(20_000));
    assert.equal(sampleRate, 40_000);
    assert.equal(samples.length, 50_000);
    assert.ok(samples.some((x) => Math.abs(x) > 0.001));
    assert.deepEqual(warnings, []);
    assert.deepEqual(found, ["rmvpe"]);
    assert.deepEqual((await convert("MINA", clip(20_000), { retrieval: { f0Method: "harvest" } })).found, ["harvest"]);
  });

  it("warns of an index that is not there or empty, and of a pitch that the voice does not sing", async () => {
    const { warnings, found } = await convert("talker", clip(8000), { pitch: 3 });
    assert.deepEqual(found, []);
    assert.match(warnings.join("\n"), /has no \.index file: index_rate had no effect/);
    assert.match(warnings.join("\n"), /sings without a pitch: it cannot be shifted/);
    assert.deepEqual((await convert("talker", clip(8000), { retrieval: { indexRate: 0 } })).warnings, []);
    const empty = await convert("empty", clip(8000));
    assert.match(empty.warnings.join("\n"), /trained\.index holds no vectors and is left out/);
  });

  it("refuses an index of other features, unless it is not wanted", async () => {
    await assert.rejects(convert("wrong", clip(8000)), {
      code: "model_unusable",
      message: /^other\.index: its vectors have 768 numbers, .* 256\. It belongs to v2\. .*set index_rate to 0/,
    });
    assert.equal((await convert("wrong", clip(8000), { retrieval: { indexRate: 0 } })).samples.length, 20_000);
  });

  it("refuses what it cannot use by name: files, speakers, settings, a ContentVec of another width", async () => {
    await assert.rejects(convert("broken", clip(100)), { code: "model_unusable", message: /^broken\.pth: / });
    for (const speaker of [3, -1, 0.5]) {
      await assert.rejects(convert("mina", clip(100), { retrieval: { speaker } }), {
        code: "invalid_input",
        message: /The voice "mina" has the speakers 0 to 2/,
      });
    }
    for (const [name, retrieval] of [
      ["index_rate", { indexRate: 1.5 }],
      ["protect", { protect: 0.6 }],
      ["rms_mix_rate", { rmsMixRate: -1 }],
      ["filter_radius", { filterRadius: Number.NaN }],
    ] as const) {
      await assert.rejects(convert("mina", clip(100), { retrieval }), {
        code: "invalid_input",
        message: new RegExp(`\`${name}\` is a number`),
      });
    }
    for (const f0Curve of [
      [
        [1, 100],
        [0.5, 100],
      ],
      [[0, -1]],
      [[0, 5000]],
    ] as unknown as readonly F0Point[][]) {
      await assert.rejects(convert("mina", clip(100), { retrieval: { f0Curve } }), {
        code: "invalid_input",
        message: /`f0_curve` is a list of \[seconds, Hz\]/,
      });
    }
    await assert.rejects(convert("mina", clip(100), { retrieval: { f0Method: "guess" } }), {
      code: "invalid_input",
      message: /There is no f0_method "guess"\. Known: rmvpe, crepe, /,
    });
    await assert.rejects(convert("wide", clip(8000)), {
      code: "model_unusable",
      message: /gives features of 128 numbers, and the voice takes 768/,
    });
    const profile = { version: 1 } as never;
    await assert.rejects(
      engine.convert(streamOf(clip(10), 16_000), profile, { pitch: 0, pitchMapping: "range" }, signal),
      {
        code: "invalid_input",
      },
    );
  });

  it("sings what is short, and what comes at 8 kHz", async () => {
    for (const length of [1, 37, 160, 2000]) {
      assert.equal((await convert("talker", clip(length))).samples.length, 2 * length);
    }
    assert.equal((await convert("mina", clip(6000), { rate: 8000 })).samples.length, 30_000);
  });

  it("says what is missing: voices, or ContentVec", async () => {
    assert.deepEqual(await engine.availability(), { available: true });
    const voiceless = createRvcEngine({ models, places: { ...places, modelsDir: join(dir.path, "none") }, pitch });
    const state = await voiceless.availability();
    assert.ok(!state.available);
    assert.match(`${state.reason} ${state.remedy}`, /no RVC voices.*models\/rvc\/NAME/);
    const weightless = createRvcEngine({ models: none, places, pitch });
    const missing = await weightless.availability();
    assert.ok(!missing.available);
    assert.match(`${missing.reason} ${missing.remedy}`, /no weights of ContentVec.*models pull rvc-base/);
    const options = { pitch: 0, pitchMapping: "octave" } as const;
    await assert.rejects(weightless.convert(streamOf(clip(10), 16_000), "mina", options, signal), {
      code: "engine_unavailable",
      message: /models pull rvc-base/,
    });
  });

  it("lets its networks go with the last sound, and when it is left early", async () => {
    await convert("mina", clip(8000));
    const options: ConversionOptions = { pitch: 0, pitchMapping: "octave" };
    const made = await engine.convert(streamOf(clip(30 * 16_000), 16_000), "mina", options, signal);
    for await (const block of made.blocks) {
      assert.ok(block.length > 0);
      break;
    }
    assert.ok(cache.list().length > 0);
    assert.ok(cache.list().every(({ leases }) => leases === 0));
  });
});

describe("what finds the pitch of an RVC voice", () => {
  const asked: [string, PitchOptions][] = [];
  const fake = (id: string): PitchEstimator => ({
    info: { id, kind: "pitch", description: "", embedded: true, license: "", languages: [] },
    availability: async () => ({ available: true }),
    async estimate(audio, options): Promise<F0> {
      asked.push([id, options]);
      const values = Float64Array.from(
        { length: 1 + Math.floor(audio.samples.length / audio.sampleRate / options.hopSeconds + 1e-9) },
        (_, i) => 100 + i,
      );
      return { hopSeconds: options.hopSeconds, values };
    },
  });
  const find = async (
    f0Method: string,
    semitones = 0,
    { f0Curve = [], from = 0 }: { readonly f0Curve?: readonly F0Point[]; readonly from?: number } = {},
  ): Promise<Float64Array> => {
    const settings = { ...RVC_DEFAULTS, f0Method, f0Curve };
    const finder = await f0Finder(async (id) => fake(id), settings, { pitch: semitones });
    return finder.find(new Float32Array(16_000), from, signal);
  };

  it("is asked as RVC asks it", async () => {
    const methods = ["rmvpe", "crepe", "crepe-tiny", "harvest", "dio", "mangio-crepe", "mangio-crepe-tiny"];
    for (const method of methods) await find(method);
    assert.deepEqual(
      asked.map(([id, { floor, ceiling, hopSeconds, size, everywhere }]) => [
        id,
        floor,
        ceiling,
        Math.round(hopSeconds * 16_000),
        size ?? "full",
        everywhere,
      ]),
      [
        ["rmvpe", 31, 2010, 160, "full", false],
        ["crepe", 50, 1100, 160, "full", false],
        ["crepe", 50, 1100, 160, "tiny", false],
        ["harvest", 50, 1100, 160, "full", false],
        ["dio", 50, 1100, 160, "full", false],
        ["crepe", 50, 1100, 128, "full", true],
        ["crepe", 50, 1100, 128, "tiny", true],
      ],
    );
  });

  it("is shifted; of another hop it is spread over the frames as numpy's interp does", async () => {
    const shifted = await find("rmvpe", 12);
    assert.equal(shifted[10], 220);
    const spread = await find("mangio-crepe");
    assert.equal(spread.length, 100);
    // 126 values on 100 frames.
    for (const frame of [0, 1, 50, 99]) assert.ok(Math.abs((spread[frame] as number) - (100 + 1.26 * frame)) < 1e-9);
  });

  it("is a curve of the caller's from its first point to its last, on lines between what is sung, and not shifted", async () => {
    const f0Curve = [
      [0.1, 200],
      [0.2, 300],
      [0.3, 0],
      [0.5, 250],
    ] as const;
    const plain = await find("rmvpe", 12);
    const made = await find("rmvpe", 12, { f0Curve });
    const expected: Readonly<Record<number, number>> = {
      10: 200,
      15: 250,
      20: 300,
      24: 300,
      26: 0,
      30: 0,
      39: 0,
      41: 250,
      50: 250,
    };
    for (const [frame, hz] of Object.entries(expected)) {
      assert.ok(Math.abs((made[Number(frame)] as number) - hz) < 1e-6, `frame ${frame}: ${made[Number(frame)]}`);
    }
    for (const frame of [0, 9, 51, 99]) assert.equal(made[frame], plain[frame]);
    // A passage hears a second before its own first sample.
    const later = await find("rmvpe", 12, { f0Curve, from: -0.5 });
    assert.equal(later[59], plain[59]);
    assert.ok(Math.abs((later[65] as number) - 250) < 1e-6);
  });

  it("is harvest where rmvpe has no weights; another one that has none is an error", async () => {
    const warnings: string[] = [];
    const found: string[] = [];
    const engines = async (id: string): Promise<PitchEstimator> => {
      if (id !== "harvest") throw new AppError("engine_unavailable", `There are no weights of ${id}.`);
      return fake(id);
    };
    const options = {
      pitch: 0,
      warn: (message: string) => warnings.push(message),
      foundPitch: (method: string) => found.push(method),
    };
    await f0Finder(engines, RVC_DEFAULTS, options);
    assert.deepEqual(found, ["harvest"]);
    assert.match(warnings.join(), /found by harvest: There are no weights of rmvpe/);
    await assert.rejects(f0Finder(engines, { ...RVC_DEFAULTS, f0Method: "crepe" }, options), {
      code: "engine_unavailable",
    });
  });
});
