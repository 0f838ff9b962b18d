import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { CheckpointModels } from "../../src/engines/checkpoint-models.ts";
import { createCrepeEngine } from "../../src/engines/pitch/crepe/crepe-engine.ts";
import { decodeCrepe, voicedOnly } from "../../src/engines/pitch/crepe/decode.ts";
import type { PitchEstimator, PitchOptions } from "../../src/engines/pitch/pitch-estimator.ts";
import { decodeSalience } from "../../src/engines/pitch/rmvpe/decode.ts";
import { createRmvpeEngine } from "../../src/engines/pitch/rmvpe/rmvpe-engine.ts";
import { buildCrepe } from "../../src/graphs/crepe.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { buildRmvpe } from "../../src/graphs/rmvpe.ts";
import type { Tensor } from "../../src/inference/tensor.ts";
import { TempDir } from "../../src/media/temp.ts";
import { formulaCheckpoint, keysOf, type KeyTree, spread } from "../graphs/formula.ts";
import { readReference } from "../graphs/reference.ts";
import { checkpointModels } from "../wav2lip/networks.ts";

/**
 * The networks' weights say nothing of pitch: what is looked at here is that the engines hear what the reference's network
 * is given, frame by frame. That the networks are the reference's is seen in test/graphs.
 */
const dir = await TempDir.create();
const trees = readReference<{ readonly trees: Readonly<Record<string, KeyTree>> }>("crepe").trees;
const { tree } = readReference<{ readonly tree: KeyTree }>("rmvpe-narrow");
const rmvpe = buildRmvpe(formulaCheckpoint("rmvpe.pt", keysOf(tree))).graph;
const crepe = buildCrepe(formulaCheckpoint("tiny.pth", keysOf(trees["tiny"] as KeyTree)), "tiny").graph;
const models = checkpointModels({
  rmvpe: { salience: await writeModel(rmvpe, dir.path, "rmvpe") },
  crepe: { salience: await writeModel(crepe, dir.path, "crepe") },
});
const none = checkpointModels({});
after(async () => {
  await models[Symbol.asyncDispose]();
  await none[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

const RATE = 16_000;
const { signal } = new AbortController();
/** All that RMVPE's network can hear. */
const ALL: PitchOptions = { floor: 31, ceiling: 2010, hopSeconds: 0.01 };
const VOICE: PitchOptions = { floor: 50, ceiling: 1100, hopSeconds: 0.01 };

/** A glide with some noise. */
function sound(seconds: number, rate = RATE): Float32Array<ArrayBuffer> {
  const noise = spread("sound", Math.round(seconds * rate), 0.02);
  return noise.map((x, i) => x + 0.3 * Math.sin(2 * Math.PI * 220 * (i / rate) * (1 + 0.02 * Math.sin(i / rate))));
}

async function run(family: string, feeds: Readonly<Record<string, Tensor>>): Promise<Float32Array> {
  const path = join(dir.path, `${family}.onnx`);
  await using lease = await models.cache.lease({ key: `direct ${family}`, model: path, lean: family === "rmvpe" });
  const { salience } = await lease.session.run(feeds, signal);
  assert.ok(salience?.type === "float32");
  return salience.data;
}

const estimate = (engine: PitchEstimator, samples: Float32Array, options: PitchOptions, sampleRate = RATE) =>
  engine.estimate({ samples, sampleRate }, options, signal);

describe("rmvpe", () => {
  const engine = createRmvpeEngine(models);

  it("hears a clip at once: the network's pitch of every frame", async () => {
    const samples = sound(3.123);
    const { values, hopSeconds } = await estimate(engine, samples, ALL);
    const data = Float32Array.from(samples);
    const salience = await run("rmvpe", { audio: { type: "float32", dims: [1, data.length], data } });
    assert.equal(hopSeconds, 0.01);
    assert.deepEqual(values, decodeSalience(salience));
    assert.equal(values.length, 313);
    assert.ok(values.every((hz) => hz > 31 && hz < 2010));
  });

  it("hears long sound in blocks, nearly as it does at once", async () => {
    const data = sound(75);
    const { values } = await estimate(engine, data, ALL);
    const salience = await run("rmvpe", { audio: { type: "float32", dims: [1, data.length], data } });
    const whole = decodeSalience(salience);
    assert.equal(values.length, whole.length);
    const same = values.filter((hz, i) => Math.abs(hz / (whole[i] as number) - 1) < 1e-3).length;
    assert.ok(same > 0.99 * whole.length, `${same} of ${whole.length} frames are the same`);
  });

  it("takes clips of any length, other rates, other hops; what is outside of the range is no pitch", async () => {
    for (const length of [1, 100, 2559, 2560, 16_001]) {
      const { values } = await estimate(engine, sound(1.1).subarray(0, length), ALL);
      assert.equal(values.length, 1 + Math.floor(length / 160));
    }
    assert.equal((await estimate(engine, sound(1, 44_100), ALL, 44_100)).values.length, 101);
    const whole = (await estimate(engine, sound(1), ALL)).values;
    const { values: finer } = await estimate(engine, sound(1), { ...ALL, hopSeconds: 0.005 });
    assert.equal(finer.length, 201);
    for (const [i, hz] of whole.entries()) assert.ok(Math.abs((finer[2 * i] as number) - hz) < 1e-6);
    for (const [i, hz] of finer.entries()) {
      if (i % 2 === 1) assert.ok(Math.abs(hz - ((finer[i - 1] as number) + (finer[i + 1] as number)) / 2) < 1e-6);
    }
    const middle = whole.toSorted()[50] as number;
    const { values: low } = await estimate(engine, sound(1), { ...ALL, ceiling: middle });
    assert.deepEqual(
      low,
      whole.map((hz) => (hz <= middle ? hz : 0)),
    );
  });
});

describe("crepe", () => {
  const engine = createCrepeEngine(models);

  it("hears frames centred on their times, silence beyond the ends, and decodes as torchcrepe does", async () => {
    const samples = sound(3.5);
    for (const hop of [160, 128]) {
      const { values, hopSeconds } = await estimate(engine, samples, { ...VOICE, hopSeconds: hop / RATE });
      assert.equal(hopSeconds, hop / RATE);
      const count = 1 + Math.floor(samples.length / hop);
      const wide = new Float32Array(samples.length + 1024);
      wide.set(samples, 512);
      const data = new Float32Array(count * 1024);
      for (let i = 0; i < count; i++) data.set(wide.subarray(i * hop, i * hop + 1024), i * 1024);
      const salience = await run("crepe", { frames: { type: "float32", dims: [count, 1024], data } });
      const expected = voicedOnly(decodeCrepe(salience, VOICE));
      assert.equal(values.length, count);
      const same = values.filter((hz, i) => hz === expected[i]).length;
      assert.ok(same >= 0.99 * count, `${same} of ${count} frames are the same`);
      assert.ok(values.some((hz) => hz > 0));
    }
  });

  it("takes the full size where there are both", async () => {
    const asked: string[] = [];
    const entryOf = async (variant: string) => {
      const entry = await models.library.find("crepe");
      assert.ok(entry);
      return { ...entry, variant, path: `${variant}.pth` };
    };
    const both: CheckpointModels = {
      ...models,
      library: { find: (_family, name) => entryOf(name ?? "tiny") },
      graphs: {
        graphOf(entry, choice, options) {
          asked.push(entry.variant);
          return models.graphs.graphOf(entry, choice, options);
        },
      },
    };
    await estimate(createCrepeEngine(both), sound(0.2), VOICE);
    const tiny: CheckpointModels = {
      ...both,
      library: { find: async (_family, name) => (name === undefined ? entryOf("tiny") : undefined) },
    };
    await estimate(createCrepeEngine(tiny), sound(0.2), VOICE);
    assert.deepEqual(asked, ["full", "tiny"]);
    const wanted: (string | undefined)[] = [];
    const find: CheckpointModels["library"]["find"] = (_family, name) => {
      wanted.push(name);
      return entryOf(name ?? "full");
    };
    await estimate(createCrepeEngine({ ...both, library: { find } }), sound(0.2), { ...VOICE, size: "tiny" });
    assert.deepEqual(wanted, [undefined, "tiny"]);
  });

  it("gives every frame a pitch where that is asked for", async () => {
    const noise = spread("noise", 16_000, 0.1);
    const { values } = await estimate(engine, noise, { ...VOICE, everywhere: true });
    assert.equal(values.length, 101);
    assert.ok(values.every((hz) => hz >= 49 && hz <= 1110));
  });

  it("takes clips of any length and other rates, and more than one block", async () => {
    for (const length of [1, 513, 16_001]) {
      const { values } = await estimate(engine, sound(1.1).subarray(0, length), VOICE);
      assert.equal(values.length, 1 + Math.floor(length / 160));
    }
    assert.equal((await estimate(engine, sound(31, 22_050), VOICE, 22_050)).values.length, 3101);
  });
});

for (const [id, create, remedy] of [
  ["rmvpe", createRmvpeEngine, /models pull rvc-base/],
  ["crepe", createCrepeEngine, /full\.pth or tiny\.pth/],
] as const) {
  describe(`the pitch engine ${id}`, () => {
    it("is there with its weights; without them it says what to do", async () => {
      assert.deepEqual(await create(models).availability(), { available: true });
      const missing = await create(none).availability();
      assert.ok(!missing.available);
      assert.match(missing.remedy, remedy);
      await assert.rejects(estimate(create(none), sound(0.5), VOICE), { code: "engine_unavailable", message: remedy });
      const unusable: CheckpointModels = {
        ...none,
        library: { find: () => Promise.reject(Object.assign(new Error("no AppError"))) },
      };
      await assert.rejects(create(unusable).availability(), /no AppError/);
    });

    it("refuses what makes no sense, and stops when it is told to", async () => {
      const engine = create(models);
      assert.equal(engine.info.id, id);
      await assert.rejects(estimate(engine, sound(0.5), { ...VOICE, floor: 500, ceiling: 100 }), {
        code: "invalid_input",
      });
      await assert.rejects(estimate(engine, sound(0.5), { ...VOICE, hopSeconds: 0 }), { code: "invalid_input" });
      await assert.rejects(estimate(engine, new Float32Array(0), VOICE), { code: "invalid_audio" });
      const abort = new AbortController();
      const work = engine.estimate({ samples: sound(20), sampleRate: RATE }, VOICE, abort.signal);
      setTimeout(() => abort.abort(), 5);
      await assert.rejects(work, { code: "cancelled" });
      assert.equal((await estimate(engine, sound(0.5), VOICE)).values.length, 51);
    });
  });
}
