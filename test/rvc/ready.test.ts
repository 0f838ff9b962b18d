import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { leaseNetwork } from "../../src/engines/checkpoint-models.ts";
import type { PitchEstimator } from "../../src/engines/pitch/pitch-estimator.ts";
import { createRmvpeEngine } from "../../src/engines/pitch/rmvpe/rmvpe-engine.ts";
import { createRvcEngine } from "../../src/engines/voice/rvc/rvc-engine.ts";
import { ModelCache } from "../../src/inference/model-cache.ts";
import { readProviders } from "../../src/inference/providers.ts";
import { GraphCache } from "../../src/library/models/graph-cache.ts";
import { ModelLibrary } from "../../src/library/models/model-library.ts";
import { silentLog } from "../../src/log.ts";
import { TempDir } from "../../src/media/temp.ts";
import { readyFile } from "../graphs/ready-file.ts";
import { TEST_PROVIDERS } from "../inference/providers.ts";
import { gather, streamOf } from "../voice/sound.ts";
import { clip, voiceFile, writeBase } from "./narrow.ts";

/** ContentVec and RMVPE as graphs that others exported, beside the same weights as checkpoints. */
const dir = await TempDir.create();
const log = silentLog();
const cache = new ModelCache({ order: readProviders(TEST_PROVIDERS.join(",")) });
/** Ready graphs are in float32 wherever they run, and checkpoints in float16 on GPUs that have it. */
const TOLERANCE = TEST_PROVIDERS.every((provider) => provider === "cpu") ? 1e-4 : 5e-2;
const { signal } = new AbortController();
after(async () => {
  await cache[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

type Place = Awaited<ReturnType<typeof place>>;

/** A models folder with some of the graphs. */
async function place(name: string, ...files: readonly string[]) {
  const modelsDir = join(dir.path, name);
  const cacheDir = join(dir.path, "cache", name);
  await mkdir(modelsDir, { recursive: true });
  for (const file of files) await writeFile(join(modelsDir, `${file}.onnx`), readyFile(file));
  const library = new ModelLibrary({ folders: [{ path: modelsDir }], cacheDir, log, keptMs: 0 });
  const models = { library, cache, graphs: new GraphCache({ cacheDir, limitBytes: 1e9, log }) };
  const pitch = async (): Promise<PitchEstimator> => createRmvpeEngine(models);
  const places = { modelsDir, rvcDir: join(modelsDir, "second"), volumeDir: join(modelsDir, "volume"), cacheDir };
  return { modelsDir, library, models, engine: createRvcEngine({ models, places, pitch }) };
}

const checkpoints = await place("checkpoints");
await writeBase(checkpoints.modelsDir);

/** What a file's part makes of sound. */
async function heard({ models }: Place, file: string, part: string): Promise<Float32Array> {
  const entry = (await models.library.list()).find(({ name }) => name === file);
  assert.ok(entry?.state === "ready", entry?.problem);
  await using lease = await leaseNetwork(models, { entry, part }, signal);
  const audio = { type: "float32", dims: [1, 12_345], data: clip(12_345) } as const;
  const { features, salience, hz } = await lease.session.run({ audio }, signal);
  const made = features ?? salience ?? hz;
  assert.ok(made?.type === "float32");
  return made.data;
}

function assertSame(made: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(made.length, expected.length);
  let worst = 0;
  for (let i = 0; i < made.length; i++)
    worst = Math.max(worst, Math.abs((made[i] as number) - (expected[i] as number)));
  assert.ok(worst <= tolerance, `differs by ${worst}`);
}

const GRAPHS = ["vec-256-layer-9", "vec-768-layer-12", "content-vec-500", "rmvpe-mel", "rmvpe-f0", "rmvpe-wrapped"];

describe("graphs of ContentVec and RMVPE that come ready", async () => {
  const ready = await place("ready", ...GRAPHS);

  it("are known by what goes in and comes out, and by the sides of their weights", async () => {
    const entries = await ready.library.list();
    const known = entries.map(({ name, family, variant, state }) => [name, family, variant, state]);
    assert.deepEqual(known, [
      ["content-vec-500", "contentvec", "v1, v2", "ready"],
      ["rmvpe-f0", "rmvpe", "sound to hz", "ready"],
      ["rmvpe-mel", "rmvpe", "mel to salience", "ready"],
      ["rmvpe-wrapped", "rmvpe", "sound to hz", "ready"],
      ["vec-256-layer-9", "contentvec", "v1", "ready"],
      ["vec-768-layer-12", "contentvec", "v2", "ready"],
    ]);
  });

  for (const [file, part] of [
    ["vec-256-layer-9", "v1"],
    ["vec-768-layer-12", "v2"],
    ["content-vec-500", "v1"],
    ["content-vec-500", "v2"],
  ] as const) {
    it(`${file} gives the features of ${part} that the checkpoint gives`, async () => {
      assertSame(await heard(ready, file, part), await heard(checkpoints, "hubert_base", part), TOLERANCE);
    });
  }

  it("rmvpe-mel is given the mel that the graph of a checkpoint makes", async () => {
    const [made, expected] = [
      await heard(ready, "rmvpe-mel", "salience"),
      await heard(checkpoints, "rmvpe", "salience"),
    ];
    assertSame(made, expected, TOLERANCE);
  });

  for (const file of ["rmvpe-mel", "rmvpe-f0", "rmvpe-wrapped"]) {
    it(`${file} finds the pitch that the checkpoint finds, of any length`, async () => {
      const alone = await place(file, file);
      for (const samples of [100, 2560, 40_000]) {
        const audio = { samples: clip(samples), sampleRate: 16_000 };
        const options = { floor: 31, ceiling: 2010, hopSeconds: 0.01 };
        const made = await createRmvpeEngine(alone.models).estimate(audio, options, signal);
        const expected = await createRmvpeEngine(checkpoints.models).estimate(audio, options, signal);
        assert.equal(made.values.length, 1 + Math.floor(samples / 160));
        // The likeliest of pitches that are equally likely is either: these weights were trained for nothing.
        const same = made.values.filter((hz, i) => Math.abs(hz - (expected.values[i] as number)) < 0.05).length;
        assert.ok(same >= 0.95 * made.values.length, `${same} of ${made.values.length} frames`);
      }
    });
  }

  it("sing a song as checkpoints do", async () => {
    const graphs = await place("song", "vec-256-layer-9", "vec-768-layer-12", "rmvpe-mel");
    const sung: Float32Array[] = [];
    for (const { modelsDir, engine } of [checkpoints, graphs]) {
      await mkdir(join(modelsDir, "rvc/mina"), { recursive: true });
      await writeFile(join(modelsDir, "rvc/mina/mina.pth"), await voiceFile("v1 40k"));
      assert.deepEqual(await engine.availability(), { available: true });
      const made = await engine.convert(
        streamOf(clip(20_000), 16_000),
        "mina",
        { pitch: 0, pitchMapping: "octave", seed: 3 },
        signal,
      );
      sung.push(await gather(made));
    }
    const [expected, made] = sung as [Float32Array, Float32Array];
    assertSame(made, expected, 10 * TOLERANCE);
  });

  it("that serve another version of RVC alone are told apart from those for the voice", async () => {
    const other = await place("other", "vec-768-layer-12", "rmvpe-mel");
    await mkdir(join(other.modelsDir, "rvc/mina"), { recursive: true });
    await writeFile(join(other.modelsDir, "rvc/mina/mina.pth"), await voiceFile("v1 40k"));
    const options = { pitch: 0, pitchMapping: "octave" } as const;
    await assert.rejects(other.engine.convert(streamOf(clip(8000), 16_000), "mina", options, signal), {
      code: "engine_unavailable",
      message: /"mina" is a voice of RVC v1, for which vec-768-layer-12 gives no features\. .*vec-256-layer-9\.onnx/,
    });
  });

  it("give way to a checkpoint, which is made for the device", async () => {
    const both = await place("both", "content-vec-500", "rmvpe-f0");
    await writeBase(both.modelsDir);
    assert.equal((await both.library.find("contentvec"))?.name, "hubert_base");
    assert.equal((await both.library.find("rmvpe"))?.name, "rmvpe");
    assert.equal((await both.library.find("rmvpe", "rmvpe-f0"))?.name, "rmvpe-f0");
  });
});
