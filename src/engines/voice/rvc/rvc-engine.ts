import { AppError } from "../../../errors.ts";
import type { RvcVoice } from "../../../graphs/rvc-voice.ts";
import type { GroupLeases, Lease, Leases } from "../../../inference/model-cache.ts";
import type { ModelEntry } from "../../../library/models/model-entry.ts";
import type { ModelLibrary } from "../../../library/models/model-library.ts";
import { findRvcVoice, type RvcPlaces, type RvcVoiceEntry } from "../../../library/rvc-voices.ts";
import { listVoiceModels } from "../../../library/voice-models.ts";
import type { VoiceProfile } from "../../../library/voice-profile.ts";
import type { MonoStream } from "../../../signal/audio.ts";
import { type CheckpointModels, modelAvailability } from "../../checkpoint-models.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import { checkConversion, unknownVoice } from "../check-conversion.ts";
import type { ConversionOptions, VoiceConverter, VoiceModelInfo } from "../voice-converter.ts";
import { atOnce } from "./at-once.ts";
import { convertSong } from "./conversion.ts";
import { type F0Finder, f0Finder, type PitchEngines } from "./find-f0.ts";
import { findListener } from "./listener.ts";
import { describeVoice, networksOf } from "./networks.ts";
import { seededNoise } from "./noise.ts";
import { openRetrieval, type Retrieval } from "./retrieval.ts";
import { checkSettings, RVC_DEFAULTS } from "./settings.ts";
import { Singer } from "./singer.ts";
import { SoundParts } from "./sound-parts.ts";

const INFO: EngineInfo = {
  id: "rvc",
  kind: "voice",
  description: "RVC: recordings sung by the voices in models/rvc, a .pth and an .index each",
  embedded: false,
  lane: "gpu",
  license: "MIT (RVC and ContentVec); each voice as its maker says",
  languages: ["*"],
};

/** What the engine needs. */
export type RvcEngineOptions = {
  readonly models: CheckpointModels & {
    readonly library: Pick<ModelLibrary, "find" | "list" | "at">;
    readonly cache: GroupLeases;
  };
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
    checkConversion(source.sampleRate, options, signal);
    if (typeof target !== "string") {
      throw new AppError("invalid_input", "RVC voices are trained beforehand: a recording cannot be one.");
    }
    const entry = await this.#find(target, signal);
    const listener = await findListener(this.#models.library, entry);
    const voice = await describeVoice(entry.checkpoint);
    const settings = { ...RVC_DEFAULTS, ...options.retrieval };
    checkSettings(settings, entry.name, voice.speakers);
    const told = new Set<string>();
    const warn = (message: string): void => {
      if (!told.has(message)) options.warn?.(message);
      told.add(message);
    };
    if (settings.indexRate > 0 && !entry.index) warn(`"${entry.name}" has no .index file: index_rate had no effect.`);
    if (!voice.f0 && options.pitch !== 0) warn(`"${entry.name}" sings without a pitch: it cannot be shifted.`);
    const findF0 = voice.f0 ? await f0Finder(this.#pitch, settings, options) : undefined;
    const blocks = this.#sing(
      source,
      { entry, voice, listener, settings, findF0, warn, seed: options.seed ?? 0, worked: options.worked },
      signal,
    );
    return { sampleRate: voice.sampleRate, blocks };
  }

  /** Networks are leased when the first sound is wanted, all or none, and let go with the last. */
  async *#sing(source: MonoStream, song: Song, signal: AbortSignal): AsyncGenerator<Float32Array, void> {
    const { voice, settings, findF0, seed, worked } = song;
    await using held = new AsyncDisposableStack();
    const { cache } = this.#models;
    const open = await cache.together((leases) => this.#open(song, leases, signal), signal);
    for (const each of open) held.use(each);
    const [listener, latent, sound, retrieval] = open;
    const parts = sound.shared("parts", (network) => new SoundParts(network, voice));
    const performance = {
      voice,
      listener: listener.session,
      singer: new Singer(voice, latent.session, parts, settings.speaker, seededNoise(seed)),
      content: { retrieval, indexRate: settings.indexRate, protect: settings.protect },
      findF0: findF0?.find,
      worked,
    };
    yield* convertSong(source, performance, settings.rmsMixRate, signal);
  }

  /** Leases all networks that a song needs. */
  async #open({ entry, voice, listener, settings, findF0, warn }: Song, cache: Leases, signal: AbortSignal) {
    const networks = networksOf(this.#models, cache);
    const { index, checkpoint } = entry;
    const retrieval = async (abort: AbortSignal): Promise<Retrieval | undefined> =>
      index && settings.indexRate > 0
        ? openRetrieval({ path: index.path, width: voice.features, cache, warn }, abort)
        : undefined;
    return atOnce<[Lease, Lease, Lease, Retrieval | undefined, AsyncDisposable | undefined]>(
      [
        (abort) => networks.listener(listener, voice.version, abort),
        (abort) => networks.latent(checkpoint, voice, abort),
        (abort) => networks.sound(checkpoint, voice, abort),
        retrieval,
        async (abort) => findF0?.hold(cache, abort),
      ],
      signal,
    );
  }

  async #find(name: string, signal: AbortSignal): Promise<RvcVoiceEntry> {
    const entry = await findRvcVoice(name, this.#models.library, this.#places, signal);
    if (entry) return entry;
    const known = await listVoiceModels(this.#places);
    throw unknownVoice(name, known);
  }
}

/** What a voice is to be sung with. */
type Song = {
  readonly entry: RvcVoiceEntry;
  readonly voice: RvcVoice;
  readonly listener: ModelEntry;
  readonly settings: typeof RVC_DEFAULTS;
  readonly findF0: F0Finder | undefined;
  readonly warn: (message: string) => void;
  readonly seed: number;
  readonly worked: ConversionOptions["worked"];
};
