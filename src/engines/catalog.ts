import { closest, distance } from "fastest-levenshtein";
import { AppError } from "../errors.ts";
import type { ChatEngine } from "./chat/chat-engine.ts";
import type { Availability, Engine, EngineInfo, EngineKind } from "./engine.ts";
import type { LipsyncEngine } from "./lipsync/lipsync-engine.ts";
import type { PitchEstimator } from "./pitch/pitch-estimator.ts";
import type { SpeechEngine } from "./speech/speech-engine.ts";
import type { StemSeparator } from "./stems/stem-separator.ts";
import type { VoiceConverter } from "./voice/voice-converter.ts";

/** The interface that each kind of engine has. */
type EngineOf = {
  speech: SpeechEngine;
  lipsync: LipsyncEngine;
  voice: VoiceConverter;
  pitch: PitchEstimator;
  stems: StemSeparator;
  chat: ChatEngine;
};

/** How to get an engine: its module is loaded when it is first wanted, so that a start pays for none. */
export type EngineSource<K extends EngineKind = EngineKind> = {
  readonly id: string;
  readonly kind: K;
  readonly load: () => Promise<EngineOf[K]>;
};

/** An engine's declaration with its state. */
export type EngineStatus = EngineInfo & { readonly availability: Availability };

/** All engines of this process, best first within a kind. Each is made once, however many ask. */
export class EngineCatalog {
  readonly #sources: readonly EngineSource[];
  readonly #loaded = new Map<string, Promise<Engine>>();

  constructor(sources: readonly EngineSource[]) {
    this.#sources = sources;
  }

  /** Every engine and whether it can work here. */
  async status(): Promise<EngineStatus[]> {
    return Promise.all(
      this.#sources.map(async (source) => {
        const engine = await this.#load(source);
        return { ...engine.info, availability: await engine.availability() };
      }),
    );
  }

  /** Every engine of a kind, whether it can work here or not. */
  async all<K extends EngineKind>(kind: K): Promise<EngineOf[K][]> {
    return Promise.all(this.#ofKind(kind).map(async (source) => (await this.#load(source)) as EngineOf[K]));
  }

  /** Every engine of a kind that can work here. */
  async available<K extends EngineKind>(kind: K): Promise<EngineOf[K][]> {
    const found: EngineOf[K][] = [];
    for (const source of this.#ofKind(kind)) {
      const engine = await this.#load(source);
      if ((await engine.availability()).available) found.push(engine as EngineOf[K]);
    }
    return found;
  }

  /**
   * The engine with this id, or with `auto` the best one available.
   * @throws AppError `invalid_input` for an unknown id; `engine_unavailable` with the remedy
   */
  async choose<K extends EngineKind>(kind: K, id: string): Promise<EngineOf[K]> {
    const candidates = this.#ofKind(kind);
    if (id !== "auto") {
      const source = candidates.find((candidate) => candidate.id === id);
      if (!source) {
        const ids = candidates.map((candidate) => candidate.id);
        throw new AppError("invalid_input", `There is no ${kind} engine "${id}". ${suggest(id, ["auto", ...ids])}`);
      }
      const engine = await this.#load(source);
      const state = await engine.availability();
      if (!state.available) {
        throw new AppError(
          "engine_unavailable",
          `The ${kind} engine "${id}" is not available: ${state.reason} ${state.remedy}`,
        );
      }
      return engine as EngineOf[K];
    }
    const refusals: string[] = [];
    for (const source of candidates) {
      const engine = await this.#load(source);
      const state = await engine.availability();
      if (state.available) return engine as EngineOf[K];
      refusals.push(`${source.id}: ${state.reason} ${state.remedy}`);
    }
    throw new AppError("engine_unavailable", `No ${kind} engine is available. ${refusals.join(" ")}`);
  }

  /** Closes the engines that were made. */
  async [Symbol.asyncDispose](): Promise<void> {
    const engines = await Promise.allSettled(this.#loaded.values());
    this.#loaded.clear();
    for (const result of engines) {
      const engine = result.status === "fulfilled" ? (result.value as Partial<AsyncDisposable>) : {};
      await engine[Symbol.asyncDispose]?.();
    }
  }

  #ofKind<K extends EngineKind>(kind: K): EngineSource<K>[] {
    return this.#sources.filter((source) => source.kind === kind) as unknown as EngineSource<K>[];
  }

  #load(source: EngineSource): Promise<Engine> {
    const key = `${source.kind}/${source.id}`;
    const known = this.#loaded.get(key);
    if (known) return known;
    const made: Promise<Engine> = source.load();
    this.#loaded.set(key, made);
    // A failed load is forgotten, so that the next request tries again.
    made.catch(() => this.#loaded.delete(key));
    return made;
  }
}

/** `Did you mean …?` where a name is near, and the names there are. */
export function suggest(name: string, known: readonly string[]): string {
  if (known.length === 0) return "There are none.";
  // `voice` for `tts_voice`: a part of one name alone is nearer than any spelling.
  const parts = known.filter((each) => each.toLowerCase().split("_").includes(name.toLowerCase()));
  const near = parts.length === 1 ? (parts[0] as string) : closest(name.toLowerCase(), [...known]);
  const close =
    parts.length === 1 || distance(name.toLowerCase(), near.toLowerCase()) <= Math.max(2, Math.floor(near.length / 3));
  return `${close ? `Did you mean "${near}"? ` : ""}Known: ${known.join(", ")}.`;
}
