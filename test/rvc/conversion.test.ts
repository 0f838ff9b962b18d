import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { convertSong } from "../../src/engines/voice/rvc/conversion.ts";
import { preparedF0 } from "../../src/engines/voice/rvc/f0.ts";
import { seededNoise, type VoiceNoise } from "../../src/engines/voice/rvc/noise.ts";
import { openRetrieval } from "../../src/engines/voice/rvc/retrieval.ts";
import { Singer } from "../../src/engines/voice/rvc/singer.ts";
import { SoundParts } from "../../src/engines/voice/rvc/sound-parts.ts";
import { ModelCache } from "../../src/inference/model-cache.ts";
import { readProviders } from "../../src/inference/providers.ts";
import type { Network } from "../../src/inference/session.ts";
import type { Provider, Tensor } from "../../src/inference/tensor.ts";
import { TempDir } from "../../src/media/temp.ts";
import { spread } from "../graphs/formula.ts";
import { TEST_PROVIDERS } from "../inference/providers.ts";
import { type Case, clip, indexFile, pitchAt, readGolden, variantOf, writeListener, writeVoice } from "./narrow.ts";

const dir = await TempDir.create();
const cache = new ModelCache({ order: readProviders(TEST_PROVIDERS.join(",")) });
/** Farthest from the reference, dBFS: GPUs round products to fewer bits. */
const FARTHEST = TEST_PROVIDERS.every((provider) => provider === "cpu") ? -60 : -40;
const { signal } = new AbortController();
const golden = readGolden();
const listener = await writeListener(golden.listener, dir.path);

after(async () => {
  await cache[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

/** The noise of the reference's run: of one passage. */
const REFERENCE_NOISE: VoiceNoise = {
  latent: (_frame, count, width) => spread("noise", count * width),
  source: (sample, count) => spread("source noise", sample + count).slice(sample),
};

type Run = {
  readonly noise?: VoiceNoise;
  readonly rmsMixRate?: number;
  readonly semitones?: number;
  readonly block?: number;
  /** Cuts the song for networks that run there, wherever they do: GPUs are given passages of fixed lengths. */
  readonly as?: Provider;
};

async function* blocksOf(samples: Float32Array, block: number): AsyncGenerator<Float32Array> {
  for (let at = 0; at < samples.length; at += block) yield samples.subarray(at, at + block);
}

const written = new Map<string, ReturnType<typeof writeVoice>>();

function voiceOf(variant: string): ReturnType<typeof writeVoice> {
  const known = written.get(variant) ?? writeVoice(variant, dir.path);
  written.set(variant, known);
  return known;
}

/** A clip in a narrow voice. */
async function convert(samples: Float32Array, about: Case, run: Run = {}): Promise<Float32Array<ArrayBuffer>> {
  const { version, f0, indexRate, protect, speaker } = about;
  const { noise = seededNoise(7), rmsMixRate = 1, semitones = about.semitones, block = 10_000 } = run;
  const { voice, latent, sound } = await voiceOf(variantOf(about));
  await using networks = new AsyncDisposableStack();
  const open = async (path: string): Promise<Network> => {
    const { session } = networks.use(await cache.lease({ key: path, model: path }, signal));
    const { provider, refusals, inputs, outputs } = session;
    return { provider: run.as ?? provider, refusals, inputs, outputs, run: (...asked) => session.run(...asked) };
  };
  const path = join(dir.path, `${voice.features}.index`);
  await writeFile(path, indexFile(voice.features, golden.arrays[`lists ${voice.features}`] as Int16Array));
  const retrieval = indexRate > 0 ? await openRetrieval({ path, width: voice.features, cache }, signal) : undefined;
  if (retrieval) networks.use(retrieval);
  const performance = {
    voice,
    listener: await open(listener[version]),
    singer: new Singer(voice, await open(latent), new SoundParts(await open(sound), voice), speaker, noise),
    content: { retrieval, indexRate, protect },
    findF0: f0
      ? async (heard: Float32Array) =>
          preparedF0(
            Float64Array.from({ length: 1 + Math.floor(heard.length / 160) }, (_, i) => pitchAt(i)),
            { method: "rmvpe", semitones, filterRadius: 3 },
          )
      : undefined,
  };
  const parts: Float32Array[] = [];
  const source = { sampleRate: 16_000, blocks: blocksOf(samples, block) };
  for await (const part of convertSong(source, performance, rmsMixRate, signal)) parts.push(part);
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

/** Level of the difference, dBFS. */
function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return 10 * Math.log10(sum / b.length + 1e-20);
}

/** The samples of which the reference kept a value, beside those values. */
function beside(made: Float32Array, kept: Int16Array): [number[], number[]] {
  const expected = [...kept].map((x) => x / 32_768);
  return [expected.map((_, i) => made[i * golden.every] as number), expected];
}

describe("a song in an RVC voice", () => {
  for (const [name, about] of Object.entries(golden.cases)) {
    it(`${variantOf(about)} (${name}): is what RVC makes of it, within ${-FARTHEST} dB under full scale`, async () => {
      const made = await convert(clip(about.samples), about, { noise: REFERENCE_NOISE, as: "cpu" });
      assert.equal(made.length, Math.ceil((about.samples * about.rate) / 16_000));
      // RVC leaves out some hundredths of a second at the end.
      assert.ok(about.length < made.length && about.length > made.length - 0.03 * about.rate);
      const [own, expected] = beside(made, golden.arrays[name] as Int16Array);
      const difference = apart(own, expected);
      assert.ok(difference < FARTHEST, `differs by ${difference.toFixed(1)} dBFS`);
    });
  }

  it("is another one with another pitch, speaker, share of the index, protection or seed", async () => {
    const about = golden.cases["v1 40k with an index"] as Case;
    const song = clip(16_000);
    const plain = await convert(song, about);
    assert.deepEqual(await convert(song, about), plain);
    const others: Readonly<Record<string, Promise<Float32Array>>> = {
      pitch: convert(song, about, { semitones: 4 }),
      speaker: convert(song, { ...about, speaker: 0 }),
      index: convert(song, { ...about, indexRate: 1 }),
      protection: convert(song, { ...about, protect: 0.5 }),
      seed: convert(song, about, { noise: seededNoise(8) }),
    };
    for (const [what, other] of Object.entries(others)) {
      const difference = apart(await other, plain);
      assert.ok(difference > -75, `${what}: ${difference.toFixed(1)} dBFS`);
    }
  });

  it("follows the loudness of its source: near to what RVC makes of it, whose levels are late by up to a quarter of a second", async () => {
    const about = golden.cases["v1 40k"] as Case;
    const made = await convert(clip(about.samples), about, { noise: REFERENCE_NOISE, rmsMixRate: 0.25, as: "cpu" });
    const [own, expected] = beside(made, golden.arrays["followed"] as Int16Array);
    const level = apart(expected, new Float32Array(expected.length));
    assert.ok(apart(own, expected) < level - 20, `${apart(own, expected)} of ${level} dBFS`);
  });

  it("sounds as in passages of fixed lengths, which GPUs are given, within −60 dBFS", async () => {
    for (const name of ["v1 40k", "v1 32k without f0"]) {
      const about = golden.cases[name] as Case;
      const song = clip(25_600);
      const [own, fixed] = [await convert(song, about, { as: "cpu" }), await convert(song, about, { as: "cuda" })];
      assert.equal(fixed.length, own.length);
      assert.ok(apart(fixed, own) < -60, `${name}: ${apart(fixed, own)} dBFS`);
    }
  });

  it("sounds the same however its source is cut", async () => {
    const about = golden.cases["v1 40k"] as Case;
    const song = clip(40_000);
    const whole = await convert(song, about, { block: song.length, rmsMixRate: 0.25 });
    for (const block of [1777, 160]) {
      assert.deepEqual(await convert(song, about, { block, rmsMixRate: 0.25 }), whole);
    }
  });

  it("of more than one passage is as long as its source, and goes over from one to the next without a step", async () => {
    const about = golden.cases["v1 32k without f0"] as Case;
    const song = clip(30 * 16_000 + 77);
    const made = await convert(song, about, { block: 48_000 });
    assert.equal(made.length, Math.ceil((song.length * 32_000) / 16_000));
    const beyond = made.findIndex((x) => !(Math.abs(x) < 1.00001));
    assert.equal(beyond, -1, `${made[beyond]} at ${beyond / 32_000} s`);
    const step = (at: number): number => Math.abs((made[at] as number) - (made[at - 1] as number));
    let usual = 0;
    for (let at = 1; at < 10 * 32_000; at++) usual = Math.max(usual, step(at));
    let most = 0;
    for (let at = 17 * 32_000; at < 24 * 32_000; at++) most = Math.max(most, step(at));
    assert.ok(most < 1.3 * usual, `a step of ${most}, and of ${usual} before any cut`);
  });

  it("has one source, whose pitch, phase and noise go on where one passage ends", async () => {
    const { voice } = await voiceOf("v1 40k");
    const { hop, inter, features } = voice;
    const network = (run: Network["run"]): Network => ({ provider: "cpu", refusals: [], inputs: [], outputs: [], run });
    const zeros = (...dims: number[]): Tensor => {
      return { type: "float32", dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) };
    };
    const heard: number[] = [];
    const listener = network(async ({ audio }) => {
      heard.push(audio?.dims[1] as number);
      return { features: zeros(1, Math.floor(((audio?.dims[1] as number) - 80) / 320), features) };
    });
    const latent = network(async ({ phone }) => ({ latent: zeros(1, inter, phone?.dims[1] as number) }));
    // What it sings is its source, without what is cut off.
    const sound = network(async ({ source, cut }) => {
      assert.ok(source?.type === "float32" && cut?.type === "int64");
      const data = source.data.slice(Number(cut.data[0]) * hop, source.data.length - Number(cut.data[0]) * hop);
      return { audio: { type: "float32", dims: [1, 1, data.length], data } };
    });
    const sing = async (noise: VoiceNoise): Promise<Float32Array> => {
      const performance = {
        voice,
        listener,
        singer: new Singer(voice, latent, new SoundParts(sound, voice), 0, noise),
        content: { indexRate: 0, protect: 0.5 },
        findF0: async (samples: Float32Array) => new Float64Array(1 + Math.floor(samples.length / 160)).fill(203.7),
      };
      const source = { sampleRate: 16_000, blocks: blocksOf(clip(62 * 16_000), 16_000) };
      const parts = await Array.fromAsync(convertSong(source, performance, 1, signal));
      return Float32Array.from(parts.flatMap((part) => [...part]));
    };
    const quiet = (count: number): Float32Array<ArrayBuffer> => new Float32Array(count);
    const still = await sing({
      latent: (_frame, count, width) => quiet(count * width),
      source: (_at, count) => quiet(count),
    });
    assert.ok(heard.length >= 3);
    assert.equal(still.length, 62 * 40_000);
    // A second of surroundings comes before the first sample.
    const phase = 100 * hop;
    const tone = still.map((_, i) => 0.1 * Math.sin((2 * Math.PI * 203.7 * (phase + i + 1)) / 40_000));
    assert.ok(apart(still, tone) < -100, `${apart(still, tone)} dBFS`);
    const noise = seededNoise(5);
    const noisy = await sing(noise);
    const rest = noisy.map((x, i) => (x - (tone[i] as number)) / 0.003);
    assert.ok(apart(rest, noise.source(phase, rest.length)) < -60);
  });

  it("is silent where its source is, and empty for nothing", async () => {
    const about = golden.cases["v1 40k"] as Case;
    assert.equal((await convert(new Float32Array(0), about)).length, 0);
    const silence = await convert(new Float32Array(16_000), about);
    assert.equal(silence.length, 40_000);
    assert.ok(silence.every((x) => x === 0));
  });

  it("hears zeros in place of what is no number", async () => {
    const about = golden.cases["v1 40k"] as Case;
    const song = clip(20_000);
    const [zero, broken] = [song.slice(), song.slice()];
    zero.fill(0, 700, 720);
    broken.fill(Number.NaN, 700, 710).fill(Number.POSITIVE_INFINITY, 710, 720);
    assert.deepEqual(await convert(broken, about), await convert(zero, about));
  });
});
