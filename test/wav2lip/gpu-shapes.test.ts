import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { KeptFaces } from "../../src/engines/lipsync/wav2lip/kept-faces.ts";
import { MouthNetworks } from "../../src/engines/lipsync/wav2lip/mouth-networks.ts";
import { lowerFrom } from "../../src/graphs/wav2lip.ts";
import { InferenceThreads } from "../../src/inference/inference-threads.ts";
import { ModelCache } from "../../src/inference/model-cache.ts";
import { readProviders } from "../../src/inference/providers.ts";
import { InferenceThread, type Session } from "../../src/inference/session.ts";
import { scratchFolder } from "../photo/astronaut.ts";
import { checkpointModels, plainNetworks } from "./networks.ts";

/** Shapes of inputs that each network was run with: on a GPU every new one costs a search. */
const shapes = new Map<string, Set<string>>();

/** A thread that takes the CPU for a GPU and notes the shapes of what it is given. */
class PretendedGpu extends InferenceThread {
  override async open(...[model, options, signal]: Parameters<InferenceThread["open"]>): Promise<Session> {
    const session = await super.open(model, { ...options, providers: ["cpu"] }, signal);
    const name = typeof model === "string" ? (/plain-([a-z]+)/.exec(model)?.[1] ?? "") : "";
    return {
      provider: "webgpu",
      refusals: [],
      inputs: session.inputs,
      outputs: session.outputs,
      get alive() {
        return session.alive;
      },
      run(feeds, abort) {
        const shape = Object.entries(feeds).map(([input, { dims }]) => `${input}[${dims.join(",")}]`);
        const seen = shapes.get(name) ?? new Set();
        shapes.set(name, seen.add(shape.toSorted().join(" ")));
        return session.run(feeds, abort);
      },
      close: () => session.close(),
      [Symbol.asyncDispose]: () => session.close(),
    };
  }
}

const scratch = await scratchFolder();
const cache = new ModelCache({
  order: readProviders("webgpu"),
  threads: new InferenceThreads(() => new PretendedGpu()),
});
const models = checkpointModels({ wav2lip: await plainNetworks(scratch.path) }, 96, cache);
after(async () => {
  await models[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

const SIDE = 96;
const { signal } = new AbortController();
const faceOf = (grey: number): Uint8Array<ArrayBuffer> => new Uint8Array(SIDE * SIDE * 3).fill(grey);
const silence = (): Float32Array<ArrayBuffer> => new Float32Array(80 * 16).fill(-4);

describe("Wav2Lip's networks on a GPU", () => {
  it("meet no shape in a job that the warm-up has not run: stills alone and together, loops, few frames and many", async () => {
    const open = () => MouthNetworks.open(models, new KeptFaces(), signal);
    const jobs = await Promise.all([open(), open(), open()]);
    try {
      assert.deepEqual([...shapes.keys()].toSorted(), ["face", "mouth", "whole"]);
      const warmed = new Map([...shapes].map(([name, seen]) => [name, new Set(seen)]));
      /** Pictures of one job at once; the face of frame `i` is as `grey` says. */
      const frames = async (job: number, count: number, grey: (i: number) => number): Promise<void> => {
        const networks = jobs[job] as MouthNetworks;
        const made = await Promise.all(
          Array.from({ length: count }, (_, i) => networks.picture(faceOf(grey(i)), silence(), { job, signal })),
        );
        for (const [i, picture] of made.entries()) {
          assert.equal(picture.length, (SIDE - lowerFrom(SIDE)) * SIDE * 3);
          assert.equal(picture[0], Math.trunc(grey(i) / 4), `frame ${i} of job ${job} has its own face`);
        }
      };
      for (const count of [1, 3, 8, 9, 40, 64, 100]) await frames(0, count, () => 40);
      await Promise.all([frames(0, 30, () => 40), frames(1, 2, () => 80), frames(2, 50, () => 120)]);
      await Promise.all([frames(0, 20, (i) => i), frames(1, 20, () => 80)]);
      for (const grey of [200, 204, 208]) await jobs[0]?.encode(faceOf(grey), { job: 0, signal });
      for (const [name, seen] of shapes) {
        const unknown = [...seen].filter((shape) => !warmed.get(name)?.has(shape));
        assert.deepEqual(unknown, [], name);
      }
      assert.ok([...(warmed.get("mouth") ?? [])].some((shape) => shape.includes("feature0[8,")));
    } finally {
      for (const job of jobs) await job[Symbol.asyncDispose]();
    }
  });
});
