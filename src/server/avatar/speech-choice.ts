import { suggest } from "../../engines/catalog.ts";
import { AppError } from "../../errors.ts";
import type { RouteParts } from "../route-parts.ts";

/** What the documents say of their two engines; a deployment lists them whether it has them or not. */
const DOCUMENTED = [
  { id: "cosyvoice", name: "CosyVoice (로컬)", voices: ["Custom"], remedy: "Set COSYVOICE_API_URL." },
  {
    id: "elevenlabs",
    name: "ElevenLabs",
    voices: ["Custom", "Rachel", "Domi", "Bella", "Antoni"],
    remedy: "Set ELEVENLABS_API_KEY.",
  },
] as const;

/** Who speaks where the caller names nobody, by the document that rules. */
const DEFAULT_ENGINE = { avatar: "cosyvoice", "interview-2025-01": "elevenlabs" } as const;

/** A speech engine as `/api/tts_engines` lists it. */
export type ListedSpeechEngine = {
  readonly id: string;
  readonly name: string;
  readonly voices: readonly string[];
  readonly available: boolean;
  readonly reason?: string;
  readonly remedy?: string;
};

type Parts = Pick<RouteParts, "services" | "profile">;

/** The documents' engines first, then the others that there are. */
export async function listSpeechEngines({ services }: Pick<Parts, "services">): Promise<ListedSpeechEngine[]> {
  const states = (await services.engines.status()).filter(({ kind }) => kind === "speech");
  const working = new Map((await services.engines.available("speech")).map((engine) => [engine.info.id, engine]));
  const documented = DOCUMENTED.map(({ id, name, voices, remedy }) => ({ id, name, voices, remedy }));
  const others = states
    .filter(({ id }) => !DOCUMENTED.some((known) => known.id === id))
    .map(({ id }) => ({ id, name: id, voices: ["Custom"] as const, remedy: "" }));
  return Promise.all(
    [...documented, ...others].map(async ({ id, name, voices, remedy }) => {
      const state = states.find((candidate) => candidate.id === id)?.availability;
      const engine = working.get(id);
      if (engine) {
        const own = await engine.voices().then(
          (all) => all.map((voice) => voice.name),
          () => [],
        );
        return { id, name, voices: [...new Set([...voices, ...own])], available: true };
      }
      const why = state?.available === false ? state : { reason: "It is not set up here.", remedy };
      return { id, name, voices, available: false, reason: why.reason, remedy: why.remedy };
    }),
  );
}

/**
 * The engine that a request is spoken by: the one it names, else the document's own where that is set up, else the best.
 * @throws AppError `engine_unavailable` with the remedy; `invalid_input` for a name that nobody has
 */
export async function chooseSpeechEngine(name: string | undefined, parts: Parts): Promise<string> {
  const { engines } = parts.services;
  const states = (await engines.status()).filter(({ kind }) => kind === "speech");
  if (name === undefined) {
    const own = states.find(({ id }) => id === DEFAULT_ENGINE[parts.profile]);
    if (own?.availability.available) return own.id;
    return (await engines.choose("speech", "auto")).info.id;
  }
  const documented = DOCUMENTED.find(({ id }) => id === name);
  if (documented && !states.some(({ id }) => id === name)) {
    throw new AppError("engine_unavailable", `TTS 엔진 "${name}"을(를) 사용할 수 없습니다. ${documented.remedy}`);
  }
  if (name !== "auto" && !states.some(({ id }) => id === name)) {
    const ids = [...new Set([...DOCUMENTED.map(({ id }) => id), ...states.map(({ id }) => id)])];
    const shown = Array.from(name).slice(0, 40).join("");
    throw new AppError(
      "invalid_input",
      `tts_engine: "${shown}"은(는) 없는 엔진입니다. 사용 가능한 엔진: ${ids.join(", ")}`,
      {
        violations: [{ path: "tts_engine", message: suggest(shown, ids) }],
      },
    );
  }
  return (await engines.choose("speech", name)).info.id;
}
