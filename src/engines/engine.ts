/** What every engine says of itself, whatever it makes. */

/** The trades an engine can have. */
export const ENGINE_KINDS = ["speech", "lipsync", "voice", "pitch", "stems", "chat"] as const;

export type EngineKind = (typeof ENGINE_KINDS)[number];

/** Whether an engine can work here and now; if not, why, and what to do about it. */
export type Availability =
  | { readonly available: true }
  | { readonly available: false; readonly reason: string; readonly remedy: string };

/** What engines of this machine work on. */
export type EngineLane = "gpu" | "cpu";

/** An engine's declaration. `embedded` engines need no weights, no account and no network. */
export type EngineInfo = {
  readonly id: string;
  readonly kind: EngineKind;
  readonly description: string;
  readonly embedded: boolean;
  /** What it works on, where that is not clear: embedded engines work on the processor, others elsewhere. */
  readonly lane?: EngineLane | readonly EngineLane[];
  /** Licence of the code and weights that do the work. */
  readonly license: string;
  /** ISO 639-1 codes, or `["*"]` where the engine does not care. */
  readonly languages: readonly string[];
};

/** What jobs share that an engine's work uses. */
export function lanesOf(...engines: readonly { readonly info: EngineInfo }[]): EngineLane[] {
  return engines.flatMap(({ info }) => info.lane ?? (info.embedded ? "cpu" : []));
}

/** Base of the engine interfaces. */
export interface Engine {
  readonly info: EngineInfo;
  /** Cheap enough to call at every request: it may look at files and environment, never load a model. */
  availability(): Promise<Availability>;
}
