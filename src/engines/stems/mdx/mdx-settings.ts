import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { md5OfEnd } from "../../../library/models/pull/end-hash.ts";
import { type Instrument, INSTRUMENTS, type StemRole } from "../stem-separator.ts";
import { type MdxGeometry, problemOf } from "./geometry.ts";

/** How one network's file is to be used. */
export type MdxSettings = {
  readonly geometry: MdxGeometry;
  /** What its answer is multiplied by to have the level that the stem has in the sound. */
  readonly compensate: number;
  readonly role: StemRole;
  /** Which instrument it takes out, where its role is `other`. */
  readonly instrument?: Instrument | undefined;
  /** Where that was found: beside the file, in the table of published ones, or guessed from the graph's shape. */
  readonly from: "file" | "published" | "shape";
};

/** What the graph's input says. */
type InputShape = Pick<MdxGeometry, "bins" | "frames">;

/** Bytes at the end of a file that its published hash is of. */
const HASHED_BYTES = 10_000 * 1024;

/** What UVR takes for files that it does not know. */
const USUAL_COMPENSATE = 1.035;

type Published = { readonly size: number; readonly compensate: number; readonly role: StemRole };

/** The networks that people use, by MD5 of the end of their files, as UVR's and AICoverGen's tables have them. */
export const PUBLISHED: ReadonlyMap<string, Published> = new Map([
  // UVR-MDX-NET-Voc_FT, UVR_MDXNET_KARA_2, Reverb_HQ_By_FoxJoy, UVR-MDX-NET-Inst_HQ_3
  ["77d07b2667ddf05b9e3175941b4454a0", { size: 7680, compensate: 1.021, role: "vocals" }],
  ["1d64a6d2c30f709b8c9b4ce1366d96ee", { size: 5120, compensate: 1.035, role: "karaoke" }],
  ["cd5b2989ad863f116c855db1dfe24e39", { size: 6144, compensate: 1.035, role: "reverb" }],
  ["55657dd70583b0fedfba5f67df11d711", { size: 6144, compensate: 1.022, role: "instrumental" }],
]);

/** A file of settings beside a network's, in UVR's form; `mdx_dim_t_set` is the power of 2 of the frames. */
const settingsFile = z.object({
  compensate: z.number().min(0.1).max(10).default(USUAL_COMPENSATE),
  mdx_dim_f_set: z.int().optional(),
  mdx_dim_t_set: z.int().min(1).max(16).optional(),
  mdx_n_fft_scale_set: z.int().min(2).max(65_536),
  primary_stem: z.string().max(40).default(""),
  is_karaoke: z.boolean().default(false),
});

/**
 * How to use a network's file: as the JSON file of its name beside it says, else as it was published, else as its shape
 * and its name suggest.
 * @param path of the `.onnx` file
 * @throws AppError `model_unusable`
 */
export async function settingsOf(path: string, shape: InputShape): Promise<MdxSettings> {
  const settings = (await besideOf(path, shape)) ?? published(await hashOf(path), shape) ?? guess(path, shape);
  const problem = problemOf(settings.geometry);
  if (problem === undefined) return settings;
  const remedy = "Put its settings beside it, in a JSON file of its name with `mdx_n_fft_scale_set`.";
  throw new AppError("model_unusable", `${basename(path)}: ${problem}. ${remedy}`);
}

/** MD5 of the end of a file, by which such networks are known. @throws AppError `model_unusable` */
export async function hashOf(path: string): Promise<string> {
  try {
    return await md5OfEnd(path, HASHED_BYTES);
  } catch (cause) {
    const remedy = "Check that it is still there.";
    throw new AppError("model_unusable", `${basename(path)}: it cannot be read. ${remedy}`, { cause });
  }
}

async function besideOf(path: string, shape: InputShape): Promise<MdxSettings | undefined> {
  const beside = path.replace(/\.onnx$/i, ".json");
  const text = await readFile(beside, "utf8").catch(() => undefined);
  if (text === undefined || beside === path) return undefined;
  const file = basename(beside);
  let read: z.infer<typeof settingsFile>;
  try {
    read = settingsFile.parse(JSON.parse(text));
  } catch (cause) {
    const fields = "`mdx_n_fft_scale_set`, `compensate` and `primary_stem`";
    throw new AppError("model_unusable", `${file}: it is no file of settings. Expected is JSON with ${fields}.`, {
      cause,
    });
  }
  const { mdx_dim_f_set: bins = shape.bins, mdx_dim_t_set: power } = read;
  if (bins !== shape.bins || (power !== undefined && 2 ** power !== shape.frames)) {
    const said = `${bins} bins and ${power === undefined ? shape.frames : 2 ** power} frames`;
    throw new AppError(
      "model_unusable",
      `${file}: it says ${said}, and the network has ${shape.bins} and ${shape.frames}. Correct it, or leave \`mdx_dim_f_set\` and \`mdx_dim_t_set\` out.`,
    );
  }
  const { compensate, primary_stem: stem, mdx_n_fft_scale_set: size } = read;
  const does = read.is_karaoke ? { role: "karaoke" as const } : (purposeOf(stem) ?? purposeOf(basename(path)));
  return { geometry: { ...shape, size }, compensate, role: "other", ...does, from: "file" };
}

function published(hash: string, shape: InputShape): MdxSettings | undefined {
  const known = PUBLISHED.get(hash);
  if (!known) return undefined;
  const { size, compensate, role } = known;
  return { geometry: { ...shape, size }, compensate, role, from: "published" };
}

function guess(path: string, shape: InputShape): MdxSettings {
  const geometry = { ...shape, size: 2 * shape.bins };
  return { geometry, compensate: USUAL_COMPENSATE, role: "other", ...purposeOf(basename(path)), from: "shape" };
}

/** What a network of such a name, or a stem of such a name, is for. */
function purposeOf(name: string): Pick<MdxSettings, "role" | "instrument"> | undefined {
  if (/kara/i.test(name)) return { role: "karaoke" };
  if (/reverb/i.test(name)) return { role: "reverb" };
  if (/inst/i.test(name)) return { role: "instrumental" };
  if (/voc/i.test(name)) return { role: "vocals" };
  const words = name.toLowerCase().split(/[^a-z]+/);
  const instrument = INSTRUMENTS.find((each) => words.includes(each));
  return instrument && { role: "other", instrument };
}
