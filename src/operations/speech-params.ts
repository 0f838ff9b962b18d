import { z } from "zod";
import type { GenerationParam, Sampling, SpeechEngine } from "../engines/speech/speech-engine.ts";
import { MAX_SEED } from "../limits/inputs.ts";

/** Params that say how to speak, shared by the operations that do. */
export const speechParams = {
  language: z
    .string()
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$/, "must be a language code such as ko, ru, kk or en")
    .optional()
    .describe("ISO 639-1 code. Found from the script of the text when absent."),
  rate: z.number().min(0.5).max(2).default(1).describe("Speaking rate, 1 is the voice's own."),
  pitch: z.number().min(-12).max(12).default(0).describe("Shift of the voice's pitch in semitones."),
};

/** The param that makes speech the same every time. */
export const seedParam = z
  .int()
  .min(0)
  .max(MAX_SEED)
  .nullish()
  .describe("The same request with the same seed gives the same sound, bit for bit.");

/** Params of generative models. What has no effect on the engine that speaks is told in `warnings`. */
export const generationParams = {
  seed: seedParam,
  temperature: z.number().min(0).max(2).nullish().describe("Randomness of a generative model."),
  top_p: z.number().min(0).max(1).nullish().describe("Nucleus sampling of a generative model."),
  top_k: z.int().min(0).nullish().describe("Top-k sampling of a generative model."),
  max_new_tokens: z
    .int()
    .min(1)
    .max(8192)
    .nullish()
    .describe("Longest output of a generative model, in tokens. The embedded engine never cuts speech short."),
  scene_prompt: z
    .string()
    .max(2000)
    .nullish()
    .describe(
      "Where it is spoken, in words: a room, hall, café, the phone or outdoors (English, Korean, Russian) is heard as one.",
    ),
};

/** Of `generationParams`, those that an engine may have no use for. */
const GENERATIVE = ["seed", "temperature", "top_p", "top_k", "max_new_tokens"] as const;

type Generation = { readonly [Name in GenerationParam]?: number | null | undefined };

/** Tells the caller which of the params that were given do nothing on the engine that speaks. */
export function warnOfUnused(
  params: Generation,
  { info, honours = ["seed"] }: Pick<SpeechEngine, "info" | "honours">,
  warn: (message: string) => void,
): void {
  const given = GENERATIVE.filter((name) => params[name] !== undefined && params[name] !== null);
  const unused = given.filter((name) => !honours.includes(name));
  if (unused.length === 0) return;
  const names = unused.map((name) => `\`${name}\``).join(", ");
  const kind = info.embedded ? "embedded speech engine" : "speech engine";
  warn(`${names} ${unused.length === 1 ? "has" : "have"} no effect on the ${kind} "${info.id}".`);
}

/** The params of generation as an engine takes them. */
export function samplingOf(params: Generation): Sampling {
  const { temperature, top_p: topP, top_k: topK, max_new_tokens: maxNewTokens } = params;
  const given = Object.entries({ temperature, topP, topK, maxNewTokens }).filter(
    ([, value]) => (value ?? null) !== null,
  );
  return Object.fromEntries(given) as Sampling;
}

/** Starts an engine ahead of time, unless the request will have a process of its own. */
export function warmUpUnlessSeeded(engine: SpeechEngine, seed: number | null | undefined): void {
  if (seed === undefined || seed === null) engine.warmUp?.();
}

/** Tokens as speech models count them. */
export const usage = z.strictObject({
  prompt_tokens: z.int().describe("Code points of the text, with the embedded engine."),
  completion_tokens: z.int().describe("25 for each second of sound, with the embedded engine."),
  total_tokens: z.int(),
});

/** What a request used, by the embedded engine's count. */
export function usageOf(text: string, seconds: number): z.infer<typeof usage> {
  const prompt = Array.from(text).length;
  const completion = Math.ceil(seconds * 25);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** A word with its time in seconds. */
export const timedWord = z.strictObject({ text: z.string(), start: z.number(), end: z.number() });

/** Hz at which speech is made. */
export const SPEECH_SAMPLE_RATE = 24_000;

/** The text to speak. Its length in code points is checked where it is spoken. */
export const textParam = z.string().describe("What to say, at most 20,000 code points.");
