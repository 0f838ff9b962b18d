import { AppError } from "../../../errors.ts";
import type { RvcVoice } from "../../../graphs/rvc-voice.ts";
import type { ModelEntry } from "../../../library/models/model-entry.ts";
import type { ModelLibrary } from "../../../library/models/model-library.ts";
import { findRvcVoice, type RvcPlaces, type RvcVoiceEntry } from "../../../library/rvc-voices.ts";
import { listVoiceModels } from "../../../library/voice-models.ts";
import type { VoiceProfile } from "../../../library/voice-profile.ts";
import type { MonoStream } from "../../../signal/audio.ts";
import { suggest } from "../../catalog.ts";
import { type CheckpointModels, modelAvailability } from "../../checkpoint-models.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import type { ConversionOptions, VoiceConverter, VoiceModelInfo } from "../voice-converter.ts";
import { convertSong } from "./conversion.ts";
import { f0Finder, type PitchEngines } from "./find-f0.ts";
import { describeVoice, networksOf } from "./networks.ts";
import { seededNoise } from "./noise.ts";
import { openRetrieval } from "./retrieval.ts";
import { checkSettings, RVC_DEFAULTS } from "./settings.ts";
import { Singer } from "./singer.ts";
import type { FindF0 } from "./song.ts";

const INFO: EngineInfo = {
  id: "rvc",
  kind: "voice",
  description: "RVC: recordings sung by the voices in models/rvc, a .pth and an .index each",
  embedded: false,
  lane: "gpu",
  license: "MIT (RVC and ContentVec); each voice as its maker says",
  languages: ["*"],
};

/** Rates that are converted, in Hz. */
const RATES = { lowest: 8_000, highest: 192_000 } as const;

/** What the engine needs. */
export type RvcEngineOptions = {
  readonly models: CheckpointModels & { readonly library: Pick<ModelLibrary, "find" | "at"> };
  readonly places: RvcPlaces;
  readonly pitch: PitchEngines;
};

/** Makes the engine `rvc`. Voices and weights are looked for when it is asked, and loaded when they are used. */
export function createRvcEngine(options: RvcEngineOptions): VoiceConverter {
  return new RvcEngine(options);
}

class RvcEngine implements VoiceConverter {
  readonly info = INFO;
  readonly #models: RvcEngineOptions["models"];
  readonly #places: RvcPlaces;
  readonly #pitch: PitchEngines;

  constructor({ models, places, pitch }: RvcEngineOptions) {
    this.#models = models;
    this.#places = places;
    this.#pitch = pitch;
  }

  async availability(): Promise<Availability> {
    const voices = await listVoiceModels(this.#places);
    if (voices.length === 0) {
      return {
        available: false,
        reason: "There are no RVC voices.",
        remedy: "Put a voice's .pth file, and its .index, into models/rvc/NAME/.",
      };
    }
    return modelAvailability(this.#models, "contentvec", "ContentVec", "rvc-base");
  }

  async voices(): Promise<readonly VoiceModelInfo[]> {
    const names = await listVoiceModels(this.#places);
    return names.map((name) => ({ name, description: `The RVC voice ${name}`, gender: "neutral" }));
  }

  /**
   * The song keeps its key, whatever the mapping: `pitch` is all that moves it. The result has the voice's rate, and may go
   * beyond ±1 by some dB where the source is near it.
   * @throws AppError also `invalid_input` for settings out of their ranges; `engine_unavailable` where weights are missing;
   *   `model_unusable` for a voice or an index that cannot be used; these and `engine_failed` while reading, too
   */
  async convert(
    source: MonoStream,
    target: string | VoiceProfile,
    options: ConversionOptions,
    signal: AbortSignal,
  ): Promise<MonoStream> {
    checkRate(source.sampleRate);
    if (!Number.isFinite(options.pitch)) throw new AppError("invalid_input", "The pitch is a number of semitones.");
    if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
    if (typeof target !== "string") {
      throw new AppError("invalid_input", "RVC voices are trained beforehand: a recording cannot be one.");
    }
    const entry = await this.#find(target, signal);
    const listener = await this.#models.library.find("contentvec");
    if (!listener) {
      throw new AppError(
        "engine_unavailable",
        "There are no weights of ContentVec, which RVC voices need. Run `talkbox models pull rvc-base`.",
      );
    }
    const voice = await describeVoice(entry.checkpoint);
    const settings = { ...RVC_DEFAULTS, ...options.retrieval };
    checkSettings(settings, entry.name, voice.speakers);
    const { warn = () => {} } = options;
    if (settings.indexRate > 0 && !entry.index) warn(`"${entry.name}" has no .index file: index_rate had no effect.`);
    if (!voice.f0 && options.pitch !== 0) warn(`"${entry.name}" sings without a pitch: it cannot be shifted.`);
    const findF0 = voice.f0 ? await f0Finder(this.#pitch, settings, options) : undefined;
    const blocks = this.#sing(
      source,
      { entry, voice, listener, settings, findF0, warn, seed: options.seed ?? 0 },
      signal,
    );
    return { sampleRate: voice.sampleRate, blocks };
  }

  /** Networks are leased when the first sound is wanted, always in the same order, and let go with the last. */
  async *#sing(source: MonoStream, song: Song, signal: AbortSignal): AsyncGenerator<Float32Array, void> {
    const { entry, voice, listener, settings, findF0, warn, seed } = song;
    await using held = new AsyncDisposableStack();
    const networks = networksOf(this.#models, signal);
    const heard = held.use(await networks.listener(listener, voice.version)).session;
    const own = await networks.voice(entry.checkpoint);
    const [latent, sound] = [held.use(own.latent).session, held.use(own.sound).session];
    const retrieval =
      entry.index && settings.indexRate > 0
        ? await openRetrieval(
            { path: entry.index.path, width: voice.features, cache: this.#models.cache, warn },
            signal,
          )
        : undefined;
    if (retrieval) held.use(retrieval);
    const performance = {
      voice,
      listener: heard,
      singer: new Singer(voice, latent, sound, settings.speaker, seededNoise(seed)),
      content: { retrieval, indexRate: settings.indexRate, protect: settings.protect },
      findF0,
    };
    yield* convertSong(source, performance, settings.rmsMixRate, signal);
  }

  async #find(name: string, signal: AbortSignal): Promise<RvcVoiceEntry> {
    const entry = await findRvcVoice(name, this.#models.library, this.#places, signal);
    if (entry) return entry;
    const known = await listVoiceModels(this.#places);
    throw new AppError("not_found", `There is no voice "${name.slice(0, 60)}". ${suggest(name, known)}`);
  }
}

/** What a voice is to be sung with. */
type Song = {
  readonly entry: RvcVoiceEntry;
  readonly voice: RvcVoice;
  readonly listener: ModelEntry;
  readonly settings: typeof RVC_DEFAULTS;
  readonly findF0: FindF0 | undefined;
  readonly warn: (message: string) => void;
  readonly seed: number;
};

function checkRate(sampleRate: number): void {
  if (Number.isInteger(sampleRate) && sampleRate >= RATES.lowest && sampleRate <= RATES.highest) return;
  throw new AppError(
    "invalid_audio",
    `Voices are converted at sample rates from ${RATES.lowest} to ${RATES.highest} Hz; this recording has ${sampleRate}.`,
  );
}
