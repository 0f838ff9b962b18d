import { basename } from "node:path";
import { openFaissIndex } from "../checkpoints/faiss-index.ts";
import type { Config } from "../config.ts";
import { AppError, toAppError } from "../errors.ts";
import type { ModelEntry } from "./models/model-entry.ts";
import type { ModelLibrary } from "./models/model-library.ts";
import { unpackedVoice } from "./voice-archive.ts";
import { findVoiceFiles, type VoiceFiles, type VoicePlaces } from "./voice-models.ts";

/** Where RVC voices lie, and where those that came packed are unpacked. */
export type RvcPlaces = VoicePlaces & Pick<Config, "cacheDir">;

/** An RVC voice and what its files say of it. */
export type RvcVoiceEntry = {
  readonly name: string;
  /** Its checkpoint, ready to be used. */
  readonly checkpoint: ModelEntry;
  readonly version: "v1" | "v2";
  /** Hz of what it sings. */
  readonly sampleRate: number;
  /** Whether it sings the pitch that it is given. */
  readonly f0: boolean;
  /** The index beside it, if there is one. */
  readonly index: RvcIndexFile | undefined;
};

export type RvcIndexFile = {
  readonly path: string;
  /** Vectors in it; 0 where it is empty or cannot be read. */
  readonly count: number;
};

/** A voice that cannot be used, and why. */
export type UnusableVoice = { readonly name: string; readonly problem: string };

/** Numbers of a frame of features. */
const WIDTHS = { v1: 256, v2: 768 } as const;

type Files = Pick<ModelLibrary, "at">;

/** Every RVC voice, with what its files say; those in archives are unpacked for it. */
export async function rvcVoices(
  library: Files,
  places: RvcPlaces,
  signal?: AbortSignal,
): Promise<readonly (RvcVoiceEntry | UnusableVoice)[]> {
  const voices: (RvcVoiceEntry | UnusableVoice)[] = [];
  for (const files of await findVoiceFiles(places)) {
    try {
      voices.push(await voiceOf(files, library, places, signal));
    } catch (error) {
      const known = toAppError(error);
      if (known.code === "cancelled") throw known;
      voices.push({ name: files.name, problem: known.message });
    }
  }
  return voices;
}

/**
 * An RVC voice by its name, in any case.
 * @returns undefined where there is none
 * @throws AppError `model_unusable` saying what is wrong with its files; `storage_failed`, `cancelled`
 */
export async function findRvcVoice(
  name: string,
  library: Files,
  places: RvcPlaces,
  signal?: AbortSignal,
): Promise<RvcVoiceEntry | undefined> {
  const wanted = name.trim().toLowerCase();
  const all = await findVoiceFiles(places);
  const files = all.find((voice) => voice.name === name) ?? all.find((voice) => voice.name.toLowerCase() === wanted);
  return files && voiceOf(files, library, places, signal);
}

async function voiceOf(
  files: VoiceFiles,
  library: Files,
  places: RvcPlaces,
  signal?: AbortSignal,
): Promise<RvcVoiceEntry> {
  const { name, archive } = files;
  const { checkpoints, indexes } =
    archive === undefined ? files : await unpackedVoice(archive, places.cacheDir, signal);
  const checkpoint = await bestOf(name, checkpoints, library);
  const [version, rate, ...rest] = checkpoint.variant.split(" ") as ["v1" | "v2", string, ...string[]];
  return {
    name,
    checkpoint,
    version,
    sampleRate: Math.round(Number.parseFloat(rate) * 1000),
    f0: rest.length === 0,
    index: bestIndex(indexes, WIDTHS[version]),
  };
}

/** Of several checkpoints the one that is called as the voice, else the first; those of training are none. */
async function bestOf(name: string, paths: readonly string[], library: Files): Promise<ModelEntry> {
  const entries: ModelEntry[] = [];
  for (const path of paths) {
    const entry = await library.at(path);
    if (entry) entries.push(entry);
  }
  const ready = entries.filter(({ family, state }) => family === "rvc" && state === "ready");
  const best = ready.find((entry) => entry.name.toLowerCase() === name.toLowerCase()) ?? ready[0];
  if (best) return best;
  const [first] = entries.toSorted((a, b) => Number(b.family === "rvc") - Number(a.family === "rvc"));
  const problem =
    first?.problem ??
    (first ? `${basename(first.path)}: it is no RVC voice.` : `No checkpoint of the voice "${name}" can be read.`);
  throw new AppError("model_unusable", problem);
}

/** Of several indexes the largest that fits the voice, else one that does not: whoever uses it is told why. */
function bestIndex(paths: readonly string[], width: number): RvcIndexFile | undefined {
  const found = paths.map((path) => {
    try {
      using index = openFaissIndex(path);
      return { path, count: index.count, fits: index.dimension === width };
    } catch {
      return { path, count: 0, fits: false };
    }
  });
  const [best] = found.toSorted((a, b) => Number(b.fits) - Number(a.fits) || b.count - a.count);
  return best && { path: best.path, count: best.count };
}
