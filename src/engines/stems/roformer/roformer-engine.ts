import { stat } from "node:fs/promises";
import { AppError } from "../../../errors.ts";
import { readRoformerVariant } from "../../../graphs/roformer-config.ts";
import type { Lease } from "../../../inference/model-cache.ts";
import type { ModelEntry } from "../../../library/models/model-entry.ts";
import type { ModelLibrary } from "../../../library/models/model-library.ts";
import { type CheckpointModels, leaseNetwork } from "../../checkpoint-models.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import { SpectraThreads } from "../spectra/spectra-threads.ts";
import { framesOf } from "../spectra/protocol.ts";
import type {
  Instrument,
  SeparatedPassage,
  SeparationOptions,
  StemModel,
  StemSeparator,
  StereoPassage,
} from "../stem-separator.ts";
import { partsOfWindows, WINDOWS_AHEAD, without } from "../windows/separate-windows.ts";
import { OverlapAdd } from "../windows/sound-window.ts";
import { ROFORMER_RATE, type RoformerSettings, roformerSettings } from "./roformer-settings.ts";
import { type FadedWindow, fadesOf, windowsOf } from "./windows.ts";

const FAMILY = "roformer";

const REMEDY =
  "Put a checkpoint such as MelBandRoformer.ckpt or model_bs_roformer_ep_317_sdr_12.9755.ckpt into the models folder, and the .yaml that was published with it beside it.";

const INFO: EngineInfo = {
  id: "roformer",
  kind: "stems",
  description:
    "BS-RoFormer and Mel-Band RoFormer: take voices, instruments, the lead voice or the reverb out of songs.",
  embedded: false,
  lane: "gpu",
  license: "As the network's publisher says",
  languages: ["*"],
};

export type RoformerOptions = CheckpointModels & { readonly library: Pick<ModelLibrary, "list" | "find"> };

/** A network's file, and how it is to be used. */
type Known = { readonly entry: ModelEntry; readonly settings: RoformerSettings };

class RoformerEngine implements StemSeparator, AsyncDisposable {
  readonly info = INFO;
  readonly sampleRate = ROFORMER_RATE;
  readonly #models: RoformerOptions;
  readonly #threads = new SpectraThreads(WINDOWS_AHEAD);

  constructor(models: RoformerOptions) {
    this.#models = models;
  }

  async availability(): Promise<Availability> {
    try {
      if (!(await this.#models.library.find(FAMILY))) {
        return { available: false, reason: "There is no RoFormer that separates songs.", remedy: REMEDY };
      }
      const { usable, problem } = await this.#look();
      if (usable.length > 0) return { available: true };
      return { available: false, reason: problem?.message ?? "", remedy: REMEDY };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { available: false, reason: error.message, remedy: REMEDY };
    }
  }

  async models(): Promise<readonly StemModel[]> {
    const { usable } = await this.#look();
    return Promise.all(
      usable.map(async ({ entry, settings }) => {
        const { size, mtimeMs } = await stat(entry.path).catch(() => ({ size: 0, mtimeMs: 0 }));
        const { role, file: _, ...how } = settings;
        const version = `${size}-${Math.round(mtimeMs)}-${JSON.stringify(how)}`;
        return { name: entry.name, role, instruments: Object.keys(settings.instruments) as Instrument[], version };
      }),
    );
  }

  /** `denoise` changes nothing: in silence these networks hear none, as their answers are shares of the sound. */
  async *separate(
    sound: AsyncIterable<StereoPassage>,
    { model, overlap, instruments = [], warn }: SeparationOptions,
    signal: AbortSignal,
  ): AsyncGenerator<SeparatedPassage, void> {
    if (overlap !== undefined && !(overlap >= 0.01 && overlap <= 0.9)) {
      throw new AppError("invalid_input", `\`overlap\` is a share from 0.01 to 0.9, not ${overlap}.`);
    }
    const entry = await this.#models.library.find(FAMILY, model);
    if (!entry) throw new AppError("not_found", `There is no RoFormer "${model}" in the models folder.`);
    const settings = await roformerSettings(entry.path, readRoformerVariant(entry.variant));
    if (settings.file === undefined) {
      warn?.(
        `"${entry.name}" came without settings: a hop of ${settings.geometry.hop} and the stem "${settings.role}" were assumed. Put the .yaml that was published with it beside it.`,
      );
    }
    const places = [settings.stem, ...instruments.map((each) => placeOf(each, { entry, settings }))];
    // A network that makes drums alone gives them as its stem, too.
    const stems = [...new Set(places)];
    const { samples } = settings.geometry;
    const step = overlap === undefined ? settings.step : Math.max(1, Math.floor((1 - overlap) * samples));
    const plan = { samples, step };
    const part = settings.skips ? "skipping" : "plain";
    await using lease = await leaseNetwork(this.#models, { entry, part }, signal);
    const passages = partsOfWindows(
      {
        windows: windowsOf(sound, plan),
        adders: stems.map(() => new OverlapAdd<FadedWindow>(samples, step, fadesOf(plan))),
        hear: (window, working) => this.#hear(window, { entry, settings }, stems, lease, working),
      },
      signal,
    );
    for await (const { mix, parts } of passages) {
      const [stem, ...asked] = places.map((place) => parts[stems.indexOf(place)] as StereoPassage) as [
        StereoPassage,
        ...StereoPassage[],
      ];
      const rest = without(mix, stem);
      yield { ...(settings.turned ? { stem: rest, rest: stem } : { stem, rest }), instruments: asked };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }

  /** What the network takes out of a window, by places among its stems. */
  async #hear(
    { sound }: FadedWindow,
    { entry, settings: { geometry } }: Known,
    places: readonly number[],
    lease: Lease,
    signal: AbortSignal,
  ): Promise<readonly StereoPassage[]> {
    const { stems, channels } = readRoformerVariant(entry.variant);
    const frames = framesOf(geometry);
    const [data] = await this.#threads.analyse(geometry, sound, signal);
    // Both sides lie one after the other: for a network of one side they are two spectra.
    const sides = 2 / channels;
    const dims = [sides, 2 * channels, geometry.bins, frames];
    const { stems: answer } = await lease.session.run(
      { spectrum: { type: "float32", dims, data: data as Float32Array<ArrayBuffer> } },
      signal,
    );
    const each = 2 * channels * geometry.bins * frames;
    if (answer?.type !== "float32" || answer.data.length !== sides * stems * each) {
      throw new AppError("engine_failed", "The network's answer has another shape than its input. Use another file.");
    }
    const { data: made } = answer;
    return Promise.all(
      places.map((place) => {
        const wanted = new Float32Array(sides * each);
        for (let side = 0; side < sides; side++) {
          const from = (side * stems + place) * each;
          wanted.set(made.subarray(from, from + each), side * each);
        }
        return this.#threads.synthesise(geometry, [wanted], signal);
      }),
    );
  }

  /** The networks whose settings fit them; one whose settings do not is told about when it is asked for by its name. */
  async #look(): Promise<{ readonly usable: readonly Known[]; readonly problem: AppError | undefined }> {
    const usable: Known[] = [];
    let problem: AppError | undefined;
    for (const entry of await this.#models.library.list()) {
      if (entry.family !== FAMILY || entry.state !== "ready") continue;
      try {
        usable.push({ entry, settings: await roformerSettings(entry.path, readRoformerVariant(entry.variant)) });
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        problem ??= error;
      }
    }
    return { usable, problem };
  }
}

function placeOf(instrument: Instrument, { entry, settings }: Known): number {
  const place = settings.instruments[instrument];
  if (place === undefined) throw new AppError("invalid_input", `"${entry.name}" takes no ${instrument} out of songs.`);
  return place;
}

/** RoFormers as people publish them: checkpoints of PyTorch, or safetensors, and files of settings beside them. */
export function createRoformerEngine(models: RoformerOptions): StemSeparator & AsyncDisposable {
  return new RoformerEngine(models);
}
