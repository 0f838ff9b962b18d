import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { AppError } from "../../src/errors.ts";
import { parseWav } from "../../src/media/parse-wav.ts";
import { wavBase64, workbench } from "../cloning/workbench.ts";
import { writeNetwork } from "./networks.ts";
import { noisySong, rmsOf } from "./passages.ts";
import { ROFORMER_SHAPES, roformerSettings, writeRoformer } from "./roformers.ts";

type Separated = {
  readonly stems: readonly { stem: string; audio_url: string; duration: number; engine: string; model: string }[];
  readonly warnings?: readonly string[];
};

const folder = await mkdtemp(join(tmpdir(), "talkbox-roformer-"));
after(() => rm(folder, { recursive: true, force: true }));
const models = join(folder, "models");
await mkdir(models);
await writeRoformer(join(models, "MelBandRoformer"), ROFORMER_SHAPES.oneStem, roformerSettings());
for (const [name, primary] of [
  ["voices", "Vocals"],
  ["karaoke", "Instrumental Karaoke"],
] as const) {
  await writeNetwork(join(models, name), "left", 1024, 16);
  const settings = { mdx_n_fft_scale_set: 2048, compensate: 1, primary_stem: primary };
  await writeFile(join(models, `${name}.json`), JSON.stringify(settings));
}
const { job, assertNothingLeft, services } = await workbench({
  TALKBOX_MODEL_FOLDERS: models,
  TALKBOX_CACHE: join(folder, "cache"),
  TALKBOX_PROVIDERS: "cpu",
});

// No part of it reaches full scale.
const song = noisySong(30_001).map((side) => side.map((value) => value / 2)) as [Float32Array, Float32Array];
const audio = wavBase64({ sampleRate: 44_100, channels: song });
const soundOf = async (url = "") => parseWav(await readFile(fileURLToPath(url)));
const made = ({ stems }: Separated): string[] => stems.map(({ stem, engine, model }) => `${stem} ${engine} ${model}`);

const isCode = (code: string, said: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === code && said.test(error.message);

test("a RoFormer is taken first where there is one for the step, and an engine by its name", async () => {
  const all = ["vocals", "instrumental", "lead", "backing"];
  const separated = await job<Separated>("separate_stems", { audio, stems: all });
  assert.deepEqual(made(separated), [
    "vocals roformer MelBandRoformer",
    "instrumental roformer MelBandRoformer",
    "lead mdx karaoke",
    "backing mdx karaoke",
  ]);
  const [vocals, instrumental] = await Promise.all(separated.stems.map(({ audio_url }) => soundOf(audio_url)));
  for (const side of [0, 1] as const) {
    const [voice, band] = [vocals?.channels[side] ?? [], instrumental?.channels[side] ?? []];
    assert.deepEqual([voice.length, band.length], [30_001, 30_001]);
    assert.ok(rmsOf(voice) > 0.005);
    // The song was sent in 16 bits.
    const off = song[side].map((value, n) => value - (voice[n] as number) - (band[n] as number));
    assert.ok(off.every((value) => Math.abs(value) <= 2 ** -15));
  }
  const named = await job<Separated>("separate_stems", { audio, stems: ["vocals"], engine: "mdx" });
  assert.deepEqual(made(named), ["vocals mdx voices"]);
  const other = await job<Separated>("separate_stems", { audio, stems: ["vocals"], engine: "roformer" });
  assert.deepEqual(made(other), ["vocals roformer MelBandRoformer"]);
  await assertNothingLeft();
});

test("a cover is made of what a RoFormer took apart", async () => {
  type Cover = { separation: { engines: string[]; models: string[]; reused: boolean }; stems: Separated["stems"] };
  const params = { audio, voice_model: "alto-warm", engine: "roformer", backing: "convert", stems: ["vocals"] };
  await assert.rejects(job("generate_cover", params), isCode("engine_unavailable", /no karaoke network/));
  const made = await job<Cover>("generate_cover", { ...params, engine: "auto" });
  assert.deepEqual(made.separation, {
    engines: ["roformer", "mdx"],
    models: ["MelBandRoformer", "karaoke"],
    reused: false,
  });
  const again = await job<Cover>("generate_cover", { ...params, engine: "auto", main_gain: 2 });
  assert.equal(again.separation.reused, true);
  // Other settings beside the network's file make other stems.
  await writeFile(join(models, "MelBandRoformer.yaml"), roformerSettings({ num_overlap: "4" }));
  const other = await job<Cover>("generate_cover", { ...params, engine: "auto" });
  assert.equal(other.separation.reused, false);
  await assertNothingLeft();
});

test("what is missing is told with the file that does it", async () => {
  await assert.rejects(
    job("separate_stems", { audio, stems: ["lead"], engine: "roformer" }),
    isCode(
      "engine_unavailable",
      /no karaoke network.*mel_band_roformer_karaoke_aufr33_viperx_sdr_10\.1956\.ckpt with its \.yaml/,
    ),
  );
  const engines = await services.engines.status();
  const { availability } = engines.find(({ id }) => id === "roformer") ?? {};
  assert.deepEqual(availability, { available: true });
});

test("one channel at 8 kHz, a hundredth of a second, and silence come apart as any song", async () => {
  const mono = wavBase64({ sampleRate: 8000, channels: [song[0].slice(0, 4000)] });
  const low = await job<Separated>("separate_stems", { audio: mono, stems: ["vocals"], output_format: "flac" });
  assert.ok(Math.abs((low.stems[0]?.duration ?? 0) - 0.5) < 1e-3);
  const short = wavBase64({ sampleRate: 44_100, channels: song.map((side) => side.slice(0, 441)) });
  const brief = await job<Separated>("separate_stems", { audio: short });
  for (const { audio_url } of brief.stems) assert.equal((await soundOf(audio_url)).channels[0]?.length, 441);
  const silence = wavBase64({ sampleRate: 44_100, channels: [new Float32Array(20_000)] });
  const { stems } = await job<Separated>("separate_stems", { audio: silence, stems: ["vocals", "instrumental"] });
  for (const { audio_url } of stems) assert.equal(rmsOf((await soundOf(audio_url)).channels[0] ?? [1]), 0);
  await assertNothingLeft();
});
