import { join } from "node:path";
import { AppError } from "../../../errors.ts";
import type { Resolution } from "../lipsync-engine.ts";
import { RESOLUTIONS } from "../lipsync-engine.ts";
import { readAvatarSheet } from "./avatar-sheet.ts";
import { loadLayers } from "./layers.ts";
import { type MotionSheet, readMotionSheet } from "./motion-sheet.ts";
import { Renderer } from "./renderer.ts";

/** A person ready to be drawn at one size. */
export type Dressed = { readonly renderer: Renderer; readonly motion: MotionSheet };

/** Prepared people kept, most recently used last. At 720p one takes some 70 MB. */
const KEEP = 2;

/** A folder that is there and cannot be used is the deployment's fault; its own message says more where it has one. */
function unusable(person: string, error: unknown): never {
  if (error instanceof AppError) throw error;
  throw new AppError("engine_failed", `The avatar ${person} could not be loaded: a file is missing or broken.`, {
    cause: error,
  });
}

/** Loads people at the sizes asked for, once however many ask, and keeps the last few. */
export class Wardrobe {
  readonly #avatarsDir: string;
  readonly #kept = new Map<string, Promise<Dressed>>();

  constructor(avatarsDir: string) {
    this.#avatarsDir = avatarsDir;
  }

  get(person: string, resolution: Resolution): Promise<Dressed> {
    const key = `${person} ${resolution}`;
    const loading = this.#kept.get(key) ?? this.#load(person, resolution).catch((error) => unusable(person, error));
    this.#kept.delete(key);
    this.#kept.set(key, loading);
    loading.catch(() => this.#kept.delete(key));
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > KEEP && !oldest.done) this.#kept.delete(oldest.value);
    return loading;
  }

  async #load(person: string, resolution: Resolution): Promise<Dressed> {
    const directory = join(this.#avatarsDir, person);
    const [sheet, motion] = await Promise.all([readAvatarSheet(directory), readMotionSheet(directory)]);
    const [width, height] = RESOLUTIONS[resolution];
    return { renderer: new Renderer(await loadLayers(directory, sheet, width, height)), motion };
  }
}
