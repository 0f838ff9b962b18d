import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { AppError } from "../../src/errors.ts";
import { parseWav } from "../../src/media/parse-wav.ts";
import { liveTempDirs } from "../../src/media/temp.ts";
import { wavBase64, workbench } from "../cloning/workbench.ts";
import { type TestNetwork, writeNetwork } from "./networks.ts";
import { makeSong, sdr } from "./songs.ts";

type Separated = {
  readonly stems: readonly {
    readonly stem: string;
    readonly audio_url: string;
    readonly duration: number;
    readonly engine: string;
    readonly model: string;
  }[];
  readonly sample_rate: number;
  readonly output_format: string;
};

const folder = await mkdtemp(join(tmpdir(), "talkbox-stems-"));
after(() => rm(folder, { recursive: true, force: true }));

/** Services that have these networks. */
async function withNetworks(name: string, networks: readonly (readonly [string, TestNetwork, string])[]) {
  const models = join(folder, name);
  await mkdir(models);
  for (const [file, kind, primary] of networks) {
    await writeNetwork(join(models, file), kind, 1024, 16);
    const settings = { mdx_n_fft_scale_set: 2048, compensate: 1, primary_stem: primary };
    await writeFile(join(models, `${file}.json`), JSON.stringify(settings));
  }
  const cache = join(folder, `${name}-cache`);
  return workbench({ TALKBOX_MODEL_FOLDERS: models, TALKBOX_CACHE: cache, TALKBOX_PROVIDERS: "cpu" });
}

const VOICES = ["voices", "left", "Vocals"] as const;
const none = await withNetworks("none", []);
const one = await withNetworks("one", [VOICES]);
const all = await withNetworks("all", [
  VOICES,
  ["karaoke", "nothing-but-noise", "Instrumental Karaoke"],
  ["reverb", "identity", "Reverb"],
]);

const song = [0, 1].map((side) =>
  Float32Array.from({ length: 50_001 }, (_, n) => 0.4 * Math.sin((2 * Math.PI * (side ? 3000 : 440) * n) / 44_100)),
);
const audio = wavBase64({ sampleRate: 44_100, channels: song });

async function soundOf(url: string) {
  return parseWav(await readFile(fileURLToPath(url)));
}

const isCode = (code: string, said: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === code && said.test(error.message);

const rms = (values: Float32Array = new Float32Array()): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

test("without networks the embedded engine separates, and says what it is", async () => {
  const { voice, ...song } = await makeSong(8, { panned: true });
  const peak = Math.max(...song.mix.map((side) => side.reduce((most, value) => Math.max(most, Math.abs(value)), 0)));
  const mix = song.mix.map((side) => side.map((value) => value / (2 * peak)));
  const audio = wavBase64({ sampleRate: 44_100, channels: mix });
  const { stems, warnings } = await none.job<Separated & { warnings: string[] }>("separate_stems", { audio });
  assert.deepEqual(
    stems.map(({ stem, engine, model }) => [stem, engine, model]),
    [
      ["vocals", "center", "center"],
      ["instrumental", "center", "center"],
    ],
  );
  assert.match(warnings.join(" "), /classical.*UVR-MDX-NET-Voc_FT\.onnx/);
  const [vocals, instrumental] = await Promise.all(stems.map(({ audio_url }) => soundOf(audio_url)));
  const half = voice.map((value) => value / (2 * peak));
  assert.ok(sdr([half, half], vocals?.channels ?? []) > 4);
  for (const side of [0, 1]) {
    const off = mix[side]!.map((value, n) => value - vocals!.channels[side]![n]! - instrumental!.channels[side]![n]!);
    // The song was sent in 16 bits.
    assert.ok(off.every((value) => Math.abs(value) <= 2 ** -15));
  }
  await none.assertNothingLeft();
});

test("an engine that is asked for by name is the one that works, or says what it lacks", async () => {
  const params = { audio, stems: ["vocals"] };
  const { stems } = await one.job<Separated>("separate_stems", { ...params, engine: "center" });
  assert.equal(stems[0]?.engine, "center");
  await assert.rejects(
    none.job("separate_stems", { ...params, engine: "mdx" }),
    isCode("engine_unavailable", /Voc_FT/),
  );
  await assert.rejects(none.job("separate_stems", { ...params, engine: "spleet" }), isCode("invalid_input", /center/));
  const every = ["lead_dry", "backing", "lead", "instrumental", "vocals"];
  const all = await none.job<Separated>("separate_stems", { audio, stems: every });
  assert.deepEqual(
    all.stems.map(({ stem, model }) => `${stem} ${model}`),
    ["lead_dry center-dry", "backing center-lead", "lead center-lead", "instrumental center", "vocals center"],
  );
});

test("a song comes apart, pass by pass, each stem as long as the song", async () => {
  const { job, assertNothingLeft } = one;
  const { stems, ...about } = await job<Separated>("separate_stems", { audio, denoise: false });
  assert.deepEqual([about.sample_rate, about.output_format], [44_100, "wav"]);
  assert.deepEqual(
    stems.map(({ stem, model }) => [stem, model]),
    [
      ["vocals", "voices"],
      ["instrumental", "voices"],
    ],
  );
  const [vocals, instrumental] = await Promise.all(stems.map(({ audio_url }) => soundOf(audio_url)));
  for (const sound of [vocals, instrumental]) {
    assert.deepEqual([sound?.channels.length, sound?.channels[0]?.length, sound?.sampleRate], [2, 50_001, 44_100]);
  }
  assert.ok(rms(vocals?.channels[0]) > 0.27 && rms(vocals?.channels[1]) < 1e-6);
  assert.ok(rms(instrumental?.channels[0]) < 0.01 && rms(instrumental?.channels[1]) > 0.27);
  await assert.rejects(
    job("separate_stems", { audio, stems: ["lead"], engine: "mdx" }),
    isCode("engine_unavailable", /no karaoke network.*UVR_MDXNET_KARA_2\.onnx/),
  );
  await assertNothingLeft();
});

test("the lead voice is what the next network leaves, and its reverb what the last one takes", async () => {
  const { job } = all;
  const asked = ["lead_dry", "lead", "backing"];
  const { stems } = await job<Separated>("separate_stems", { audio, stems: asked });
  assert.deepEqual(
    stems.map(({ stem, model }) => [stem, model]),
    [
      ["lead_dry", "reverb"],
      ["lead", "karaoke"],
      ["backing", "karaoke"],
    ],
  );
  const [dry, lead, backing] = await Promise.all(stems.map(({ audio_url }) => soundOf(audio_url)));
  assert.deepEqual(
    [dry, lead, backing].map((sound) => sound?.channels[0]?.length),
    [50_001, 50_001, 50_001],
  );
  assert.ok(rms(lead?.channels[0]) > 0.27 && rms(lead?.channels[1]) < 1e-6);
  assert.ok(rms(backing?.channels[0]) < 1e-6);
  assert.ok(rms(dry?.channels[0]) < 0.01);
});

test("one channel at 8 kHz, silence, and other formats; words are refused", async () => {
  const { job, assertNothingLeft } = one;
  const mono = wavBase64({ sampleRate: 8000, channels: [(song[0] as Float32Array).slice(0, 4000)] });
  const low = await job<Separated>("separate_stems", { audio: mono, stems: ["vocals"], output_format: "flac" });
  assert.ok(Math.abs((low.stems[0]?.duration ?? 0) - 0.5) < 1e-3);
  const silence = wavBase64({ sampleRate: 44_100, channels: [new Float32Array(20_000)] });
  const { stems } = await job<Separated>("separate_stems", { audio: silence, stems: ["instrumental"] });
  const sound = await soundOf(stems[0]?.audio_url ?? "");
  assert.deepEqual([sound.channels[0]?.length, rms(sound.channels[0])], [20_000, 0]);
  await assert.rejects(job("separate_stems", { audio: btoa("no sound") }), isCode("invalid_audio", /audio/));
  await assert.rejects(job("separate_stems", { audio, stems: ["violin"] }), isCode("invalid_input", /stems/));
  await assertNothingLeft();
});

test("a cancelled job leaves nothing behind, while files of its passes lie there", async () => {
  const long = wavBase64({ sampleRate: 44_100, channels: [new Float32Array(1_000_000).fill(0.1)] });
  const abort = new AbortController();
  const work = all.job("separate_stems", { audio: long, stems: ["lead_dry"] }, abort.signal);
  const begun = async (): Promise<boolean> => {
    const files = await Promise.all(liveTempDirs().map((dir) => readdir(dir).catch(() => [])));
    return files.flat().includes("after-vocals.wav");
  };
  while (!(await begun())) await new Promise((resolve) => setTimeout(resolve, 10));
  abort.abort();
  await assert.rejects(work, isCode("cancelled", /./));
  await all.assertNothingLeft();
  assert.ok(all.services.models.list().every(({ leases }) => leases === 0));
});
