import { suggest } from "../engines/catalog.ts";
import type { SpeechEngine, VoiceInfo } from "../engines/speech/speech-engine.ts";
import { AppError } from "../errors.ts";
import type { StoredVoice } from "../library/stored-voice.ts";
import type { StoredVoices } from "../library/stored-voices.ts";
import type { VoiceProfile } from "../library/voice-profile.ts";
import { ClonedSpeech, measuredOf } from "./cloned-speech.ts";
import type { PipelineContext } from "./pipeline.ts";
import { learningConverter, storedProfile } from "./reference-voice.ts";

/** What callers write for an engine's default voice. */
const DEFAULT_ALIAS = "custom";
/** Median f0 in Hz from which a voice counts as a woman's, where nobody said whose it is. */
const WOMAN_F0 = 165;

/** Who speaks, by what engine, and how they sound. */
export type Speaker = {
  readonly engine: SpeechEngine;
  readonly voice: string;
  readonly info: VoiceInfo;
};

/** The reference voices of this deployment. */
export function storedVoices({ voices }: PipelineContext): StoredVoices {
  return voices;
}

/** Names that nobody may take: the voices of the speech engines and the timbres of the converters that are available. */
export async function shippedVoices({ engines }: PipelineContext): Promise<readonly string[]> {
  const names = [DEFAULT_ALIAS];
  for (const engine of [...(await engines.available("speech")), ...(await engines.available("voice"))]) {
    for (const { name } of await engine.voices()) names.push(name);
  }
  return names;
}

/**
 * The engine to speak with: the one named, and with `auto` the best one that has the voices that are named.
 * @throws AppError as `EngineCatalog.choose`
 */
export async function speechEngineFor(
  id: string,
  voices: readonly string[],
  { engines }: Pick<PipelineContext, "engines">,
): Promise<SpeechEngine> {
  const wanted = new Set(
    voices.map((name) => name.trim().toLowerCase()).filter((name) => !["", DEFAULT_ALIAS].includes(name)),
  );
  if (id !== "auto" || wanted.size === 0) return engines.choose("speech", id);
  let best: { engine: SpeechEngine; count: number } | undefined;
  for (const engine of await engines.available("speech")) {
    const count = (await engine.voices()).filter(({ name }) => wanted.has(name.toLowerCase())).length;
    if (!best || count > best.count) best = { engine, count };
  }
  return best?.engine ?? engines.choose("speech", id);
}

/** Who speaks for an avatar that has a voice of its own: that one where the engine knows it, else the engine's default. */
export async function avatarVoice(
  own: string | undefined,
  engine: SpeechEngine,
  context: PipelineContext,
): Promise<string> {
  if (own === undefined) return engine.defaultVoice;
  if ((await engine.voices()).some(({ name }) => name.toLowerCase() === own.toLowerCase())) return own;
  return (await storedVoices(context).find(own)) ? own : engine.defaultVoice;
}

/**
 * The speaker of this name: a voice of the engine, in any case, `Custom` for its default, or a stored voice, which the
 * engine's speech is adapted to.
 * @param code of the error for an unknown name, which lists the known ones
 */
export async function findSpeaker(
  name: string,
  engine: SpeechEngine,
  context: PipelineContext,
  code: "invalid_input" | "not_found" = "invalid_input",
): Promise<Speaker> {
  const wanted = name.trim().toLowerCase() === DEFAULT_ALIAS ? engine.defaultVoice : name.trim();
  const own = await engine.voices();
  const info = own.find((voice) => voice.name.toLowerCase() === wanted.toLowerCase());
  if (info) return { engine, voice: info.name, info };
  const stored = storedVoices(context);
  const voice = await stored.find(wanted);
  if (voice) return storedSpeaker(voice, stored, engine, context);
  const known = [...own, ...(await stored.all())].map((each) => each.name);
  const shown = Array.from(wanted).slice(0, 40).join("");
  throw new AppError(code, `There is no voice "${shown}". ${suggest(shown, known)}`);
}

async function storedSpeaker(
  voice: StoredVoice,
  stored: StoredVoices,
  engine: SpeechEngine,
  context: PipelineContext,
): Promise<Speaker> {
  const profile = await storedProfile(voice, stored, context);
  return clonedSpeaker({ name: voice.name, description: voice.description, profile }, engine, context);
}

/** A speaker whom the engine's speech is adapted to. */
export async function clonedSpeaker(
  target: { readonly name: string; readonly description: string; readonly profile: VoiceProfile },
  engine: SpeechEngine,
  context: PipelineContext,
): Promise<Speaker> {
  const converter = await learningConverter(context);
  context.used({ kind: "voice", engine: converter.info.id, model: target.name });
  const { profile, ...named } = target;
  return {
    engine: new ClonedSpeech({ base: engine, converter, target, warn: (message) => context.warn(message) }),
    voice: target.name,
    info: { ...named, gender: profile.f0.median >= WOMAN_F0 ? "female" : "male", measured: measuredOf(profile) },
  };
}
