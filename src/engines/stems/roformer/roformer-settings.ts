import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { AppError } from "../../../errors.ts";
import type { RoformerVariant } from "../../../graphs/roformer-config.ts";
import { ROFORMER_LEAST } from "../../../graphs/roformer-layers.ts";
import { ROFORMER_SETTINGS } from "../../../limits/songs.ts";
import type { Instrument } from "../stem-separator.ts";
import { framesOf, type SpectraGeometry } from "../spectra/protocol.ts";
import { parseSettingsYaml } from "./settings-yaml.ts";
import { chooseStem, instrumentsOf, type StemChoice } from "./stem-choice.ts";

/** How one network's file is to be used. */
export type RoformerSettings = StemChoice & {
  /** Stems that are instruments, by their places among those that the network makes. */
  readonly instruments: Readonly<Partial<Record<Instrument, number>>>;
  readonly geometry: SpectraGeometry;
  /** Samples from one window to the next. */
  readonly step: number;
  /** Whether each pair of transformers gets what all before it made. */
  readonly skips: boolean;
  /** The file that says it; undefined where it is guessed. */
  readonly file: string | undefined;
};

/** Hz; nobody trains such networks for another rate. */
export const ROFORMER_RATE = 44_100;

/** What nearly all published files were trained with, for those that come without settings. */
const USUAL = { hop: 441, samples: 352_800, overlap: 2 } as const;

/** Where a file of settings says nothing, the reference takes this. */
const UNSAID = { hop: 512, overlap: 2 } as const;

const count = z.int().positive().optional();
const flag = z.boolean().nullish();

/** A file of settings as Music-Source-Separation-Training writes it, as far as it is needed; all else is passed over. */
const settingsFile = z.object({
  audio: z.object({ chunk_size: count, sample_rate: count }).nullish(),
  model: z.object({
    dim: z.int().positive(),
    depth: count,
    stereo: flag,
    num_stems: count,
    num_bands: count,
    freqs_per_bands: z.array(z.int().positive()).optional(),
    sample_rate: count,
    stft_n_fft: count,
    stft_hop_length: count,
    stft_win_length: count,
    zero_dc: flag,
    skip_connection: flag,
  }),
  training: z.object({ instruments: z.array(z.string()).nullish(), target_instrument: z.string().nullish() }).nullish(),
  inference: z.object({ chunk_size: count, dim_t: count, num_overlap: z.int().min(1).max(50).optional() }).nullish(),
});

type SettingsFile = z.infer<typeof settingsFile>;

/**
 * How to use a network's file: as the YAML file beside it says, else as the published ones are used.
 * @param path of the checkpoint
 * @throws AppError `model_unusable`
 */
export async function roformerSettings(path: string, variant: RoformerVariant): Promise<RoformerSettings> {
  const found = await besideOf(path, variant);
  const settings = found ? said(path, found.name, found.settings, variant) : guessed(path, variant);
  const { samples, size, heard, hop } = settings.geometry;
  const within = settings.file ?? basename(path);
  const refuse = (problem: string): AppError => unusable(within, problem, "Correct it.");
  if (heard > size) throw refuse(`windows of ${heard} samples are longer than its transform of ${size}`);
  if (2 * hop > heard) throw refuse(`windows of ${heard} samples leave gaps at a hop of ${hop}`);
  if (samples < size || framesOf(settings.geometry) < ROFORMER_LEAST) {
    throw refuse(`chunks of ${samples} samples are too short for a transform of ${size}`);
  }
  if (samples > ROFORMER_SETTINGS.samples) {
    throw refuse(`chunks of ${samples} samples are longer than ${ROFORMER_SETTINGS.samples}`);
  }
  return settings;
}

/** The file of settings of its name, or the only other one in its folder that fits it. */
async function besideOf(
  path: string,
  variant: RoformerVariant,
): Promise<{ name: string; settings: SettingsFile } | undefined> {
  const dir = dirname(path);
  const bare = (name: string): string => name.replace(/\.[A-Za-z0-9]{1,12}$/, "").toLowerCase();
  const own = bare(basename(path));
  const all = await readdir(dir).catch(() => []);
  const files = all.filter((name) => /\.ya?ml$/i.test(name)).toSorted();
  const named = files.find((name) => [own, `config_${own}`, `${own}_config`].includes(bare(name)));
  if (named !== undefined) {
    const settings = await read(join(dir, named));
    const problem = misfit(settings, variant);
    if (problem === undefined) return { name: named, settings };
    throw unusable(named, problem, `Put the settings of ${basename(path)} in its place, or take it away.`);
  }
  const others = new Set(all.filter((name) => !files.includes(name)).map(bare));
  const fitting: { name: string; settings: SettingsFile }[] = [];
  for (const name of files) {
    if (others.has(bare(name))) continue;
    const settings = await read(join(dir, name)).catch(() => undefined);
    if (settings && misfit(settings, variant) === undefined) fitting.push({ name, settings });
  }
  const [first] = fitting;
  if (!first || fitting.length === 1) return first;
  const meant = new Set(fitting.map(({ settings }) => JSON.stringify({ ...said(path, "", settings, variant) })));
  if (meant.size === 1) return first;
  throw unusable(
    basename(path),
    `several files of settings fit it: ${fitting.map(({ name }) => name).join(", ")}`,
    `Call the right one ${basename(path).replace(/\.[A-Za-z0-9]{1,12}$/, "")}.yaml.`,
  );
}

/** @throws AppError `model_unusable` */
async function read(path: string): Promise<SettingsFile> {
  const file = basename(path);
  try {
    if ((await stat(path)).size > ROFORMER_SETTINGS.bytes) throw new Error("it is too large");
    return settingsFile.parse(parseSettingsYaml(await readFile(path, "utf8")));
  } catch (cause) {
    const what =
      cause instanceof z.ZodError ? z.prettifyError(cause).split("\n").join(" ") : String((cause as Error).message);
    throw unusable(
      file,
      `it is no file of settings of a RoFormer: ${what}`,
      "Take the one that was published with the checkpoint.",
      cause,
    );
  }
}

/** What of the settings is another network's. */
function misfit({ model }: SettingsFile, variant: RoformerVariant): string | undefined {
  const bands = model.num_bands ?? model.freqs_per_bands?.length;
  const compared: readonly (readonly [what: string, said: number | undefined, is: number])[] = [
    ["a `dim`", model.dim, variant.width],
    ["a `depth`", model.depth, variant.depth],
    ["a number of bands", bands, variant.bands],
    ["`num_stems`", model.num_stems ?? 1, variant.stems],
    ["`stft_n_fft`", model.stft_n_fft, variant.size],
    ["a number of channels", model.stereo == null ? undefined : model.stereo ? 2 : 1, variant.channels],
  ];
  const wrong = compared.find(([, said, is]) => said !== undefined && said !== is);
  return wrong && `it says ${wrong[0]} of ${wrong[1]}, and the network has ${wrong[2]}`;
}

function said(path: string, name: string, settings: SettingsFile, variant: RoformerVariant): RoformerSettings {
  const { audio, model, training, inference } = settings;
  const rate = audio?.sample_rate ?? model.sample_rate ?? ROFORMER_RATE;
  if (rate !== ROFORMER_RATE) {
    throw unusable(name, `its network is for ${rate} Hz`, `Use one for ${ROFORMER_RATE} Hz.`);
  }
  const hop = model.stft_hop_length ?? UNSAID.hop;
  const dim = inference?.dim_t;
  const samples = inference?.chunk_size ?? audio?.chunk_size ?? (dim === undefined ? USUAL.samples : hop * (dim - 1));
  const all = training?.instruments ?? [];
  const target = training?.target_instrument ?? undefined;
  const made = target === undefined || target === "" ? all : [target];
  if (made.length > 0 && made.length !== variant.stems) {
    const names = made.map((each) => `"${each}"`).join(", ");
    const stems = variant.stems === 1 ? "one stem" : `${variant.stems} stems`;
    throw unusable(
      name,
      `its stems are ${names}, and the network makes ${stems}`,
      "Correct `instruments` and `target_instrument`.",
    );
  }
  const geometry = geometryOf(variant, samples, hop, model.stft_win_length ?? variant.size, model.zero_dc ?? true);
  return {
    ...chooseStem({ file: basename(path), made, all }),
    instruments: instrumentsOf(made),
    geometry,
    step: Math.max(1, Math.floor(samples / (inference?.num_overlap ?? UNSAID.overlap))),
    skips: model.skip_connection ?? false,
    file: name,
  };
}

function guessed(path: string, variant: RoformerVariant): RoformerSettings {
  const choice = chooseStem({ file: basename(path), made: [], all: [] });
  // Of several stems nobody knows which is which.
  const known: StemChoice = variant.stems === 1 ? choice : { stem: 0, role: "other", turned: false };
  const geometry = geometryOf(variant, USUAL.samples, USUAL.hop, variant.size, true);
  return { ...known, instruments: {}, geometry, step: USUAL.samples / USUAL.overlap, skips: false, file: undefined };
}

function geometryOf(
  { size }: RoformerVariant,
  samples: number,
  hop: number,
  heard: number,
  zeroDc: boolean,
): SpectraGeometry {
  const muted = { before: 0, after: zeroDc ? 1 : 0 };
  return { samples, size, heard, hop, bins: size / 2 + 1, muted };
}

function unusable(file: string, problem: string, remedy: string, cause?: unknown): AppError {
  return new AppError("model_unusable", `${file}: ${problem}. ${remedy}`, { cause });
}
