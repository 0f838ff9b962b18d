import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { reachOf } from "../../src/graphs/rvc.ts";
import { createRmvpeEngine } from "../../src/engines/pitch/rmvpe/rmvpe-engine.ts";
import { createRvcEngine } from "../../src/engines/voice/rvc/rvc-engine.ts";
import { SoundParts } from "../../src/engines/voice/rvc/sound-parts.ts";
import { type GroupLeases, type Leases, ModelCache } from "../../src/inference/model-cache.ts";
import type { Network } from "../../src/inference/session.ts";
import type { Tensors } from "../../src/inference/tensor.ts";
import { inferenceUsage } from "../../src/inference/usage.ts";
import { RVC_SOUND_BATCHES, RVC_SOUND_FRAMES } from "../../src/limits/networks.ts";
import { GraphCache } from "../../src/library/models/graph-cache.ts";
import { ModelLibrary } from "../../src/library/models/model-library.ts";
import { silentLog } from "../../src/log.ts";
import { TempDir } from "../../src/media/temp.ts";
import { FixedMemory } from "../inference/caches.ts";
import { spread } from "../graphs/formula.ts";
import { gather, streamOf } from "../voice/sound.ts";
import { clip, flatIndex, voiceFile, writeBase, writeVoice } from "./narrow.ts";

/** Jobs that sing: how they are told of, share memory, are run together on a GPU, and end when they are to. */

const dir = await TempDir.create();
const modelsDir = join(dir.path, "models");
const cacheDir = join(dir.path, "cache");
const log = silentLog();
const library = new ModelLibrary({ folders: [{ path: modelsDir }], cacheDir, log });
const graphs = new GraphCache({ cacheDir, limitBytes: 1e9, log });
const places = { modelsDir, rvcDir: join(dir.path, "none"), volumeDir: join(dir.path, "none"), cacheDir };

await writeBase(join(modelsDir, "rvc-base"));
for (const name of ["mina", "nora"]) {
  await mkdir(join(modelsDir, "rvc", name), { recursive: true });
  // Voices of the same content would share their graphs.
  await writeFile(join(modelsDir, "rvc", name, `${name}.pth`), await voiceFile(name === "mina" ? "v1 40k" : "v1 32k"));
  await writeFile(join(modelsDir, "rvc", name, "added.index"), flatIndex(256, 60));
}
after(() => dir[Symbol.asyncDispose]());

function engineOn(cache: GroupLeases) {
  const models = { library, graphs, cache };
  return createRvcEngine({ models, places, pitch: async () => createRmvpeEngine(models) });
}

type Sung = { readonly signal?: AbortSignal; readonly worked?: (seconds: number) => void };

async function sing(cache: GroupLeases, voice: string, seconds: number, sung: Sung = {}): Promise<Float32Array> {
  const { signal = new AbortController().signal, worked } = sung;
  const options = { pitch: 0, pitchMapping: "octave", ...(worked ? { worked } : {}) } as const;
  const song = streamOf(clip(seconds * 16_000), 16_000);
  return gather(await engineOn(cache).convert(song, voice, options, signal));
}

/** A cache whose networks tell when they are run. */
function watched(cache: ModelCache, onRun: (name: string, run: Promise<Tensors>) => void): GroupLeases {
  const of = (leases: Leases): Leases => ({
    order: leases.order,
    async lease(request, signal) {
      const lease = await leases.lease(request, signal);
      const { session } = lease;
      const run: Network["run"] = (feeds, abort) => {
        const running = session.run(feeds, abort);
        onRun(request.name ?? request.key, running);
        return running;
      };
      const network = { ...session, provider: session.provider, run };
      return {
        session: network,
        bytes: lease.bytes,
        shared: (name, make) => lease.shared(name, () => make(network)),
        [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
      };
    },
  });
  return { ...of(cache), together: (take, signal) => cache.together((leases) => take(of(leases)), signal) };
}

/** Bytes of the networks that a song needs, by name. */
async function networkSizes(): Promise<ReadonlyMap<string, number>> {
  await using cache = new ModelCache({ memory: new FixedMemory(1e12) });
  await sing(cache, "mina", 1);
  return new Map(cache.list().map(({ name, bytes }) => [name, bytes]));
}

describe("a job in an RVC voice", () => {
  it("is told of while one passage is being sung: ever more seconds of it, up to all", async () => {
    await using cache = new ModelCache();
    const told: number[] = [];
    await sing(cache, "mina", 10, { worked: (seconds) => told.push(seconds) });
    // Pitch, what is said, the first network, and each part of what the second one makes.
    assert.ok(told.length >= 3 + Math.floor(1000 / RVC_SOUND_FRAMES), told.join(" "));
    assert.deepEqual(
      told.toSorted((a, b) => a - b),
      told,
    );
    assert.equal(told.at(-1), 10);
    assert.ok(told.filter((seconds) => seconds > 1 && seconds < 9).length >= 3);
  });

  it("takes all networks or none: jobs in two voices end where memory holds the networks of one", async () => {
    const sizes = await networkSizes();
    // A network is expected to take half more than it does. So there is room for both voices, and none for what finds the
    // pitch besides: a job that takes one network after the other waits for it and holds what the other one waits for.
    const all = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
    const pitch = sizes.get("rvc-base/rmvpe (salience)") ?? 0;
    assert.ok(pitch > 0.5 * all);
    await using cache = new ModelCache({ memory: new FixedMemory(all + 0.51 * pitch), waitMs: 30_000 });
    const jobs = ["mina", "nora", "mina", "nora"].map((name) => sing(cache, name, 2));
    for (const sound of await Promise.all(jobs)) assert.ok(sound.some((x) => Math.abs(x) > 0.001));
    assert.ok(cache.list().every(({ leases }) => leases === 0));
  });

  it("begins with the largest network where memory does not hold them in another order", async () => {
    const sizes = await networkSizes();
    const pitch = sizes.get("rvc-base/rmvpe (salience)") ?? 0;
    // A network is expected to take half more than it does: beside any other there is no room for this one.
    await using cache = new ModelCache({ memory: new FixedMemory(1.51 * pitch), waitMs: 2 ** 31 - 1 });
    const sound = await sing(cache, "mina", 2);
    assert.ok(sound.some((x) => Math.abs(x) > 0.001));
    assert.ok(cache.list().every(({ leases }) => leases === 0));
  });

  for (const part of ["rmvpe", "hubert", "nearest-rows", "latent", "sound"]) {
    it(`that is cancelled while ${part} runs leaves no lease and no run behind`, async () => {
      await using cache = new ModelCache();
      const cancel = new AbortController();
      const runs: Promise<unknown>[] = [];
      const leases = watched(cache, (name, run) => {
        runs.push(run);
        if (name.includes(part)) cancel.abort();
      });
      await assert.rejects(sing(leases, "mina", 30, { signal: cancel.signal }), { code: "cancelled" });
      const settled = await Promise.allSettled(runs);
      assert.equal(
        settled.filter(({ status }) => status === "rejected").length,
        1,
        "one was under way, and no other began",
      );
      assert.ok(cache.list().length > 0);
      assert.ok(cache.list().every((network) => network.leases === 0));
      // What is open goes on: the thread was let go of.
      assert.equal((await sing(cache, "mina", 1)).length, 40_000);
    });
  }

  for (const part of ["rmvpe", "hubert", "latent", "sound"]) {
    it(`is stopped inside of a run of ${part}`, async () => {
      const { stopped } = inferenceUsage;
      // A run that is over before it hears of it is tried again.
      while (inferenceUsage.stopped === stopped) {
        await using cache = new ModelCache();
        const cancel = new AbortController();
        const leases = watched(cache, (name) => {
          // The request is with the thread when what was settled by now has gone on.
          if (name.includes(part)) setImmediate(() => cancel.abort());
        });
        await assert.rejects(sing(leases, "mina", 30, { signal: cancel.signal }), { code: "cancelled" });
        // They share a thread: the run has ended before others begin.
        await sing(cache, "mina", 1);
      }
    });
  }
});

describe("parts of a song on a GPU", () => {
  it("are run together, in few sizes, and sound as they do by themselves", async () => {
    await using cache = new ModelCache();
    const { voice, sound } = await writeVoice("v2 40k", dir.path);
    await using lease = await cache.lease({ key: sound, model: sound });
    const { inter, hop } = voice;
    const frames = 40;
    const parts = Array.from({ length: 11 }, (_, i) => ({
      latent: spread(`latent ${i}`, inter * frames),
      frames,
      source: spread(`source ${i}`, frames * hop),
      speaker: i % 2,
    }));
    const sizes: number[] = [];
    const singOn = async (provider: "cpu" | "cuda"): Promise<Float32Array[]> => {
      const network: Network = {
        ...lease.session,
        provider,
        run: (feeds, signal) => {
          sizes.push(feeds["latent"]?.dims[0] ?? 0);
          return lease.session.run(feeds, signal);
        },
      };
      await using sings = new SoundParts(network, voice);
      return await Array.fromAsync(
        sings.sing(
          parts.map((part) => ({ ...part, latent: part.latent.slice(), source: part.source.slice() })),
          {},
          new AbortController().signal,
        ),
      );
    };
    const alone = await singOn("cpu");
    assert.deepEqual(
      sizes.splice(0),
      parts.map(() => 1),
    );
    const together = await singOn("cuda");
    assert.deepEqual(sizes, [8, 4]);
    assert.ok(sizes.every((size) => (RVC_SOUND_BATCHES as readonly number[]).includes(size)));
    for (const [i, part] of together.entries()) {
      assert.equal(part.length, (frames - 2 * reachOf(voice).reach) * hop);
      assert.ok(part.every((x, at) => Math.abs(x - (alone[i] as Float32Array)[at]!) < 1e-5));
    }
  });
});
