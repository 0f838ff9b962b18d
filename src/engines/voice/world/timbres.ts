import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../../../errors.ts";

/** A voice that is described by numbers: a file of `models/timbres/`. */
export const timbreSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
  description: z.string().min(10).max(200),
  gender: z.enum(["female", "male", "neutral"]),
  /** Hz: the middle of the voice, and where its intonation goes (10th and 90th percentile). */
  f0: z.strictObject({
    median: z.number().min(50).max(600),
    low: z.number().min(40).max(600),
    high: z.number().min(50).max(900),
  }),
  /** Length of the vocal tract against an average adult's; formants go with its inverse. */
  vocal_tract: z.number().min(0.7).max(1.35),
  /** Factors on the first four formants on top. */
  formants: z.array(z.number().min(0.7).max(1.4)).max(4).default([]),
  /** dB per octave around 1 kHz: negative is darker. */
  tilt_db: z.number().min(-6).max(6),
  /** Bells on the spectrum: middle in Hz, height in dB, width in octaves. */
  bands: z
    .array(
      z.strictObject({
        hz: z.number().min(80).max(16_000),
        db: z.number().min(-15).max(15),
        octaves: z.number().min(0.15).max(2),
      }),
    )
    .max(8)
    .default([]),
  /** dB by which the odds of noise in the voiced sound rise; negative is purer, 60 is a whisper. */
  breath: z.number().min(-20).max(60),
});

export type Timbre = z.infer<typeof timbreSchema>;

/** The timbres in a folder, read once, when first asked for; a file that cannot be used is named, and tried again. */
export class TimbreShelf {
  readonly #folder: string;
  #timbres: Promise<ReadonlyMap<string, Timbre>> | undefined;

  /** @param folder holds one JSON file per timbre, named after it; a missing one counts as empty */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * By name, in order of the names.
   * @throws AppError `engine_failed` if a file is no timbre
   */
  all(): Promise<ReadonlyMap<string, Timbre>> {
    this.#timbres ??= readTimbres(this.#folder).catch((error: unknown) => {
      this.#timbres = undefined;
      throw error;
    });
    return this.#timbres;
  }
}

async function readTimbres(folder: string): Promise<ReadonlyMap<string, Timbre>> {
  const entries = await readdir(folder).catch(() => []);
  const files = entries.filter((file) => file.endsWith(".json")).toSorted();
  const timbres = await Promise.all(files.map((file) => readTimbre(folder, file)));
  return new Map(timbres.map((timbre) => [timbre.name, timbre]));
}

async function readTimbre(folder: string, file: string): Promise<Timbre> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(join(folder, file), "utf8"));
  } catch (cause) {
    throw new AppError("engine_failed", `models/timbres/${file} is not readable JSON. Mend it or take it away.`, {
      cause,
    });
  }
  const parsed = timbreSchema.safeParse(content);
  if (!parsed.success) {
    const problems = parsed.error.issues
      .map(({ path, message }) => `${path.join(".") || "file"}: ${message}`)
      .join("; ");
    throw new AppError("engine_failed", `models/timbres/${file} does not describe a timbre. ${problems}.`);
  }
  if (`${parsed.data.name}.json` !== file) {
    throw new AppError(
      "engine_failed",
      `models/timbres/${file} is to be named ${parsed.data.name}.json, as its "name" says.`,
    );
  }
  if (!(parsed.data.f0.low < parsed.data.f0.median && parsed.data.f0.median < parsed.data.f0.high)) {
    throw new AppError("engine_failed", `models/timbres/${file}: f0.low < f0.median < f0.high is not so.`);
  }
  return parsed.data;
}
