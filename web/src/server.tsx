import { createContext, type ComponentChildren } from "preact";
import { useContext, useMemo } from "preact/hooks";
import { callJson, lookUp, type Operation } from "./api.ts";
import type { Choice } from "./schema/field.tsx";
import type { JsonSchema } from "./schema/json-schema.ts";
import { type Loaded, useLoaded } from "./use-loaded.ts";
import { useWords } from "./words/words.tsx";

export type Voice = {
  readonly name: string;
  readonly description: string;
  readonly gender: string;
  readonly kind: "engine" | "reference";
  readonly engine: string | null;
};

export type Avatar = { readonly id: string; readonly description: string; readonly engine: string };

export type Engine = {
  readonly id: string;
  readonly kind: string;
  readonly description: string;
  readonly available: boolean;
  readonly embedded: boolean;
  readonly reason?: string;
  readonly remedy?: string;
  readonly license: string;
  readonly languages: readonly string[];
};

/** What takes songs apart, and the step that it is for. */
export type SeparationNetwork = { readonly name: string; readonly engine: string; readonly role: string };

/** What the server offers, as it answered when the page was opened or when somebody looked again. */
export type Offer = {
  readonly operations: ReadonlyMap<string, Operation>;
  readonly voices: readonly Voice[];
  readonly avatars: readonly Avatar[];
  readonly models: readonly string[];
  readonly separation: readonly SeparationNetwork[];
  readonly engines: readonly Engine[];
};

const NOTHING: Offer = { operations: new Map(), voices: [], avatars: [], models: [], separation: [], engines: [] };

const Context = createContext<Loaded<Offer>>({ reload: async () => undefined });

/** Asks the server what it offers, and tells its children. */
export function Offering({ children }: { readonly children: (offer: Loaded<Offer>) => ComponentChildren }) {
  const offer = useLoaded(async (): Promise<Offer> => {
    const { operations } = await callJson<{ operations: Operation[] }>("/api/operations");
    const [{ voices }, { avatars }, { models, separation }, { engines }] = await Promise.all([
      lookUp<{ voices: Voice[] }>("list_voices"),
      lookUp<{ avatars: Avatar[] }>("list_avatars"),
      lookUp<{ models: string[]; separation: SeparationNetwork[] }>("list_models"),
      lookUp<{ engines: Engine[] }>("list_engines"),
    ]);
    const byName = new Map(operations.map((each) => [each.name, each]));
    return { operations: byName, voices, avatars, models, separation, engines };
  });
  return <Context.Provider value={offer}>{children(offer)}</Context.Provider>;
}

/** What the server offers; nothing while that is not known. */
export function useOffer(): Offer & { readonly reload: () => Promise<void> } {
  const { value = NOTHING, reload } = useContext(Context);
  return { ...value, reload };
}

/** The schema of an operation's params; without fields while it is not known. */
export function useParams(operation: string): JsonSchema {
  return useOffer().operations.get(operation)?.params ?? {};
}

/** What to choose from in fields whose schema is a text: voices, engines, models. */
export function useChoices(): Readonly<Record<string, readonly Choice[]>> {
  const { voices, engines, models } = useOffer();
  const { choices } = useWords();
  return useMemo(() => {
    const spoken = [{ value: "Custom", label: "Custom" }, ...voices.map(voiceChoice)];
    const ofKind = (kind: string): Choice[] => [
      { value: "auto", label: choices.auto },
      ...engines.filter((each) => each.kind === kind && each.available).map(({ id }) => ({ value: id, label: id })),
    ];
    return {
      voice: spoken,
      tts_voice: spoken,
      tts_engine: ofKind("speech"),
      speech_engine: ofKind("speech"),
      lipsync_engine: ofKind("lipsync"),
      voice_model: models.map((name) => ({ value: name, label: name })),
    };
  }, [voices, engines, models, choices]);
}

/** A voice as a choice: its name, and what it is like. */
export function voiceChoice({ name, description }: Voice): Choice {
  return { value: name, label: description ? `${name} · ${description}` : name };
}
