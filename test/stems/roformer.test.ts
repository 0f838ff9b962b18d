import assert from "node:assert/strict";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createRoformerEngine } from "../../src/engines/stems/roformer/roformer-engine.ts";
import { instrumentsOf } from "../../src/engines/stems/roformer/stem-choice.ts";
import type { SeparationOptions, StereoPassage } from "../../src/engines/stems/stem-separator.ts";
import { AppError } from "../../src/errors.ts";
import { ModelCache } from "../../src/inference/model-cache.ts";
import { readProviders } from "../../src/inference/providers.ts";
import { keysOf } from "../graphs/formula.ts";
import { Workbench } from "../library/models/workbench.ts";
import { inBlocks, joined, noisySong, rmsOf as rms, toneSong as song } from "./passages.ts";
import { ROFORMER_SHAPES, roformerGoldens, roformerSettings, writeRoformer } from "./roformers.ts";

/** −100 dBFS. */
const QUIET = 1e-5;
const never = new AbortController().signal;
const { oneStem, fourStems } = ROFORMER_SHAPES;

class Bench implements AsyncDisposable {
  readonly files: Workbench;
  readonly cache = new ModelCache({ order: readProviders("cpu") });
  readonly engine;

  private constructor(files: Workbench) {
    this.files = files;
    this.engine = createRoformerEngine({ library: files.library(), graphs: files.graphs(), cache: this.cache });
  }

  static async open(): Promise<Bench> {
    return new Bench(await Workbench.open());
  }

  separate(sound: StereoPassage, options: SeparationOptions, block?: number) {
    return joined(this.engine.separate(inBlocks(sound, block), options, never));
  }

  async roles(): Promise<Record<string, string>> {
    return Object.fromEntries((await this.engine.models()).map(({ name, role }) => [name, role]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
    await this.cache[Symbol.asyncDispose]();
    await this.files[Symbol.asyncDispose]();
  }
}

const isCode = (code: string, said?: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === code && (said?.test(error.message) ?? true);

describe("separation by RoFormers", () => {
  it("equals the reference's to −100 dBFS: chunks, mirrored ends, fades, both kinds, one side and two, one stem and four", async () => {
    await using bench = await Bench.open();
    for (const [i, golden] of roformerGoldens.cases.entries()) {
      const { settings, samples, tree } = golden;
      await writeRoformer(bench.files.model(`net${i}/vocals${i}`), keysOf(tree), settings);
      const sound = noisySong(samples);
      const { stem, rest } = await bench.separate(sound, { model: `vocals${i}` }, 1000 + 777 * i);
      for (const side of [0, 1] as const) {
        const known = side === 0 ? golden.left : golden.right;
        const made = stem[side];
        assert.equal(made.length, samples);
        const error = rms(known.map((value, n) => value - (made[n * roformerGoldens.every] as number)));
        assert.ok(error < QUIET, `case ${i}, side ${side}: an error of ${error}`);
        assert.ok(Math.abs(rms(made) - golden.rms[side]) < QUIET, `case ${i}, side ${side}: rms ${rms(made)}`);
        const apart = rms(sound[side].map((value, n) => value - (made[n] ?? 0) - (rest[side][n] ?? 0)));
        assert.ok(apart < 1e-7, `case ${i}: stem and rest are the song but for ${apart}`);
      }
    }
  });

  it("opens what trainers save: checkpoints with the weights in a part of them, under prefixes, in half precision", async () => {
    await using bench = await Bench.open();
    await writeRoformer(bench.files.model("plain"), oneStem);
    const fixtures = join(import.meta.dirname, "fixtures");
    for (const name of ["roformer-lightning.ckpt", "roformer-state.ckpt"]) {
      await cp(join(fixtures, name), bench.files.model(name));
      await writeFile(
        bench.files.model(name.replace("ckpt", "yaml")),
        "model: {dim: 8, stft_hop_length: 8}\naudio: {chunk_size: 800}\ntraining: {target_instrument: Vocals}\n",
      );
    }
    const variants = (await bench.files.library().list()).map(({ name, variant }) => `${name}: ${variant}`);
    assert.deepEqual(variants, [
      "plain: bs 16x2, 20 bands of 256, stereo, 1 stem",
      "roformer-lightning: bs 8x1, 8 bands of 32, mono, 1 stem",
      "roformer-state: bs 8x1, 8 bands of 32, mono, 1 stem",
    ]);
    const sound = song(3000);
    const whole = await bench.separate(sound, { model: "roformer-lightning" });
    const half = await bench.separate(sound, { model: "roformer-state.ckpt" });
    assert.ok(rms(whole.stem[0]) > 0.005);
    assert.ok(rms(whole.stem[0].map((value, n) => value - (half.stem[0][n] as number))) < 1e-3);
  });

  it("knows what a network is for by the names in its settings, and turns those around that give what is to be left", async () => {
    await using bench = await Bench.open();
    const network = (name: string, instruments: string, target: string) =>
      writeRoformer(
        bench.files.model(name),
        oneStem,
        roformerSettings({ target_instrument: target }).replace("- vocals\n  - other", instruments),
      );
    await network("a-vocals", "- vocals\n  - other", "vocals");
    await network("b-instrumental", "- other\n  - vocals", "other");
    await network("c-karaoke", "- karaoke\n  - other", "karaoke");
    await network("d-kara", "- Vocals\n  - Instrumental", "Instrumental");
    await network("e-dereverb", "- noreverb\n  - reverb", "noreverb");
    await network("f-denoise", "- dry\n  - other", "dry");
    await network("g-crowd", "- crowd\n  - other", "crowd");
    await network("model_bs_roformer_ep_937_sdr_10.5309", "- vocals\n  - other", "other");
    await writeRoformer(bench.files.model("h-four"), fourStems, roformerGoldens.cases[6]?.settings);
    assert.deepEqual(await bench.roles(), {
      "a-vocals": "vocals",
      "b-instrumental": "instrumental",
      "c-karaoke": "karaoke",
      "d-kara": "karaoke",
      "e-dereverb": "reverb",
      "f-denoise": "other",
      "g-crowd": "other",
      "h-four": "vocals",
      "model_bs_roformer_ep_937_sdr_10.5309": "other",
    });
    const sound = song(9000);
    const [vocals, lead, kara] = await Promise.all(
      ["a-vocals", "c-karaoke", "d-kara"].map((model) => bench.separate(sound, { model })),
    );
    assert.deepEqual(lead?.rest, vocals?.stem);
    assert.deepEqual(lead?.stem, vocals?.rest);
    assert.deepEqual(kara?.stem, vocals?.stem);
  });

  it("gives each instrument that its settings name, as the reference does, beside the voices", async () => {
    await using bench = await Bench.open();
    const golden = roformerGoldens.cases[6];
    assert.ok(golden);
    const named = (names: string): string => golden.settings.replace("[drums, bass, other, vocals]", `[${names}]`);
    // The reference's stem is the last one, whatever it is called.
    await writeRoformer(bench.files.model("last-drums"), fourStems, named("Vocals, Other, bass, Drums"));
    await writeRoformer(bench.files.model("as-it-is"), fourStems, golden.settings);
    await writeRoformer(bench.files.model("kit"), fourStems, named("kick, snare, toms, cymbals"));
    await writeRoformer(bench.files.model("keys"), fourStems, named("guitar, piano, vocals, others"));
    const known = Object.fromEntries((await bench.engine.models()).map(({ name, instruments }) => [name, instruments]));
    assert.deepEqual(known, {
      "as-it-is": ["drums", "bass", "other"],
      "last-drums": ["drums", "bass", "other"],
      keys: ["guitar", "piano", "other"],
      kit: [],
    });
    assert.deepEqual(instrumentsOf(["vocals", "other"]), {}, "all that is no voice");
    const sound = noisySong(golden.samples);
    const options = { instruments: ["other", "drums"] } as const;
    const made = await bench.separate(sound, { ...options, model: "last-drums" });
    const drums = made.instruments[1]?.[0] ?? [];
    const error = rms(golden.left.map((value, n) => value - (drums[n * roformerGoldens.every] as number)));
    assert.ok(error < QUIET, `an error of ${error}`);
    const plain = await bench.separate(sound, { ...options, model: "as-it-is" });
    assert.deepEqual(plain.stem[0], drums);
    assert.equal(plain.instruments[0]?.[1].length, golden.samples);
    // The first of the network's stems is called voices here, and drums there.
    assert.deepEqual(made.stem, plain.instruments[1]);
    const silent = await bench.separate([new Float32Array(9000), new Float32Array(9000)], {
      ...options,
      model: "as-it-is",
    });
    assert.equal(Math.max(...silent.instruments.flat(2).map(Math.abs)), 0);
    await assert.rejects(
      bench.separate(sound, { model: "as-it-is", instruments: ["piano"] }),
      isCode("invalid_input", /"as-it-is" takes no piano/),
    );
  });

  it("without settings takes the usual ones and says so; by its file's name knows what it is for", async () => {
    await using bench = await Bench.open();
    for (const name of ["MelBandRoformer", "mel_band_roformer_karaoke_x", "inst_v1e", "dereverb_x", "x_denoise"]) {
      await writeRoformer(bench.files.model(name), keysOf(roformerGoldens.cases[0]?.tree ?? {}));
    }
    await writeRoformer(bench.files.model("four"), fourStems);
    // A transform of 256 leaves gaps at the usual hop.
    assert.deepEqual(await bench.roles(), {});
    const state = await bench.engine.availability();
    assert.ok(!state.available && /leave gaps at a hop of 441/.test(state.reason));
    const settings = "model: {dim: 16, stft_hop_length: 64}\naudio: {chunk_size: 6400}\n";
    await writeFile(bench.files.model("anything.yml"), settings);
    assert.deepEqual(await bench.roles(), {
      MelBandRoformer: "vocals",
      inst_v1e: "instrumental",
      dereverb_x: "reverb",
      mel_band_roformer_karaoke_x: "karaoke",
      x_denoise: "other",
    });
    assert.deepEqual(await bench.engine.availability(), { available: true });
  });

  it("takes the settings that fit from beside it, whatever they are called, and asks where two do", async () => {
    await using bench = await Bench.open();
    await writeRoformer(bench.files.model("MelBandRoformer"), oneStem);
    await writeRoformer(bench.files.model("another"), fourStems, roformerGoldens.cases[6]?.settings);
    await writeFile(bench.files.model("config_vocals_kj.yaml"), roformerSettings());
    await writeFile(bench.files.model("too-wide.yaml"), roformerSettings({ dim: "384" }));
    await writeFile(bench.files.model("other-program.yaml"), "services:\n  web:\n    image: nginx\n");
    const warnings: string[] = [];
    const options = { model: "MelBandRoformer", warn: (message: string) => void warnings.push(message) };
    await bench.separate(song(9000), options);
    assert.deepEqual(warnings, []);
    await writeFile(bench.files.model("config_inst.yaml"), roformerSettings({ target_instrument: "other" }));
    await assert.rejects(
      bench.separate(song(9000), options),
      isCode(
        "model_unusable",
        /fit it: config_inst\.yaml, config_vocals_kj\.yaml\. Call the right one MelBandRoformer\.yaml/,
      ),
    );
    await writeFile(bench.files.model("MelBandRoformer_config.yaml"), roformerSettings());
    await bench.separate(song(9000), options);
  });

  it("gives as many samples as it gets, whatever their number and the blocks they come in", async () => {
    await using bench = await Bench.open();
    await writeRoformer(bench.files.model("vocals"), oneStem, roformerSettings());
    const chunk = 6400;
    for (const samples of [0, 1, 2, 3199, 3200, 3201, 3202, 6399, 6400, 6401, 6402, 9599, 9600, 9601, 12_800, 12_801]) {
      const { stem, rest } = await bench.separate(song(samples), { model: "vocals" }, samples % 2 ? 4096 : 999);
      for (const side of [...stem, ...rest]) assert.equal(side.length, samples, `${samples} samples`);
      assert.ok([...stem.flat(), ...rest.flat()].every(Number.isFinite), `${samples} samples`);
    }
    const whole = await bench.separate(song(3 * chunk + 7), { model: "vocals", overlap: 0.75 });
    const pieces = await bench.separate(song(3 * chunk + 7), { model: "vocals", overlap: 0.75 }, 100_000);
    assert.deepEqual(pieces, whole);
    const other = await bench.separate(song(3 * chunk + 7), { model: "vocals" });
    assert.notDeepEqual(other.stem, whole.stem);
  });

  it("finds nothing in silence, and takes what is no number for silence", async () => {
    await using bench = await Bench.open();
    await writeRoformer(bench.files.model("vocals"), oneStem, roformerSettings());
    const silence = [new Float32Array(20_000), new Float32Array(20_000)] as const;
    const { stem, rest } = await bench.separate(silence, { model: "vocals" });
    assert.ok([...stem.flat(), ...rest.flat()].every((value) => value === 0));
    const sound = song(9000);
    const holes = sound.map((side) => side.slice()) as [Float32Array, Float32Array];
    for (const [n, value] of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].entries()) {
      holes[0][5000 + n] = value;
      sound[0][5000 + n] = 0;
    }
    assert.deepEqual(
      await bench.separate(holes, { model: "vocals" }),
      await bench.separate(sound, { model: "vocals" }),
    );
  });

  it("ends when it is cancelled, and closes the source", async () => {
    await using bench = await Bench.open();
    await writeRoformer(bench.files.model("vocals"), oneStem, roformerSettings());
    const abort = new AbortController();
    let closed = false;
    async function* endless(): AsyncGenerator<StereoPassage, void> {
      try {
        for (;;) yield song(3200);
      } finally {
        closed = true;
      }
    }
    let passages = 0;
    const work = async (): Promise<void> => {
      for await (const _ of bench.engine.separate(endless(), { model: "vocals" }, abort.signal)) {
        passages += 1;
        if (passages === 3) abort.abort();
      }
    };
    await assert.rejects(work(), isCode("cancelled"));
    assert.ok(closed);
    const leases = (): number[] => bench.cache.list().map((model) => model.leases);
    assert.deepEqual(leases(), [0]);
    for await (const _ of bench.engine.separate(inBlocks(song(30_000)), { model: "vocals" }, never)) break;
    assert.deepEqual(leases(), [0]);
  });

  it("says what is wrong: names, settings that are another network's, stems that it does not make, sizes that do not go", async () => {
    await using bench = await Bench.open();
    const state = await bench.engine.availability();
    assert.ok(!state.available && /MelBandRoformer\.ckpt.*\.yaml/.test(state.remedy));
    await writeRoformer(bench.files.model("vocals"), oneStem, roformerSettings());
    const run = (overlap?: number, model = "vocals") =>
      bench.separate(song(9000), { model, ...(overlap === undefined ? {} : { overlap }) });
    await assert.rejects(run(undefined, "missing"), isCode("not_found", /no RoFormer "missing"/));
    await assert.rejects(run(1), isCode("invalid_input", /overlap/));
    for (const [changes, said] of [
      [
        { dim: "512" },
        /^vocals\.yaml: it says a `dim` of 512, and the network has 16\. Put the settings of vocals\.safetensors/,
      ],
      [{ depth: "12" }, /it says a `depth` of 12, and the network has 2/],
      [{ num_stems: "4" }, /it says `num_stems` of 4, and the network has 1/],
      [{ stereo: "false" }, /a number of channels of 1, and the network has 2/],
      [{ stft_n_fft: "2048" }, /`stft_n_fft` of 2048, and the network has 256/],
      [{ freqs_per_bands: "[2, 2," }, /a number of bands of 6, and the network has 20/],
      [
        { target_instrument: "null" },
        /its stems are "vocals", "other", and the network makes one stem\. Correct `instruments`/,
      ],
      [{ sample_rate: "48000" }, /its network is for 48000 Hz\. Use one for 44100 Hz/],
      [{ stft_hop_length: "441" }, /leave gaps at a hop of 441/],
      [{ stft_win_length: "512" }, /windows of 512 samples are longer than its transform of 256/],
      [{ chunk_size: "255" }, /chunks of 255 samples are too short/],
      [{ chunk_size: "9000000" }, /chunks of 9000000 samples are longer than/],
      [{ num_overlap: "0" }, /no file of settings.*num_overlap/],
      [{ dim: "*wide" }, /line \d+: anchors and aliases are not supported/],
    ] as const) {
      await writeFile(bench.files.model("vocals.yaml"), roformerSettings(changes));
      await assert.rejects(run(), isCode("model_unusable", said));
    }
    await writeFile(bench.files.model("vocals.yaml"), `model:\n\tdim: 16\n`);
    await assert.rejects(run(), isCode("model_unusable", /line 2: it is indented by tabs/));
    await writeFile(bench.files.model("vocals.yaml"), "x".repeat(70_000));
    await assert.rejects(run(), isCode("model_unusable", /too large/));
  });
});
