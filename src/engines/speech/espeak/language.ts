/** Which language a text is in, and which voice of espeak-ng speaks it. */

import { AppError } from "../../../errors.ts";

/** ISO 639-1 codes that espeak-ng speaks. Languages that share a voice with another stand in `VOICE_OF`. */
export const LANGUAGES: readonly string[] = (
  "af am an ar as az ba be bg bn bs ca cs cv cy da de el en eo es et eu fa fi fo fr ga gd gn gu he hi hr ht hu hy ia id " +
  "io is it ja ka kk kl kn ko ku ky la lb lt lv mi mk ml mr ms mt my nb ne nl no om or pa pl pt qu ro ru sd si sk sl sq " +
  "sr sv sw ta te th ti tk tn tr tt ug uk ur uz vi zh"
).split(" ");

/** espeak-ng's voice where it is not the language's own code. */
const VOICE_OF: Readonly<Record<string, string>> = {
  en: "en-us",
  "en-gb": "en-gb-x-rp",
  "es-mx": "es-419",
  no: "nb",
  "pt-br": "pt-br",
  zh: "cmn",
};

/** A language to speak. */
export type SpokenLanguage = {
  /** ISO 639-1. */
  readonly code: string;
  /** espeak-ng's name of the voice, without a variant. */
  readonly voice: string;
};

/**
 * The voice for a language tag: `ko`, `en`, `en-GB`, `pt_BR`. A region that espeak-ng does not know is ignored.
 * @throws AppError `invalid_input` for a language that it does not speak.
 */
export function spokenLanguage(tag: string): SpokenLanguage {
  const whole = tag.trim().toLowerCase().replaceAll("_", "-");
  const code = whole.split("-", 1)[0] as string;
  if (!LANGUAGES.includes(code)) {
    throw new AppError(
      "invalid_input",
      `Language "${tag.slice(0, 20)}" is not one that the speech engine knows. Give an ISO 639-1 code: ${LANGUAGES.join(", ")}.`,
    );
  }
  return { code, voice: VOICE_OF[whole] ?? VOICE_OF[code] ?? code };
}

/**
 * Writing systems told apart, each with the language that is spoken where nothing else is known, and what a letter
 * weighs: a syllable or an ideograph takes several letters elsewhere, and names and terms in Latin letters stand in
 * texts of every language, so those weigh least.
 */
const SCRIPTS = [
  { script: "Hangul", letters: /\p{Script=Hangul}/u, language: "ko", weight: 3 },
  { script: "Cyrillic", letters: /\p{Script=Cyrillic}/u, language: "ru", weight: 2 },
  { script: "Latin", letters: /\p{Script=Latin}/u, language: "en", weight: 1 },
  { script: "Kana", letters: /[\p{Script=Hiragana}\p{Script=Katakana}]/u, language: "ja", weight: 3 },
  { script: "Han", letters: /\p{Script=Han}/u, language: "zh", weight: 3 },
  { script: "Greek", letters: /\p{Script=Greek}/u, language: "el", weight: 2 },
  { script: "Hebrew", letters: /\p{Script=Hebrew}/u, language: "he", weight: 2 },
  { script: "Arabic", letters: /\p{Script=Arabic}/u, language: "ar", weight: 2 },
  { script: "Armenian", letters: /\p{Script=Armenian}/u, language: "hy", weight: 2 },
  { script: "Georgian", letters: /\p{Script=Georgian}/u, language: "ka", weight: 2 },
  { script: "Devanagari", letters: /\p{Script=Devanagari}/u, language: "hi", weight: 2 },
  { script: "Bengali", letters: /\p{Script=Bengali}/u, language: "bn", weight: 2 },
  { script: "Tamil", letters: /\p{Script=Tamil}/u, language: "ta", weight: 2 },
  { script: "Telugu", letters: /\p{Script=Telugu}/u, language: "te", weight: 2 },
  { script: "Thai", letters: /\p{Script=Thai}/u, language: "th", weight: 2 },
  { script: "Ethiopic", letters: /\p{Script=Ethiopic}/u, language: "am", weight: 2 },
] as const;

/** A writing system that is told apart. */
export type Script = (typeof SCRIPTS)[number]["script"];

/** Writing system of a character; `undefined` for digits, marks, punctuation and rare systems. */
export function scriptOf(character: string): Script | undefined {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a ? "Latin" : undefined;
  return SCRIPTS.find(({ letters }) => letters.test(character))?.script;
}

/** Language of a writing system where nothing else is known. */
export function languageOfScript(script: Script): string {
  return SCRIPTS.find((entry) => entry.script === script)?.language ?? "en";
}

/**
 * Writing system that most of a text is in, by the weight of its letters. `undefined` for a text without letters.
 */
export function mainScript(text: string): Script | undefined {
  const weights = new Map<Script, number>();
  for (const character of text) {
    const script = scriptOf(character);
    if (!script) continue;
    const weight = SCRIPTS.find((entry) => entry.script === script)?.weight ?? 1;
    weights.set(script, (weights.get(script) ?? 0) + weight);
  }
  // Kana next to ideographs is Japanese, however many ideographs there are.
  if (weights.has("Kana") && weights.has("Han")) {
    weights.set("Kana", (weights.get("Kana") ?? 0) + (weights.get("Han") ?? 0));
  }
  let best: Script | undefined;
  for (const [script, weight] of weights) if (!best || weight > (weights.get(best) ?? 0)) best = script;
  return best;
}

/** Letters that Kazakh has and Russian has not. `і` is Ukrainian and Belarusian too, which have others of their own. */
const KAZAKH = /[әғқңөұүһі]/iu;
const UKRAINIAN = /[їєґ]/iu;
const BELARUSIAN = /ў/iu;

/** ISO 639-1 of a text by its letters; English where there are none. */
export function detectLanguage(text: string): string {
  const script = mainScript(text);
  if (script === undefined) return "en";
  if (script !== "Cyrillic") return languageOfScript(script);
  if (UKRAINIAN.test(text)) return "uk";
  if (BELARUSIAN.test(text)) return "be";
  return KAZAKH.test(text) ? "kk" : "ru";
}

/** Writing system that a language is written in. */
export function scriptOfLanguage(code: string): Script {
  if (CYRILLIC.has(code)) return "Cyrillic";
  if (ARABIC.has(code)) return "Arabic";
  if (DEVANAGARI.has(code)) return "Devanagari";
  return SCRIPTS.find(({ language }) => language === code)?.script ?? "Latin";
}

const CYRILLIC = new Set(["ru", "kk", "uk", "be", "bg", "mk", "sr", "ky", "tt", "ba", "cv"]);
const ARABIC = new Set(["ar", "fa", "ur", "sd", "ug"]);
const DEVANAGARI = new Set(["hi", "mr", "ne"]);

/**
 * Language of one sentence of a text in `main`: that language, unless all of its letters are of another writing system.
 */
export function sentenceLanguage(sentence: string, main: string): string {
  const own = scriptOfLanguage(main);
  const script = mainScript(sentence);
  if (script === undefined || script === own) return main;
  for (const character of sentence) {
    const other = scriptOf(character);
    if (other === own || (main === "ja" && other === "Han")) return main;
  }
  return detectLanguage(sentence);
}
