import { stat } from "node:fs/promises";
import { AppError } from "../../../errors.ts";
import type { Lease, Leases } from "../../../inference/model-cache.ts";
import type { ModelEntry } from "../../../library/models/model-entry.ts";
import type { ModelLibrary } from "../../../library/models/model-library.ts";
import { type CheckpointModels, readyGraph } from "../../checkpoint-models.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import type {
  SeparatedPassage,
  SeparationOptions,
  StemModel,
  StemSeparator,
  StereoPassage,
} from "../stem-separator.ts";
import { SpectraThreads } from "../spectra/spectra-threads.ts";
import { separateWindows, WINDOWS_AHEAD } from "../windows/separate-windows.ts";
import { OverlapAdd, type SoundWindow } from "../windows/sound-window.ts";
import { answersOf } from "./answers.ts";
import { type MdxSettings, settingsOf } from "./mdx-settings.ts";
import { spectraOf, windowSamples } from "./geometry.ts";
import { stepOf, weightOf, windowsOf } from "./windows.ts";

const FAMILY = "mdx-net";

/** Hz; the networks know no other. */
const SAMPLE_RATE = 44_100;

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
  readonly graphs: CheckpointModels["graphs"];
  readonly cache: Leases;
  /** Most spectra in one run of a network; default what suits where it runs. */
  readonly together?: number | undefined;
};

class MdxEngine implements StemSeparator, AsyncDisposable {
  readonly info = INFO;
  readonly sampleRate = SAMPLE_RATE;
  readonly #library: MdxOptions["library"];
  readonly #graphs: MdxOptions["graphs"];
  readonly #cache: Leases;
  readonly #threads = new SpectraThreads(WINDOWS_AHEAD);
  readonly #together: number | undefined;
  /** By path, size and time of change of the network's file. */
  readonly #settings = new Map<string, MdxSettings & { readonly file: string }>();

  constructor({ library, graphs, cache, together }: MdxOptions) {
    this.#library = library;
    this.#graphs = graphs;
    this.#together = together;
    this.#cache = cache;
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
      const { role, instrument, geometry, compensate, file } = settings;
      const version = [file, geometry.size, geometry.bins, geometry.frames, compensate].join("-");
      models.push({ name: entry.name, role, instruments: instrument ? [instrument] : [], version });
    }
    return models;
  }

  async *separate(
    sound: AsyncIterable<StereoPassage>,
    { model, denoise = true, overlap = 0.25, instruments = [], warn }: SeparationOptions,
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
    const unknown = instruments.find((each) => each !== settings.instrument);
    if (unknown) throw new AppError("invalid_input", `"${entry.name}" takes no ${unknown} out of songs.`);
    if (settings.from === "shape") {
      warn?.(
        `"${entry.name}" is no published network: a transform of ${settings.geometry.size} was assumed. Put its settings beside it, in a JSON file of its name with \`mdx_n_fft_scale_set\`.`,
      );
    }
    const key = `${entry.path}|${await entry.sha256({ signal })}|${FAMILY}`;
    await using lease = await this.#cache.lease(
      { key, name: entry.name, model: readyGraph(this.#graphs, entry) },
      signal,
    );
    const { geometry, compensate: scale } = settings;
    const passages = separateWindows(
      {
        windows: windowsOf(sound, geometry, overlap),
        adder: new OverlapAdd(windowSamples(geometry), stepOf(geometry, overlap), weightOf),
        hear: (window, working) => this.#hear(window, settings, denoise, lease, working),
        scale,
      },
      signal,
    );
    for await (const passage of passages) yield { ...passage, instruments: instruments.map(() => passage.stem) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }

  async #hear(
    { sound }: SoundWindow,
    { geometry }: MdxSettings,
    denoise: boolean,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<StereoPassage> {
    const seen = spectraOf(geometry);
    const spectra = await this.#threads.analyse(seen, sound, signal, denoise);
    const answers = await answersOf(lease, spectra, geometry, signal, this.#together);
    return this.#threads.synthesise(seen, answers, signal);
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
