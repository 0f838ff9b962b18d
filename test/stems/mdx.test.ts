import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createMdxEngine } from "../../src/engines/stems/mdx/mdx-engine.ts";
import type { SeparationOptions, StereoPassage } from "../../src/engines/stems/stem-separator.ts";
import { AppError } from "../../src/errors.ts";
import { ModelCache } from "../../src/inference/model-cache.ts";
import { readProviders } from "../../src/inference/providers.ts";
import { Workbench } from "../library/models/workbench.ts";
import { type TestNetwork, writeNetwork } from "./networks.ts";
import { inBlocks, joined, rmsOf as rms, toneSong as song } from "./passages.ts";

type Golden = {
  readonly size: number;
  readonly bins: number;
  readonly frames: number;
  readonly samples: number;
  readonly network: TestNetwork;
  readonly denoise: boolean;
  readonly overlap: number;
  readonly rms: readonly [number, number];
  readonly left: readonly number[];
  readonly right: readonly number[];
};
const goldens = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures/goldens.json"), "utf8")) as {
  every: number;
  cases: Golden[];
};

/** −80 dBFS. */
const QUIET = 1e-4;
const never = new AbortController().signal;

class Bench implements AsyncDisposable {
  readonly files: Workbench;
  readonly cache = new ModelCache({ order: readProviders("cpu") });
  readonly engine;

  private constructor(files: Workbench, together: number | undefined) {
    this.files = files;
    this.engine = createMdxEngine({ library: files.library(), graphs: files.graphs(), cache: this.cache, together });
  }

  static async open(together?: number): Promise<Bench> {
    return new Bench(await Workbench.open(), together);
  }

  async network(
    name: string,
    kind: TestNetwork,
    geometry: Pick<Golden, "size" | "bins" | "frames">,
    settings = {},
    rows: "batch_size" | 1 = "batch_size",
  ) {
    await writeNetwork(this.files.model(name), kind, geometry.bins, geometry.frames, rows);
    const text = JSON.stringify({ mdx_n_fft_scale_set: geometry.size, compensate: 1, ...settings });
    await writeFile(this.files.model(`${name}.json`), text);
  }

  separate(sound: StereoPassage, options: SeparationOptions, block?: number) {
    return joined(this.engine.separate(inBlocks(sound, block), options, never));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
    await this.cache[Symbol.asyncDispose]();
    await this.files[Symbol.asyncDispose]();
  }
}

const SMALL = { size: 2048, bins: 1024, frames: 16 } as const;

describe("separation by MDX-Net", () => {
  it("equals the reference's formulas to −80 dBFS, with a network that passes all and with one that does not", async () => {
    await using bench = await Bench.open();
    for (const [i, golden] of goldens.cases.entries()) {
      const { network, denoise, overlap, samples } = golden;
      await bench.network(`net${i}`, network, golden);
      const { stem } = await bench.separate(song(samples), { model: `net${i}`, denoise, overlap });
      for (const side of [0, 1] as const) {
        const said = side === 0 ? golden.left : golden.right;
        const made = stem[side];
        assert.equal(made.length, samples);
        const error = rms(said.map((value, n) => value - (made[n * goldens.every] as number)));
        assert.ok(error < QUIET, `case ${i}, side ${side}: an error of ${error}`);
        assert.ok(Math.abs(rms(made) - golden.rms[side]) < QUIET / 10, `case ${i}, side ${side}: rms ${rms(made)}`);
      }
    }
  });

  it("says the same when several windows go through the network together, whether the graph takes them or not", async () => {
    await using alone = await Bench.open();
    await using together = await Bench.open(4);
    for (const bench of [alone, together]) {
      await bench.network("any", "shape", SMALL);
      await bench.network("one", "shape", SMALL, {}, 1);
    }
    for (const model of ["any", "one"]) {
      for (const denoise of [true, false]) {
        const sound = song(90_000);
        const expected = await alone.separate(sound, { model, denoise });
        const made = await together.separate(sound, { model, denoise });
        for (const side of [0, 1] as const) {
          const error = rms(made.stem[side].map((value, n) => value - (expected.stem[side][n] ?? 0)));
          assert.ok(error < 1e-6 && rms(made.stem[side]) > 1e-3, `${model}: an error of ${error}`);
        }
      }
    }
  });

  it("takes out what the network lets through and leaves the rest, which together are the song", async () => {
    await using bench = await Bench.open();
    await bench.network("one-side", "left", SMALL);
    const sound = song(40_000);
    const { stem, rest } = await bench.separate(sound, { model: "one-side" });
    assert.ok(rms(stem[1]) < 1e-7, "the right side is silent in the stem");
    assert.deepEqual(rest[1], [...sound[1]]);
    assert.ok(rms(rest[0]) < 0.01 && rms(stem[0]) > 0.25, `${rms(rest[0])} of the left side is left`);
    for (const side of [0, 1] as const) {
      const apart = rms(sound[side].map((value, n) => value - (stem[side][n] ?? 0) - (rest[side][n] ?? 0)));
      assert.ok(apart < 1e-7);
    }
  });

  it("gives the stem as an instrument where it is one", async () => {
    await using bench = await Bench.open();
    await bench.network("kit", "left", SMALL, { primary_stem: "Drums" });
    const [model] = await bench.engine.models();
    assert.deepEqual([model?.role, model?.instruments], ["other", ["drums"]]);
    const made = await bench.separate(song(20_000), { model: "kit", instruments: ["drums"] });
    assert.deepEqual(made.instruments, [made.stem]);
    const bass = bench.separate(song(20_000), { model: "kit", instruments: ["drums", "bass"] });
    await assert.rejects(bass, isCode("invalid_input", /"kit" takes no bass/));
  });

  it("takes out of a network's answer what it hears in silence, and only when it is to", async () => {
    await using bench = await Bench.open();
    await bench.network("noise", "nothing-but-noise", SMALL);
    const sound = song(30_000);
    assert.equal(rms((await bench.separate(sound, { model: "noise" })).stem[0]), 0);
    assert.ok(rms((await bench.separate(sound, { model: "noise", denoise: false })).stem[0]) > 1e-4);
  });

  it("scales the stem by `compensate`, in the scale of the song whatever its level", async () => {
    await using bench = await Bench.open();
    await bench.network("plain", "identity", SMALL);
    await bench.network("scaled", "identity", SMALL, { compensate: 1.25 });
    const quiet = song(20_000).map((side) => side.map((value) => value * 0.03)) as unknown as StereoPassage;
    const plain = await bench.separate(quiet, { model: "plain" });
    const scaled = await bench.separate(quiet, { model: "scaled" });
    assert.ok(rms(plain.stem[0]) > 0.008);
    assert.ok(rms(plain.stem[0].map((value, n) => 1.25 * value - (scaled.stem[0][n] ?? 0))) < 1e-8);
    assert.ok(rms(quiet[0].map((value, n) => value - (scaled.stem[0][n] ?? 0) - (scaled.rest[0][n] ?? 0))) < 1e-8);
  });

  it("gives as many samples as it gets, whatever their number and the blocks they come in", async () => {
    await using bench = await Bench.open();
    await bench.network("plain", "identity", { size: 2048, bins: 1024, frames: 16 });
    const chunk = 15 * 1024;
    const gen = chunk - 2048;
    const step = 0.75 * chunk;
    const lengths = [0, 1, 2, 1023, 1024, 1025, gen - 1, gen, gen + 1, chunk - 1024, chunk - 1, chunk, chunk + 1];
    for (const samples of [...lengths, step, step + 1, 2 * step - 1024, 2 * step + 1, 3 * gen, 3 * chunk + 7]) {
      const sound = song(samples);
      const { stem, rest } = await bench.separate(sound, { model: "plain", denoise: false }, samples % 2 ? 4096 : 999);
      for (const side of [...stem, ...rest]) assert.equal(side.length, samples, `${samples} samples`);
      assert.ok([...stem.flat(), ...rest.flat()].every(Number.isFinite), `${samples} samples`);
    }
    const whole = await bench.separate(song(30_000), { model: "plain" });
    assert.deepEqual((await bench.separate(song(30_000), { model: "plain" }, 1)).stem, whole.stem);
  });

  it("has nothing to take out of silence, and takes what is no number for silence", async () => {
    await using bench = await Bench.open();
    await bench.network("noise", "nothing-but-noise", SMALL);
    await bench.network("plain", "identity", SMALL);
    const silence = [new Float32Array(40_000), new Float32Array(40_000)] as const;
    const { stem, rest } = await bench.separate(silence, { model: "noise", denoise: false });
    assert.ok([...stem.flat(), ...rest.flat()].every((value) => value === 0));
    const sound = song(20_000);
    const holes = sound.map((side) => side.slice()) as [Float32Array, Float32Array];
    for (const [n, value] of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].entries()) {
      holes[0][5000 + n] = value;
      sound[0][5000 + n] = 0;
    }
    const broken = await bench.separate(holes, { model: "plain" });
    assert.deepEqual(broken, await bench.separate(sound, { model: "plain" }));
  });

  it("ends at once when it is cancelled, and closes the source", async () => {
    await using bench = await Bench.open();
    await bench.network("plain", "identity", SMALL);
    const abort = new AbortController();
    let closed = false;
    async function* endless(): AsyncGenerator<StereoPassage, void> {
      try {
        for (;;) yield song(8192);
      } finally {
        closed = true;
      }
    }
    let passages = 0;
    const work = async (): Promise<void> => {
      for await (const _ of bench.engine.separate(endless(), { model: "plain" }, abort.signal)) {
        passages += 1;
        if (passages === 3) abort.abort();
      }
    };
    await assert.rejects(work(), isCode("cancelled"));
    assert.ok(closed);
    assert.ok(passages <= 5, `${passages} passages`);
    assert.deepEqual(
      bench.cache.list().map(({ leases }) => leases),
      [0],
    );
    for await (const _ of bench.engine.separate(inBlocks(song(90_000)), { model: "plain" }, never)) break;
    assert.deepEqual(
      bench.cache.list().map(({ leases }) => leases),
      [0],
    );
  });

  it("says what is wrong: an unknown name, settings that do not fit, a network that answers no numbers", async () => {
    await using bench = await Bench.open();
    const state = await bench.engine.availability();
    assert.ok(!state.available && /models folder/.test(state.remedy));
    await bench.network("broken", "broken", SMALL);
    await bench.network("other", "identity", SMALL, { mdx_dim_f_set: 3072 });
    await bench.network("odd", "identity", { ...SMALL, size: 2 * 7 * 1024 });
    assert.deepEqual(await bench.engine.availability(), { available: true });
    const run = (model: string, overlap = 0.25) => bench.separate(song(20_000), { model, overlap });
    await assert.rejects(run("missing"), isCode("not_found", /"missing"/));
    await assert.rejects(run("broken"), isCode("engine_failed", /no number/));
    await assert.rejects(run("other"), isCode("model_unusable", /^other\.json: it says 3072 bins and 16 frames/));
    await assert.rejects(run("odd"), isCode("model_unusable", /prime factor above 5/));
    await assert.rejects(run("broken", 1), isCode("invalid_input", /overlap/));
    await writeFile(bench.files.model("broken.json"), "{");
    await assert.rejects(run("broken"), isCode("model_unusable", /^broken\.json: it is no file of settings/));
  });
});

const isCode = (code: string, said?: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === code && (said?.test(error.message) ?? true);
