import { availableParallelism } from "node:os";
import { stat } from "node:fs/promises";
import { AppError } from "../../../errors.ts";
import type { Lease, Leases } from "../../../inference/model-cache.ts";
import type { ModelEntry } from "../../../library/models/model-entry.ts";
import type { ModelLibrary } from "../../../library/models/model-library.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import { TaskPool } from "../../task-pool.ts";
import { ahead } from "../../voice/world/ahead.ts";
import type {
  SeparatedPassage,
  SeparationOptions,
  StemModel,
  StemSeparator,
  StereoPassage,
} from "../stem-separator.ts";
import { answersOf } from "./answers.ts";
import { type MdxSettings, settingsOf } from "./mdx-settings.ts";
import type { SpectraResult, SpectraTask } from "./protocol.ts";
import { OverlapAdd, type SoundWindow, windowsOf } from "./windows.ts";

const FAMILY = "mdx-net";

/** Hz; the networks know no other. */
const SAMPLE_RATE = 44_100;

/** Windows under way at once: one's spectrum is made while another's is in the network. */
const AHEAD = 2;

const INFO: EngineInfo = {
  id: "mdx",
  kind: "stems",
  description: "MDX-Net: takes voices, instruments, the lead voice or the reverb out of songs.",
  embedded: false,
  lane: "gpu",
  license: "As the network's publisher says",
  languages: ["*"],
};

export type MdxOptions = {
  readonly library: Pick<ModelLibrary, "list" | "find">;
  readonly cache: Leases;
  /** Most spectra in one run of a network; default what suits where it runs. */
  readonly together?: number | undefined;
};

class MdxEngine implements StemSeparator, AsyncDisposable {
  readonly info = INFO;
  readonly sampleRate = SAMPLE_RATE;
  readonly #library: MdxOptions["library"];
  readonly #cache: Leases;
  readonly #threads: TaskPool;
  readonly #together: number | undefined;
  /** By path, size and time of change of the network's file. */
  readonly #settings = new Map<string, MdxSettings & { readonly file: string }>();

  constructor({ library, cache, together }: MdxOptions) {
    this.#library = library;
    this.#together = together;
    this.#cache = cache;
    // Beside this file in development, in the bundle's folder in production.
    const here = import.meta.url;
    const entry = new URL(here.endsWith(".ts") ? "thread.ts" : "spectra-thread.js", here);
    this.#threads = new TaskPool(entry, Math.min(AHEAD, availableParallelism()));
  }

  async availability(): Promise<Availability> {
    const remedy =
      "Run `talkbox models pull mdx-net`, or put UVR-MDX-NET-Voc_FT.onnx, or another MDX-Net file of Ultimate Vocal Remover, into the models folder.";
    try {
      if (await this.#library.find(FAMILY)) return { available: true };
      return { available: false, reason: "There is no network that separates songs.", remedy };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { available: false, reason: error.message, remedy };
    }
  }

  async models(): Promise<readonly StemModel[]> {
    const models: StemModel[] = [];
    for (const entry of await this.#library.list()) {
      if (entry.family !== FAMILY || entry.state !== "ready") continue;
      // One whose settings do not fit is told about when it is asked for by its name.
      const settings = await this.#settingsOf(entry).catch((error: unknown) => {
        if (error instanceof AppError) return undefined;
        throw error;
      });
      if (!settings) continue;
      const { role, geometry, compensate, file } = settings;
      const version = [file, geometry.size, geometry.bins, geometry.frames, compensate].join("-");
      models.push({ name: entry.name, role, version });
    }
    return models;
  }

  async *separate(
    sound: AsyncIterable<StereoPassage>,
    { model, denoise = true, overlap = 0.25, warn }: SeparationOptions,
    signal: AbortSignal,
  ): AsyncGenerator<SeparatedPassage, void> {
    if (!(overlap >= 0.01 && overlap <= 0.9)) {
      throw new AppError("invalid_input", `\`overlap\` is a share from 0.01 to 0.9, not ${overlap}.`);
    }
    const entry = await this.#library.find(FAMILY, model);
    if (!entry) {
      throw new AppError("not_found", `There is no separation network "${model}" in the models folder.`);
    }
    const settings = await this.#settingsOf(entry);
    if (settings.from === "shape") {
      warn?.(
        `"${entry.name}" is no published network: a transform of ${settings.geometry.size} was assumed. Put its settings beside it, in a JSON file of its name with \`mdx_n_fft_scale_set\`.`,
      );
    }
    const key = `${entry.path}|${await entry.sha256({ signal })}|${FAMILY}`;
    await using lease = await this.#cache.lease({ key, name: entry.name, model: entry.path }, signal);
    const over = new AbortController();
    const working = AbortSignal.any([signal, over.signal]);
    const adder = new OverlapAdd(settings.geometry, overlap);
    const made = ahead(
      windowsOf(sound, settings.geometry, overlap),
      AHEAD,
      async (window) => ({ window, sound: await this.#hear(window, settings, denoise, lease, working) }),
      () => over.abort(),
    );
    for await (const { window, sound: heard } of made) {
      const stem = adder.add(window, heard);
      const { mix } = window;
      if (mix[0].length === 0) continue;
      for (const side of stem)
        for (let n = 0; n < side.length; n++) side[n] = settings.compensate * (side[n] as number);
      const rest = mix.map((side, i) => side.map((value, n) => value - (stem[i]?.[n] as number)));
      yield { stem, rest: rest as unknown as StereoPassage };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }

  /** What the network takes out of a window; undefined for nothing. */
  async #hear(
    { sound, silent }: SoundWindow,
    { geometry }: MdxSettings,
    denoise: boolean,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<StereoPassage | undefined> {
    // In nothing there is nothing, whatever a network hears in it.
    if (silent) return undefined;
    const spectra = await this.#inThread({ kind: "analyse", geometry, sound, turned: denoise }, sound, signal);
    const answers = await answersOf(lease, spectra, geometry, signal, this.#together);
    const task = { kind: "synthesise", geometry, spectra: answers } as const;
    const [left, right] = await this.#inThread(task, answers, signal);
    if (!left || !right || !left.every(Number.isFinite) || !right.every(Number.isFinite)) {
      throw new AppError(
        "engine_failed",
        "The network answered what is no number. Its file is damaged: download it again.",
      );
    }
    return [left, right];
  }

  #inThread(
    task: SpectraTask,
    given: readonly Float32Array<ArrayBuffer>[],
    signal: AbortSignal,
  ): Promise<SpectraResult> {
    return this.#threads.run<SpectraResult>(
      task,
      signal,
      given.map(({ buffer }) => buffer),
    );
  }

  async #settingsOf(entry: ModelEntry): Promise<MdxSettings & { readonly file: string }> {
    const [bins = 0, frames = 0] = entry.variant.split("x").map(Number);
    const { size, mtimeMs } = await stat(entry.path).catch(() => ({ size: 0, mtimeMs: 0 }));
    const beside = await stat(entry.path.replace(/\.onnx$/i, ".json")).catch(() => undefined);
    const key = [entry.path, size, mtimeMs, beside?.size, beside?.mtimeMs].join("|");
    let settings = this.#settings.get(key);
    if (!settings) {
      const file = `${size}-${Math.round(mtimeMs)}`;
      this.#settings.set(key, (settings = { ...(await settingsOf(entry.path, { bins, frames })), file }));
    }
    return settings;
  }
}

/** MDX-Net's networks, as Ultimate Vocal Remover publishes them: ready graphs in the models folder. */
export function createMdxEngine(options: MdxOptions): StemSeparator & AsyncDisposable {
  return new MdxEngine(options);
}
