import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type JobResult, run } from "../../handler/index.ts";
import type { Services } from "../../handler/services.ts";
import { parseWav } from "../../src/media/parse-wav.ts";
import { writeNetwork } from "../stems/networks.ts";
import { makeSong, RATE } from "../stems/songs.ts";
import { db, passThrough, testServices, wav } from "./stems.ts";

type Whole = JobResult & {
  readonly output_url: string;
  readonly filename: string;
  readonly duration: number;
  readonly model_used: string;
  readonly separation: { readonly engines: string[]; readonly models: string[]; readonly reused: boolean };
  readonly conversion_reused: boolean;
  readonly backing: string;
  readonly stems: readonly { readonly stem: string; readonly audio_url: string; readonly duration: number }[];
  readonly parameters: Record<string, unknown>;
};

const { services } = await testServices();
const { mix } = await makeSong(3, { panned: true });
/** A song whose peaks no format clips. */
const song = mix.map((side) => side.map((value) => 0.3 * value));
const audio = wav(RATE, song, { samples: "s16" });
const PARAMS = { audio, voice_model: "alto-warm", output_format: "wav", bit_depth: 24, stems_format: "wav" };

async function cover(params: object = {}, of: Services = services, signal?: AbortSignal): Promise<Whole> {
  const job = { operation: "generate_cover", params: { ...PARAMS, ...params }, output: { delivery: "url" } };
  return (await run(job, { services: of, ...(signal ? { signal } : {}) })) as Whole;
}

const soundOf = async (url: string | undefined) => parseWav(await readFile(fileURLToPath(url ?? "")));

const stagesOf = ({ receipt }: JobResult): string[] => receipt.stages.map(({ stage }) => stage);

test("a whole song is separated, sung by another voice and mixed; its parts are files on request", async () => {
  const stems = ["sung", "instrumental", "vocals"];
  const made = await cover({ stems });
  assert.deepEqual(made.separation, { engines: ["center"], models: ["center"], reused: false });
  assert.deepEqual([made.conversion_reused, made.backing, made.model_used], [false, "with_lead", "alto-warm"]);
  assert.deepEqual([made.filename, made.duration], ["cover_alto-warm.wav", 3]);
  assert.deepEqual(
    made.stems.map(({ stem, duration }) => [stem, duration]),
    stems.map((stem) => [stem, 3]),
  );
  assert.equal(made.artifacts.length, 4);
  assert.ok(stagesOf(made).includes("separate") && stagesOf(made).includes("convert"));
  assert.match((made.warnings ?? []).join(" "), /classical signal processing.*UVR-MDX-NET-Voc_FT/);
  const uses = made.receipt.engines.map(({ kind, engine }) => `${kind} ${engine}`);
  assert.deepEqual(uses, ["stems center", "voice world", "pitch world"]);
  assert.equal(made.parameters["voice_model"], undefined);

  // The mix is the sum of its parts at the documented levels.
  const [sung, instrumental] = await Promise.all(made.stems.slice(0, 2).map(({ audio_url }) => soundOf(audio_url)));
  const whole = await soundOf(made.output_url);
  for (const side of [0, 1]) {
    const off = whole.channels[side]!.map(
      (value, n) =>
        value - 10 ** (-4 / 20) * sung!.channels[side]![n]! - 10 ** (-7 / 20) * instrumental!.channels[side]![n]!,
    );
    assert.ok(off.every((value) => Math.abs(value) < 1e-5));
  }
});

test("another mix costs neither separation nor conversion, another voice no separation", async () => {
  const before = await cover({ stems: ["sung"] });
  const louder = await cover({ main_gain: -20, inst_gain: 2, reverb_wet: 0.9, stems: ["sung"] });
  assert.deepEqual([louder.separation.reused, louder.conversion_reused], [true, true]);
  assert.ok(!stagesOf(louder).includes("separate"), stagesOf(louder).join());
  assert.match((louder.warnings ?? []).join(" "), /classical signal processing/, "said again");
  assert.match((louder.warnings ?? []).join(" "), /harvest/, "said again");
  const [one, other] = await Promise.all([before, louder].map(({ output_url }) => soundOf(output_url)));
  assert.notDeepEqual(one!.channels, other!.channels);

  // The same sound in another file.
  const file = wav(
    RATE,
    song.map((side) => side.map((value) => Math.round(value * 32_767) / 32_768)),
  );
  const voice = await cover({ voice_model: "bass-deep", audio: file });
  assert.deepEqual([voice.separation.reused, voice.conversion_reused], [true, false]);
  const again = await cover({ voice_model: "bass-deep", pitch_adjust: 2 });
  assert.deepEqual([again.separation.reused, again.conversion_reused], [true, false]);
  const key = await cover({ pitch_adjust: 2, voice_model: "bass-deep", pitch_change_all: 0, output_format: "mp3" });
  assert.deepEqual([key.conversion_reused, key.filename], [true, "cover_bass-deep.mp3"]);
});

test("with networks the lead alone is converted, and the backing is kept, converted or left out", async () => {
  const folder = await mkdtemp(join(tmpdir(), "talkbox-songs-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const networks = [
    ["voices", "identity", "Vocals"],
    ["kara", "left", "Instrumental Karaoke"],
  ] as const;
  await mkdir(folder, { recursive: true });
  for (const [file, kind, primary_stem] of networks) {
    await writeNetwork(join(folder, file), kind, 1024, 16);
    const settings = { mdx_n_fft_scale_set: 2048, compensate: 1, primary_stem };
    await writeFile(join(folder, `${file}.json`), JSON.stringify(settings));
  }
  const { services: own } = await testServices(undefined, { TALKBOX_MODEL_FOLDERS: folder, TALKBOX_PROVIDERS: "cpu" });
  // What this karaoke network takes for backing is the left side, and for the lead the right one.
  const stems = ["lead", "backing"];
  const kept = await cover({ stems, denoise: false }, own);
  const { stems: tracks } = await cover({ stems: ["tracks"], denoise: false }, own);
  assert.deepEqual(
    tracks.map(({ stem }) => stem),
    ["sung", "backing", "instrumental"],
  );
  assert.deepEqual(kept.separation, { engines: ["mdx"], models: ["voices", "kara"], reused: false });
  assert.equal(kept.backing, "kept");
  const [lead, backing] = await Promise.all(kept.stems.map(({ audio_url }) => soundOf(audio_url)));
  assert.ok(rms(backing!.channels[1]!) < 1e-3 * rms(backing!.channels[0]!));
  assert.ok(rms(lead!.channels[0]!) < 0.1 * rms(lead!.channels[1]!));
  const none = await cover({ backing: "none", denoise: false }, own);
  assert.deepEqual([none.backing, none.separation.reused, none.conversion_reused], ["none", true, true]);
  const converted = await cover({ backing: "convert", stems, denoise: false }, own);
  assert.deepEqual([converted.backing, converted.separation.reused], ["converted", true]);
  const [, choir] = await Promise.all(converted.stems.map(({ audio_url }) => soundOf(audio_url)));
  assert.deepEqual(choir!.channels[0], choir!.channels[1], "a voice in the middle");
  assert.notDeepEqual(choir!.channels[0], backing!.channels[0]);
  const again = await cover({ backing: "convert", backup_gain: 3, denoise: false }, own);
  assert.equal(again.conversion_reused, true);
});

test("without a network the lead is told from the backing when that is asked for", async () => {
  const made = await cover({ backing: "keep", stems: ["backing", "lead", "instrumental"] });
  assert.deepEqual([made.backing, made.separation.models], ["kept", ["center", "center-lead"]]);
  const [backing, lead] = await Promise.all(made.stems.map(({ audio_url }) => soundOf(audio_url)));
  const level = db(rms(lead!.channels[0]!) / rms(backing!.channels[0]!));
  assert.ok(level > 3, `one voice is most of the lead: ${level.toFixed(1)} dB`);
});

test("in another key all parts are in it", async () => {
  const { services: same } = await testServices([passThrough(), ...(await centre())]);
  const params = { voice_model: "same", stems: ["instrumental", "vocals"] };
  const plain = await cover(params, same);
  const higher = await cover({ ...params, pitch_change_all: 2 }, same);
  const [before, vocals] = await Promise.all(plain.stems.map(({ audio_url }) => soundOf(audio_url)));
  const [after, vocalsAfter] = await Promise.all(higher.stems.map(({ audio_url }) => soundOf(audio_url)));
  assert.notDeepEqual(before!.channels[0], after!.channels[0]);
  assert.deepEqual(vocals!.channels[0], vocalsAfter!.channels[0], "the song's own voices are as they were");
});

test("what is wrong is said before any work", async () => {
  await assert.rejects(cover({ voice_model: "alto-worm" }), { code: "not_found" });
  await assert.rejects(cover({ engine: "spleet" }), { code: "invalid_input", message: /center/ });
  await assert.rejects(cover({ engine: "mdx" }), { code: "engine_unavailable", message: /Voc_FT/ });
  await assert.rejects(cover({ audio: btoa("no sound") }), { code: "invalid_audio", message: /`audio`/ });
  await assert.rejects(cover({ stems: ["drums"] }), { code: "invalid_input", message: /stems/ });
  await assert.rejects(cover({ main_gain: 21 }), { code: "invalid_input", message: /main_gain/ });
});

test("a damaged stem that was kept is made anew", async () => {
  const root = join(services.config.cacheDir, "songs");
  const folders = (await readdir(root)).filter((name) => !name.includes("."));
  for (const name of folders) await rm(join(root, name, "vocals.wav"), { force: true });
  const made = await cover();
  assert.deepEqual([made.separation.reused, made.duration], [false, 3]);
});

function rms(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

async function centre() {
  const { createCenterEngine } = await import("../../src/engines/stems/center/center-engine.ts");
  return [{ id: "center", kind: "stems", load: async () => createCenterEngine() } as const];
}
