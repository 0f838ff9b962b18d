/** The named voices: how espeak-ng is to speak, and what is done to the sound afterwards. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../../errors.ts";
import type { VoiceInfo } from "../speech-engine.ts";

/** A raised or lowered band. */
export type Band = { readonly hz: number; readonly db: number; readonly q: number };

/** What is done to the sound of a voice. */
export type Timbre = {
  /** Factor on all formants, by resampling: above 1 a smaller throat. 0.8…1.3. */
  readonly formant: number;
  /** dB that what is above 2 kHz is raised against what is below 500 Hz; negative is darker. −12…12. */
  readonly tilt_db: number;
  /** Bands to raise or lower, at most 8. */
  readonly bands: readonly Band[];
  /** Hz above which the sound fades out. */
  readonly high_cut_hz: number;
  /** Level of breath noise against the voice, in dB; −80 is none. */
  readonly breath_db: number;
  /** How far the pulses of the voice are smeared, which takes off the buzz. 0…1. */
  readonly softness: number;
};

/** A voice of `models/voices/`. */
export type Voice = Omit<VoiceInfo, "measured"> & {
  /** Variant of espeak-ng with its plus sign (`+f2`), or an empty string. It goes with every language. */
  readonly variant: string;
  /** Where the variant is not one of espeak-ng's: the lines of its file (formants, breath, pitch). */
  readonly variant_lines?: readonly string[];
  /** Base pitch in espeak-ng's steps: 50 is the variant's own, 50 more an octave up. 0…99. */
  readonly pitch: number;
  /** Intonation in espeak-ng's steps: 50 is the variant's own. 0…99. */
  readonly range: number;
  /** Factor on the speaking rate. 0.7…1.4. */
  readonly rate: number;
  /** How the voice came out, where that was measured: median pitch in Hz, length of the vocal tract against an average. */
  readonly measured?: { readonly f0: number; readonly vocal_tract: number };
  readonly timbre: Timbre;
};

/** The engine's default, and what its alias `Custom` stands for. */
export const DEFAULT_VOICE = "belinda";
const DEFAULT_ALIAS = "custom";

/** Bounds of the numbers in a file, by their path. */
const BOUNDS: Readonly<Record<string, readonly [number, number]>> = {
  pitch: [0, 99],
  range: [0, 99],
  rate: [0.7, 1.4],
  "timbre.formant": [0.8, 1.3],
  "timbre.tilt_db": [-12, 12],
  "timbre.high_cut_hz": [2_000, 20_000],
  "timbre.breath_db": [-80, 0],
  "timbre.softness": [0, 1],
};
const MAX_BANDS = 8;

/** The voices in a folder, read once, when first asked for. */
export class VoiceShelf {
  readonly #folder: string;
  #voices: Promise<readonly Voice[]> | undefined;

  /** @param folder holds one JSON file per voice. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * All voices, the default first, then by name.
   * @throws AppError `engine_failed` if a file is not a voice.
   */
  all(): Promise<readonly Voice[]> {
    this.#voices ??= readVoices(this.#folder).catch((error: unknown) => {
      this.#voices = undefined;
      throw error;
    });
    return this.#voices;
  }

  /**
   * A voice by its name, in any case; `Custom` is the default.
   * @throws AppError `invalid_input` if there is none of that name.
   */
  async find(name: string): Promise<Voice> {
    const voices = await this.all();
    const wanted = name.trim().toLowerCase();
    const voice = voices.find((each) => each.name === (wanted === DEFAULT_ALIAS ? DEFAULT_VOICE : wanted));
    if (voice) return voice;
    const known = voices.map((each) => each.name).join(", ");
    throw new AppError("invalid_input", `There is no voice "${name.slice(0, 40)}". The voices are: ${known}.`);
  }
}

async function readVoices(folder: string): Promise<readonly Voice[]> {
  const entries = await readdir(folder).catch((error: unknown) => {
    throw new AppError("engine_failed", "The folder of voices cannot be read. Is TALKBOX_MODELS the models folder?", {
      cause: error,
    });
  });
  const files = entries.filter((file) => file.endsWith(".json"));
  const voices = await Promise.all(
    files.map(async (file) => parseVoice(file, await readFile(join(folder, file), "utf8"))),
  );
  return voices.sort((a, b) => order(a) - order(b) || (a.name < b.name ? -1 : 1));
}

function order(voice: Voice): number {
  return voice.name === DEFAULT_VOICE ? 0 : 1;
}

/**
 * A voice from the text of its file.
 * @throws AppError `engine_failed` that names the file and what is wrong in it.
 */
export function parseVoice(file: string, json: string): Voice {
  const wrong = (what: string): AppError =>
    new AppError("engine_failed", `The voice file ${file} is not usable: ${what}.`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new AppError("engine_failed", `The voice file ${file} is not JSON.`, { cause: error });
  }
  const at = (path: string): unknown =>
    path.split(".").reduce<unknown>((node, key) => (node as Record<string, unknown> | null)?.[key], value);
  if (at("engine") !== "espeak") throw wrong(`its "engine" is not "espeak"`);
  for (const path of ["name", "description", "variant"]) {
    if (typeof at(path) !== "string") throw wrong(`"${path}" is not a text`);
  }
  if (!/^[a-z][a-z0-9_-]{0,39}$/u.test(at("name") as string)) throw wrong(`"name" is not a short lower-case word`);
  if (!/^(?:\+[A-Za-z0-9_]{1,20})?$/u.test(at("variant") as string)) throw wrong(`"variant" is not like "+f2"`);
  if (!["female", "male", "neutral"].includes(at("gender") as string)) throw wrong(`"gender" is not known`);
  for (const [path, [least, most]] of Object.entries(BOUNDS)) {
    const number = at(path);
    if (typeof number !== "number" || !(number >= least && number <= most)) {
      throw wrong(`"${path}" is not a number from ${least} to ${most}`);
    }
  }
  if (at("measured") !== undefined && !["f0", "vocal_tract"].every((key) => (at(`measured.${key}`) as number) > 0)) {
    throw wrong(`"measured" is not { f0, vocal_tract }, both above 0`);
  }
  const lines = at("variant_lines") ?? [];
  const isLine = (line: unknown): boolean => typeof line === "string" && /^[A-Za-z]+(?: -?\w+)*$/u.test(line);
  if (!Array.isArray(lines) || !lines.every(isLine)) throw wrong(`"variant_lines" is not a list of words and numbers`);
  const bands = at("timbre.bands");
  const isBand = (band: unknown): boolean =>
    ["hz", "db", "q"].every((key) => Number.isFinite((band as Record<string, unknown> | null)?.[key]));
  if (!Array.isArray(bands) || bands.length > MAX_BANDS || !bands.every(isBand)) {
    throw wrong(`"timbre.bands" is not a list of up to ${MAX_BANDS} bands { hz, db, q }`);
  }
  return value as Voice;
}
