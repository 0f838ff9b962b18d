import { availableParallelism } from "node:os";
import { AppError } from "../../../errors.ts";
import { IDLE_SEPARATION_MS } from "../../../limits/songs.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import { TaskPool } from "../../task-pool.ts";
import { ahead } from "../../ahead.ts";
import type {
  SeparatedPassage,
  SeparationOptions,
  StemModel,
  StemSeparator,
  StereoPassage,
} from "../stem-separator.ts";
import type { Sought } from "./separate-window.ts";
import { SAMPLE_RATE } from "./spectra.ts";
import type { CenterTask } from "./thread.ts";
import { Joiner, type Window, windowsOf } from "./windows.ts";

/** Windows under way at once. */
const AHEAD = 2;

/** Samples of a passage of the answer: a second. */
const PASSAGE = SAMPLE_RATE;

const INFO: EngineInfo = {
  id: "center",
  kind: "stems",
  description:
    "Signal processing alone: the voice is what is in the middle of the stereo picture, does not repeat, and follows a melody. Clearly below networks.",
  embedded: true,
  license: "Apache-2.0",
  languages: ["*"],
};

/** What each of its ways finds, and whether that is the stem or what is left. */
type Way = StemModel & { readonly sought: Sought; readonly finds: "stem" | "rest" };

const WAYS: readonly Way[] = [
  { name: "center", role: "vocals", version: "2", sought: "voice", finds: "stem" },
  { name: "center-lead", role: "karaoke", version: "2", sought: "lead", finds: "rest" },
  { name: "center-dry", role: "reverb", version: "1", sought: "dry", finds: "rest" },
];

class CenterEngine implements StemSeparator, AsyncDisposable {
  readonly info = INFO;
  readonly sampleRate = SAMPLE_RATE;
  readonly #threads: TaskPool;

  constructor() {
    // Beside this file in development, in the bundle's folder in production.
    const here = import.meta.url;
    const entry = new URL(here.endsWith(".ts") ? "thread.ts" : "center-thread.js", here);
    this.#threads = new TaskPool(entry, Math.min(AHEAD, availableParallelism()), IDLE_SEPARATION_MS);
  }

  async availability(): Promise<Availability> {
    return { available: true };
  }

  async models(): Promise<readonly StemModel[]> {
    return WAYS.map(({ name, role, version }) => ({ name, role, version }));
  }

  async *separate(
    sound: AsyncIterable<StereoPassage>,
    { model, warn }: SeparationOptions,
    signal: AbortSignal,
  ): AsyncGenerator<SeparatedPassage, void> {
    const way = WAYS.find(({ name }) => name === model);
    if (!way) {
      const names = WAYS.map(({ name }) => `"${name}"`).join(", ");
      throw new AppError("not_found", `There is no separation "${model}" in this engine. It has ${names}.`);
    }
    warn?.(
      "The stems were made by classical signal processing, which leaves much of each in the other. For a clean separation, put networks of MDX-Net into the models folder, such as UVR-MDX-NET-Voc_FT.onnx: `talkbox models pull mdx-net`.",
    );
    const over = new AbortController();
    const working = AbortSignal.any([signal, over.signal]);
    const joiner = new Joiner();
    const heard = ahead(
      windowsOf(sound),
      AHEAD,
      async (window) => ({ window, found: await this.#find(way.sought, window, working) }),
      () => over.abort(),
    );
    for await (const { window, found } of heard) {
      const { mix, stem } = joiner.add(window, found);
      for (let at = 0; at < mix[0].length; at += PASSAGE) {
        const [taken, left] = inTwo(mix, stem, at);
        yield way.finds === "stem" ? { stem: taken, rest: left } : { stem: left, rest: taken };
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }

  async #find(sought: Sought, { sound }: Window, signal: AbortSignal): Promise<StereoPassage> {
    if (sound.every((side) => side.every((value) => value === 0))) {
      signal.throwIfAborted();
      return [new Float32Array(sound[0].length), new Float32Array(sound[1].length)];
    }
    return this.#threads.run<StereoPassage>({ sought, sound } satisfies CenterTask, signal);
  }
}

/** A passage of what was found, and what is left of the sound without it. */
function inTwo(mix: StereoPassage, found: StereoPassage, at: number): [StereoPassage, StereoPassage] {
  const cut = (side: Float32Array): Float32Array => side.slice(at, at + PASSAGE);
  const taken: StereoPassage = [cut(found[0]), cut(found[1])];
  const left: StereoPassage = [cut(mix[0]), cut(mix[1])];
  for (const [i, side] of left.entries()) {
    const values = taken[i] as Float32Array;
    for (let n = 0; n < side.length; n++) side[n] = (side[n] as number) - (values[n] as number);
  }
  return [taken, left];
}

/**
 * A separation that needs no weights. What it says of a moment hangs on the half minute around it alone, so that any
 * part of a song can be separated by itself: from a multiple of the windows' step on it is the same.
 */
export function createCenterEngine(): StemSeparator & AsyncDisposable {
  return new CenterEngine();
}
