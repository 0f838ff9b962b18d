import { join } from "node:path";
import type { VoiceProfile } from "../../../library/voice-profile.ts";
import type { MonoStream } from "../../../signal/audio.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import { checkConversion, checkRate, unknownVoice } from "../check-conversion.ts";
import type { ConversionOptions, VoiceConverter, VoiceModelInfo } from "../voice-converter.ts";
import { convertBlocks } from "./conversion.ts";
import { measureReference } from "./reference.ts";
import { warnOfRetrieval } from "./retrieval.ts";
import { VoiceThreads } from "./threads.ts";
import { type Timbre, TimbreShelf } from "./timbres.ts";

const INFO: EngineInfo = {
  id: "world",
  kind: "voice",
  description: "WORLD vocoder: pitch, formants, spectrum and breath of a recording moved to another voice",
  embedded: true,
  license: "Apache-2.0 (this project)",
  languages: ["*"],
};

/** Seconds of sound in a block. */
const BLOCK_SECONDS = 8;

/** What the engine needs to know. */
export type WorldEngineOptions = {
  /** Folder of models; the timbres are in its `timbres/`. */
  readonly modelsDir: string;
  /** Threads; default: as many as there are cores, at most 4. */
  readonly threads?: number;
  /** Seconds of a block; default 8. */
  readonly blockSeconds?: number;
};

/** Makes the engine. Nothing is read or started until it is used. */
export function createWorldEngine(options: WorldEngineOptions): WorldEngine {
  return new WorldEngine(options);
}

/** The engine `world`. */
export class WorldEngine implements VoiceConverter, AsyncDisposable {
  readonly info = INFO;
  readonly #shelf: TimbreShelf;
  readonly #threads: VoiceThreads;
  readonly #blockSeconds: number;

  constructor({ modelsDir, threads, blockSeconds = BLOCK_SECONDS }: WorldEngineOptions) {
    this.#shelf = new TimbreShelf(join(modelsDir, "timbres"));
    this.#threads = new VoiceThreads(threads);
    this.#blockSeconds = blockSeconds;
  }

  /** Threads that are up. */
  get threads(): number {
    return this.#threads.running;
  }

  /** Threads that have a task. */
  get working(): number {
    return this.#threads.working;
  }

  availability(): Promise<Availability> {
    return Promise.resolve({ available: true });
  }

  async voices(): Promise<readonly VoiceModelInfo[]> {
    const timbres = await this.#shelf.all();
    return [...timbres.values()].map(({ name, description, gender }) => ({ name, description, gender }));
  }

  /** Reads no further than it needs: a minute of voice, or five minutes of anything. */
  async profile(reference: MonoStream, signal: AbortSignal): Promise<VoiceProfile> {
    checkRate(reference.sampleRate);
    return measureReference(reference, this.#threads, signal);
  }

  /** The result may go beyond ±1 by some dB where the source is near it. */
  async convert(
    source: MonoStream,
    target: string | VoiceProfile,
    options: ConversionOptions,
    signal: AbortSignal,
  ): Promise<MonoStream> {
    checkConversion(source.sampleRate, options, signal);
    const wanted = typeof target === "string" ? await this.#find(target) : target;
    warnOfRetrieval(options);
    const blocks = convertBlocks(source, wanted, options, signal, this.#threads, this.#blockSeconds);
    return { sampleRate: source.sampleRate, blocks };
  }

  /** Ends the threads; what is being converted fails as cancelled. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#threads[Symbol.asyncDispose]();
  }

  async #find(name: string): Promise<Timbre> {
    const timbres = await this.#shelf.all();
    const timbre = timbres.get(name.trim().toLowerCase());
    if (timbre) return timbre;
    throw unknownVoice(name, [...timbres.keys()]);
  }
}
