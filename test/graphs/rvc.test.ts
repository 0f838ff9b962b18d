import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Checkpoint } from "../../src/checkpoints/checkpoint.ts";
import type { PickleValue } from "../../src/checkpoints/pickle/values.ts";
import type { Graph, Precision } from "../../src/graphs/graph-builder.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { buildRvc, describeRvc, reachOf } from "../../src/graphs/rvc.ts";
import { type RvcVoice, rvcVoice } from "../../src/graphs/rvc-voice.ts";
import { InferenceThread, type Session } from "../../src/inference/session.ts";
import type { Provider, Tensor } from "../../src/inference/tensor.ts";
import { RVC } from "../../src/library/models/architectures/rvc.ts";
import { TempDir } from "../../src/media/temp.ts";
import { sineSource } from "../../src/signal/voice/sine-source.ts";
import { describeOnProviders, tolerance as toleranceOf } from "../inference/providers.ts";
import { formula, formulaCheckpoint, keysOf, type KeyTree, spread } from "./formula.ts";
import { assertClose, readReference } from "./reference.ts";

/** How a reference was run: tools/graph-goldens/rvc.py. */
type Run = { readonly batch: number; readonly frames: number; readonly lengths: readonly number[] };
type Kind = { readonly config: readonly PickleValue[]; readonly tree: KeyTree };

const floats = (data: Float32Array<ArrayBuffer>, ...dims: number[]): Tensor => ({ type: "float32", dims, data });
const ints = (values: readonly number[], ...dims: number[]): Tensor => ({
  type: "int64",
  dims,
  data: BigInt64Array.from(values, BigInt),
});

/** Hz of each frame: none at the start and in the middle. */
function pitchOf({ batch, frames }: Run): number[] {
  return Array.from({ length: batch * frames }, (_, i) => {
    const frame = i % frames;
    return frame < 2 || frame === 9 || frame === 10 ? 0 : 150 + 20 * i;
  });
}

/** The sources of a batch, one after the other. */
function sourcesOf(run: Run, { sampleRate, hop }: RvcVoice): Float32Array<ArrayBuffer> {
  const { batch, frames } = run;
  const noise = spread("source noise", batch * frames * hop);
  const all = new Float32Array(noise.length);
  for (let i = 0; i < batch; i++) {
    const [from, to] = [i * frames * hop, (i + 1) * frames * hop];
    const f0 = pitchOf(run).slice(i * frames, (i + 1) * frames);
    all.set(sineSource(f0, { sampleRate, hop, noise: noise.subarray(from, to) }).samples, from);
  }
  return all;
}

/** What the graph of a checkpoint makes of the reference's inputs. */
async function sing(
  checkpoint: Checkpoint,
  run: Run,
  provider: Provider,
  precision: Precision = "float32",
): Promise<Float32Array> {
  const { batch, frames, lengths } = run;
  const voice = rvcVoice(checkpoint);
  assert.ok(voice);
  const { latent, sound, unused } = buildRvc(checkpoint, voice, precision);
  assert.deepEqual(unused, []);
  await using dir = await TempDir.create();
  await using thread = new InferenceThread();
  const open = async (graph: Graph): Promise<Session> =>
    thread.open(await writeModel(graph, dir.path, graph.name), { providers: [provider], threads: 2 });
  const { features, inter, hop, f0 } = voice;
  const count = batch * frames;
  const speakers = Array.from({ length: batch }, (_, i) => i + 1);
  const notes = Array.from({ length: count }, (_, i) => 1 + ((i * 5) % 255));
  const made = await (await open(latent)).run({
    phone: floats(spread("phone", count * features), batch, frames, features),
    lengths: ints(lengths, batch),
    noise: floats(spread("noise", count * inter), batch, inter, frames),
    sid: ints(speakers, batch),
    ...(f0 && { pitch: ints(notes, batch, frames) }),
  });
  const { audio } = await (await open(sound)).run({
    latent: made["latent"] as Tensor,
    sid: ints(speakers, batch),
    cut: ints([0], 1),
    ...(f0 && { source: floats(sourcesOf(run, voice), batch, 1, frames * hop) }),
  });
  assert.ok(audio?.type === "float32");
  assert.deepEqual(audio.dims, [batch, 1, frames * hop]);
  return audio.data;
}

describeOnProviders("RVC's generator", (provider) => {
  it("v2 48k at full width: makes what PyTorch makes, within 1e-4, and within 1e-2 in float16", async () => {
    const { arrays, every, config, tree, ...run } = readReference<Run & Kind>("rvc");
    using checkpoint = formulaCheckpoint("voice.pth", keysOf(tree), { config });
    for (const [precision, tolerance] of [
      ["float32", 1e-4],
      ["float16", 1e-2],
    ] as const) {
      const audio = await sing(checkpoint, run, provider, precision);
      assertClose(audio, arrays["audio"] as Float32Array, every, Math.max(tolerance, toleranceOf(provider)));
    }
  });

  it("every variant: makes what PyTorch makes, within 1e-4, two sounds of different length at once", async () => {
    const { arrays, every, variants, ...run } = readReference<Run & { variants: Record<string, Kind> }>("rvc-narrow");
    assert.equal(Object.keys(variants).length, 14);
    for (const [name, { config, tree }] of Object.entries(variants)) {
      using checkpoint = formulaCheckpoint("voice.pth", keysOf(tree), { config });
      assert.equal(RVC.recognise(checkpoint), name);
      const audio = await sing(checkpoint, run, provider);
      assertClose(audio, arrays[name] as Float32Array, every, Math.max(1e-4, toleranceOf(provider)));
    }
  });
});

describe("RVC's voices", () => {
  const { variants, arrays, every, ...run } = readReference<Run & { variants: Record<string, Kind> }>("rvc-narrow");
  const { config, tree } = variants["v2 40k"] as Kind;
  const keys = keysOf(tree);
  const voiceWith = (fields: Readonly<Record<string, PickleValue>>, more: typeof keys = {}): Checkpoint =>
    formulaCheckpoint("voice.pth", { ...keys, ...more }, { config, ...fields });

  it("lengths and directions under PyTorch's newer names, or put together, are the same voice", async () => {
    const newer = (key: string): string =>
      key
        .replace(/\.weight_g$/, ".parametrizations.weight.original0")
        .replace(/\.weight_v$/, ".parametrizations.weight.original1");
    using plain = voiceWith({});
    const tensors = new Map(
      [...plain.tensors].map(([key, tensor]) => [newer(key), { ...tensor, name: newer(key) }] as const),
    );
    const made = await sing({ ...plain, tensors }, run, "cpu");
    assertClose(made, arrays["v2 40k"] as Float32Array, every, 1e-4);
    // Put together: the length of each of what dim 0 has, times its direction.
    const folded = new Map(plain.tensors);
    for (const [key, tensor] of plain.tensors) {
      if (!key.endsWith(".weight_v")) continue;
      const base = key.slice(0, -".weight_v".length);
      const direction = formula(key, tensor.shape);
      const lengths = formula(`${base}.weight_g`, [tensor.shape[0] as number]);
      const row = direction.length / lengths.length;
      const whole = direction.map((value, i) => {
        const from = Math.floor(i / row) * row;
        const square = direction.subarray(from, from + row).reduce((sum, x) => sum + x * x, 0);
        return ((lengths[from / row] as number) * value) / Math.sqrt(square);
      });
      folded.delete(key);
      folded.delete(`${base}.weight_g`);
      folded.set(`${base}.weight`, {
        ...tensor,
        name: `${base}.weight`,
        read: async () => new Uint8Array(whole.buffer),
      });
    }
    assertClose(await sing({ ...plain, tensors: folded }, run, "cpu"), arrays["v2 40k"] as Float32Array, every, 1e-4);
  });

  it("fewer frames than attention looks away are sung as PyTorch sings them", async () => {
    const few = { batch: 1, frames: 3, lengths: [3] };
    using checkpoint = voiceWith({});
    assertClose(await sing(checkpoint, few, "cpu"), arrays["few"] as Float32Array, every, 1e-4);
  });

  it("weights of training beside the voice's are left out", () => {
    using checkpoint = voiceWith({}, { "enc_q.pre.weight": [16, 513, 1] });
    const voice = rvcVoice(checkpoint);
    assert.ok(voice);
    assert.deepEqual(buildRvc(checkpoint, voice).unused, []);
    assert.equal(describeRvc(voice), "v2 40k");
    assert.equal(voice.speakers, 3);
  });

  it("padding changes nothing before it", async () => {
    using checkpoint = voiceWith({});
    const voice = rvcVoice(checkpoint);
    assert.ok(voice);
    const { features, inter } = voice;
    await using dir = await TempDir.create();
    await using thread = new InferenceThread();
    const path = await writeModel(buildRvc(checkpoint, voice).latent, dir.path, "latent");
    const session = await thread.open(path, { providers: ["cpu"], threads: 1 });
    const whole = async (frames: number): Promise<Float32Array> => {
      const noise = new Float32Array(inter * frames);
      for (let i = 0; i < inter; i++) noise.set(spread(`noise ${i}`, 60).subarray(0, frames), i * frames);
      const notes = Array.from({ length: frames }, () => 9);
      const { latent } = await session.run({
        phone: floats(spread("phone", 60 * features).slice(0, frames * features), 1, frames, features),
        lengths: ints([40], 1),
        pitch: ints(notes, 1, frames),
        noise: floats(noise, 1, inter, frames),
        sid: ints([0], 1),
      });
      assert.ok(latent?.type === "float32");
      return latent.data;
    };
    const [alone, padded] = [await whole(40), await whole(60)];
    for (let i = 0; i < inter; i++) {
      assertClose(padded.slice(i * 60, i * 60 + 40), alone.slice(i * 40, i * 40 + 40), 1, 1e-5);
      assert.ok(padded.subarray(i * 60 + 40, i * 60 + 60).every((x) => x === 0));
    }
  });

  it("a part of a latent sounds as it does in the whole, of every variant", async () => {
    await using dir = await TempDir.create();
    await using thread = new InferenceThread();
    const frames = 48;
    const [from, to] = [20, 26];
    for (const [name, kind] of Object.entries(variants)) {
      using checkpoint = formulaCheckpoint("voice.pth", keysOf(kind.tree), { config: kind.config });
      const voice = rvcVoice(checkpoint);
      assert.ok(voice);
      const { inter, hop, f0 } = voice;
      const path = await writeModel(buildRvc(checkpoint, voice).sound, dir.path, name.replaceAll(" ", "-"));
      const session = await thread.open(path, { providers: ["cpu"], threads: 1 });
      const sound = async (first: number, last: number, cut = 0): Promise<Float32Array> => {
        const latent = new Float32Array(inter * (last - first));
        const each = (i: number): Float32Array => spread(`latent ${i}`, frames).subarray(first, last);
        for (let i = 0; i < inter; i++) latent.set(each(i), i * (last - first));
        const source = spread("source", frames * hop).slice(first * hop, last * hop);
        const { audio } = await session.run({
          latent: floats(latent, 1, inter, last - first),
          sid: ints([0], 1),
          cut: ints([cut], 1),
          ...(f0 && { source: floats(source, 1, 1, source.length) }),
        });
        assert.ok(audio?.type === "float32");
        return audio.data;
      };
      const whole = (await sound(0, frames)).slice(from * hop, to * hop);
      const { reach, cut } = reachOf(voice);
      const part = await sound(from - reach, to + reach);
      assertClose(part.slice(reach * hop, (to - from + reach) * hop), whole, 1, 1e-6);
      const kept = reach - cut;
      const cutOff = await sound(from - reach, to + reach, cut);
      assert.equal(cutOff.length, (to - from + 2 * kept) * hop);
      assertClose(cutOff.slice(kept * hop, (to - from + kept) * hop), whole, 1, 1e-6);
    }
  });

  it("files of training, and voices that are made otherwise, are refused by name", () => {
    const refused = (checkpoint: Checkpoint, message: RegExp): void =>
      assert.throws(() => RVC.recognise(checkpoint), { code: "model_unusable", message });
    refused(
      formulaCheckpoint("G_2333333.pth", { ...keys, "enc_q.pre.weight": [16, 513, 1] }, { iteration: 200 }),
      /^G_2333333\.pth: it is a checkpoint of RVC's training .* Model extraction/,
    );
    refused(formulaCheckpoint("voice.pth", keys), /has an RVC voice's weights and not its config/);
    refused(
      formulaCheckpoint("D_2333333.pth", { "discriminators.0.convs.0.weight_v": [16, 1, 15] }),
      /discriminator of a training/,
    );
    refused(voiceWith({ vocoder: "RefineGAN" }), /its vocoder is RefineGAN, which is not supported/);
    refused(voiceWith({}, { "dec.mrfs.0.0.layers.0.conv1.bias": [8] }), /its vocoder is MRF HiFi-GAN/);
    refused(voiceWith({ embedder_model: "spin-v2" }), /features of the embedder spin-v2, which is not supported/);
    refused(voiceWith({ config: config.with(9, "2") }), /residual blocks of type 2/);
    refused(voiceWith({ config: config.with(17, 44_100) }), /says 44100 Hz and stages that make 40000 Hz/);
    refused(voiceWith({ config: config.slice(0, 5) }), /config has 5 items, and 18 were expected/);
    for (const [item, value] of [
      [2, 15],
      [5, 3],
      [7, 4],
      [13, 33],
      [14, [16, 15, 4, 4]],
      [14, [16, 16, 4]],
      [
        11,
        [
          [1, 3],
          [1, 3, 5],
          [1, 3, 5],
        ],
      ],
    ] as const) {
      refused(voiceWith({ config: config.with(item, value) }), /its config says sizes that do not fit each other/);
    }
    refused(voiceWith({ config: config.with(6, 2.5) }), /item 6 of its config \(layers\) is no positive whole number/);
    refused(voiceWith({ config: config.with(11, [[1, 3, 5]]) }), /item 11 of its config \(dilations\) is no list/);
    refused(voiceWith({}, { "enc_p.emb_phone.weight": [16, 1024] }), /features of 1024 numbers/);
    for (const fields of [{ vocoder: "HiFi-GAN", embedder_model: "contentvec" }, { config: config.with(17, "40k") }]) {
      assert.equal(RVC.recognise(voiceWith(fields)), "v2 40k");
    }
    assert.equal(RVC.recognise(formulaCheckpoint("other.pth", { weight: [1] })), undefined);
    const short = voiceWith({}, { "dec.ups.0.bias": [15] });
    const voice = rvcVoice(short);
    assert.ok(voice);
    assert.throws(() => buildRvc(voiceWith({}, { "enc_p.encoder.attn_layers.0.emb_rel_k": [1, 20, 8] }), voice), {
      code: "model_unusable",
      message: /emb_rel_k" is \[1, 20, 8\], and \[1, 19, 8\] was expected/,
    });
    assert.throws(() => buildRvc(short, voice), {
      code: "model_unusable",
      message: /as an RVC voice \(v2 40k\) it cannot be used: "dec\.ups\.0\.bias" is \[15\], and \[16\] was expected/,
    });
  });
});

describe("The source of a voice", () => {
  it("is the reference's, within 1e-5, and goes on where it was cut", () => {
    const { arrays, every, ...run } = readReference<Run>("rvc");
    const noise = spread("source noise", run.frames * 480);
    const f0 = pitchOf(run);
    const whole = sineSource(f0, { sampleRate: 48_000, hop: 480, noise });
    assertClose(whole.samples, arrays["source"] as Float32Array, every, 1e-5);
    const first = sineSource(f0.slice(0, 7), { sampleRate: 48_000, hop: 480, noise });
    const rest = { sampleRate: 48_000, hop: 480, noise: noise.subarray(7 * 480), phase: first.phase };
    const second = sineSource(f0.slice(7), rest);
    const joined = new Float32Array([...first.samples, ...second.samples]);
    assertClose(joined, whole.samples, 1, 1e-7);
    assert.throws(() => sineSource(f0, { sampleRate: 48_000, hop: 480, noise: noise.subarray(1) }), RangeError);
  });
});
