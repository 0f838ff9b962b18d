import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { handler, type JobResult } from "../../handler/index.ts";
import { AppError } from "../../src/errors.ts";
import { wavBase64, workbench } from "../cloning/workbench.ts";
import { writeNetwork } from "./networks.ts";
import { noisySong } from "./passages.ts";
import { ROFORMER_SHAPES, roformerGoldens, roformerSettings, writeRoformer } from "./roformers.ts";

type Stem = { readonly stem: string; readonly audio_url: string; readonly model: string };

const folder = await mkdtemp(join(tmpdir(), "talkbox-instruments-"));
after(() => rm(folder, { recursive: true, force: true }));
const models = join(folder, "models");
await mkdir(models);
const { oneStem, fourStems } = ROFORMER_SHAPES;
const drumsAlone = roformerSettings({ target_instrument: "drums" }).replace(
  "- vocals\n  - other",
  "- drums\n  - other",
);
await writeRoformer(join(models, "a-kit"), oneStem, drumsAlone);
await writeRoformer(join(models, "b-voices"), oneStem, roformerSettings());
await writeRoformer(join(models, "a-band"), fourStems, roformerGoldens.cases[6]?.settings);
await writeNetwork(join(models, "karaoke"), "left", 1024, 16);
const karaoke = { mdx_n_fft_scale_set: 2048, compensate: 1, primary_stem: "Instrumental Karaoke" };
await writeFile(join(models, "karaoke.json"), JSON.stringify(karaoke));
const { job, assertNothingLeft, services } = await workbench({
  TALKBOX_MODEL_FOLDERS: models,
  TALKBOX_CACHE: join(folder, "cache"),
  TALKBOX_PROVIDERS: "cpu",
});
const audio = wavBase64({ sampleRate: 44_100, channels: noisySong(20_001) });

/** Stems and their networks, the passes that it took, and the files. */
async function separate(stems: readonly string[], ...separation_models: readonly string[]) {
  const passes: string[] = [];
  const params = { audio, stems, separation_models };
  const job = { operation: "separate_stems", params, output: { delivery: "url" } } as const;
  const events = handler(job, { services });
  let step: IteratorResult<{ readonly type: string; readonly message?: string }, JobResult> = await events.next();
  for (; !step.done; step = await events.next()) {
    const { message = "" } = step.value;
    if (message.startsWith("Separating: ")) passes.push(message.slice("Separating: ".length));
  }
  const result = step.value as unknown as { readonly stems: readonly Stem[] };
  const files = await Promise.all(result.stems.map(({ audio_url }) => readFile(fileURLToPath(audio_url))));
  return { made: result.stems.map(({ stem, model }) => `${stem} ${model}`), passes, files };
}

const isCode = (code: string, said: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === code && said.test(error.message);

test("instruments come from networks that name them, as few as will do, and out of the song itself", async () => {
  const band = await separate(["drums", "bass", "other"]);
  assert.deepEqual(band.made, ["drums a-band", "bass a-band", "other a-band"]);
  assert.deepEqual(band.passes, ["a-band"]);
  assert.ok(new Set(band.files.map((file) => file.toString("hex"))).size === 3, "each is another sound");
  const kit = await separate(["drums"]);
  assert.deepEqual([kit.made, kit.passes], [["drums a-kit"], ["a-kit"]]);
  assert.notDeepEqual(kit.files[0], band.files[0]);
  // Beside stems that are made of one another.
  const all = await separate(["vocals", "bass", "lead", "drums"]);
  assert.deepEqual(all.made, ["vocals b-voices", "bass a-band", "lead karaoke", "drums a-band"]);
  assert.deepEqual(all.passes, ["a-band", "b-voices", "karaoke"]);
  assert.deepEqual([all.files[3], all.files[1]], band.files.slice(0, 2));
  await assertNothingLeft();
});

test("a network that is named gives voices and instruments in one pass", async () => {
  const named = await separate(["instrumental", "drums", "vocals", "bass"], "a-band");
  assert.deepEqual(named.made, ["instrumental a-band", "drums a-band", "vocals a-band", "bass a-band"]);
  assert.deepEqual(named.passes, ["a-band"]);
  const two = await separate(["vocals", "drums", "bass"], "a-kit");
  assert.deepEqual(two.made, ["vocals b-voices", "drums a-kit", "bass a-band"]);
  await assertNothingLeft();
});

test("an instrument that no network here takes out is refused with what does, and covers have none", async () => {
  const refused = (params: object, code: string, said: RegExp) =>
    assert.rejects(job("separate_stems", { audio, ...params }), isCode(code, said));
  await refused({ stems: ["bass", "piano"] }, "engine_unavailable", /takes piano out of songs.*BS-Rofo-SW-Fixed\.ckpt/);
  await refused({ stems: ["bass"], engine: "mdx" }, "engine_unavailable", /of the engine "mdx" that takes bass/);
  await refused({ stems: ["vocals"], separation_models: ["a-kit"] }, "invalid_input", /"a-kit" has nothing to do/);
  const { separation } = await job<{ separation: readonly { name: string; instruments: readonly string[] }[] }>(
    "list_models",
    {},
  );
  assert.deepEqual(
    separation
      .filter(({ instruments }) => instruments.length > 0)
      .map(({ name, instruments }) => [name, ...instruments]),
    [
      ["a-kit", "drums"],
      ["a-band", "drums", "bass", "other"],
    ],
  );
  await assert.rejects(
    job("generate_cover", { audio, voice_model: "alto-warm", stems: ["drums"] }),
    isCode("invalid_input", /stems/),
  );
  await assertNothingLeft();
});
