import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { AppError } from "../../src/errors.ts";
import { wavBase64, workbench } from "../cloning/workbench.ts";
import { writeNetwork } from "./networks.ts";
import { noisySong } from "./passages.ts";
import { ROFORMER_SHAPES, roformerSettings, writeRoformer } from "./roformers.ts";

const folder = await mkdtemp(join(tmpdir(), "talkbox-named-networks-"));
after(() => rm(folder, { recursive: true, force: true }));
const models = join(folder, "models");
await mkdir(join(models, "kim"), { recursive: true });
const { oneStem } = ROFORMER_SHAPES;
await writeRoformer(join(models, "MelBandRoformer"), oneStem, roformerSettings());
await writeRoformer(join(models, "kim/Vocals_2.5"), oneStem, roformerSettings());
await writeRoformer(join(models, "misfit"), oneStem, roformerSettings({ dim: "7" }));
for (const [name, primary, size] of [
  ["voices", "Vocals", 2048],
  ["karaoke", "Instrumental Karaoke", 2048],
  ["flat", "Vocals", 512],
] as const) {
  await writeNetwork(join(models, name), "left", 1024, 16);
  const settings = { mdx_n_fft_scale_set: size, compensate: 1, primary_stem: primary };
  await writeFile(join(models, `${name}.json`), JSON.stringify(settings));
}
const { job, assertNothingLeft } = await workbench({
  TALKBOX_MODEL_FOLDERS: models,
  TALKBOX_CACHE: join(folder, "cache"),
  TALKBOX_PROVIDERS: "cpu",
});
const audio = wavBase64({ sampleRate: 44_100, channels: noisySong(20_001) });

type Separated = { readonly stems: readonly { stem: string; engine: string; model: string }[] };

const made = ({ stems }: Separated): string[] => stems.map(({ stem, engine, model }) => `${stem} ${engine} ${model}`);

const isCode = (code: string, said: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === code && said.test(error.message);

test("a network is taken by its file's name, whichever would come first, and each for its step", async () => {
  const { separation } = await job<{ separation: readonly { name: string; engine: string; role: string }[] }>(
    "list_models",
    {},
  );
  assert.deepEqual(
    separation
      .map(({ name, engine, role }) => `${engine} ${name}: ${role}`)
      .filter((each) => !each.startsWith("center")),
    [
      "roformer MelBandRoformer: vocals",
      "roformer kim/Vocals_2.5: vocals",
      "mdx karaoke: karaoke",
      "mdx voices: vocals",
    ],
  );
  const by = async (...separation_models: readonly string[]) =>
    made(await job<Separated>("separate_stems", { audio, stems: ["vocals"], separation_models }));
  assert.deepEqual(await by("kim/Vocals_2.5"), ["vocals roformer kim/Vocals_2.5"]);
  assert.deepEqual(await by("vocals_2.5.safetensors"), ["vocals roformer kim/Vocals_2.5"]);
  assert.deepEqual(await by("Voices.onnx"), ["vocals mdx voices"]);
  assert.deepEqual(await by("center"), ["vocals center center"]);
  const leads = { audio, stems: ["vocals", "lead"], separation_models: ["karaoke", "voices"] };
  assert.deepEqual(made(await job<Separated>("separate_stems", leads)), ["vocals mdx voices", "lead mdx karaoke"]);
  type Cover = { separation: { models: string[] }; backing: string };
  const params = { audio, voice_model: "alto-warm", separation_models: ["Vocals_2.5", "center-lead"] };
  const cover = await job<Cover>("generate_cover", params);
  assert.deepEqual(cover.separation.models, ["kim/Vocals_2.5", "center-lead"]);
  await assertNothingLeft();
});

test("a name that is no network's, one's that cannot be used, and one's that has nothing to do are refused", async () => {
  const refused = (params: object, code: string, said: RegExp) =>
    assert.rejects(job("separate_stems", { audio, stems: ["vocals"], ...params }), isCode(code, said));
  await refused({ separation_models: ["MelBandRofomer"] }, "not_found", /Did you mean "MelBandRoformer"/);
  await refused({ separation_models: ["voices"], engine: "roformer" }, "not_found", /of the engine "roformer"/);
  await refused({ separation_models: ["karaoke"] }, "invalid_input", /"karaoke" has nothing to do: it tells the lead/);
  await refused(
    { separation_models: ["voices", "Vocals_2.5"] },
    "invalid_input",
    /"kim\/Vocals_2\.5" .*"voices" is named/,
  );
  await refused({ separation_models: ["a".repeat(300)] }, "invalid_input", /separation_models/);
  await refused({ separation_models: ["misfit"] }, "model_unusable", /misfit\.yaml: it says a `dim` of 7/);
  await refused({ separation_models: ["flat.onnx"] }, "model_unusable", /flat\.onnx/);
  await assert.rejects(
    job("generate_cover", { audio, voice_model: "alto-warm", dereverb: false, separation_models: ["none"] }),
    isCode("not_found", /"none"/),
  );
  await assertNothingLeft();
});
