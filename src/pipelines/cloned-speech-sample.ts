/** What a clone's base voice is like, where what is to be said does not tell. */

import { detectLanguage } from "../engines/speech/espeak/language.ts";
import type { SpeechEngine, SpeechRequest } from "../engines/speech/speech-engine.ts";
import { AppError } from "../errors.ts";
import type { VoiceProfile } from "../library/voice-profile.ts";
import { concatSamples } from "../media/pcm.ts";
import { harvest } from "../signal/world/index.ts";
import { type LearningConverter, streamOf } from "./reference-voice.ts";

/**
 * Letters, syllables counting double, from which a text says enough of the voice that speaks it: about two seconds. Of
 * less, the vowels that happen to be in it would count for those of the voice.
 */
const ENOUGH_LETTERS = 16;
/** Spoken besides, unheard, where a text has less; all vowels are in them. */
const SAMPLES: Readonly<Record<string, string>> = {
  ko: "오늘은 날씨가 좋아서 친구들과 함께 공원을 걸으며 여러 이야기를 나누었습니다.",
  ru: "Сегодня хорошая погода, и мы с друзьями долго гуляли по парку, вспоминая лето.",
  kk: "Бүгін ауа райы жақсы, біз достармен бірге саябақта серуендеп, әңгіме айттық.",
  en: "The weather is fine today, so we took a long walk through the park and told old stories.",
};
/** Most of a sample, in code points and in seconds of its speech. */
const LONGEST_SAMPLE = 500;
const SAMPLE_SECONDS = 8;
/** Least frames of 5 ms with a voice that tell the pitch of a few words. */
const LEAST_VOICED_FRAMES = 12;

/** Has the base voice say a text, unheard, and a sample after it where it is short, and measures that. */
export async function measureSpoken(
  { base, converter }: { readonly base: SpeechEngine; readonly converter: LearningConverter },
  request: SpeechRequest,
  said: string,
  signal: AbortSignal,
): Promise<VoiceProfile | undefined> {
  const start = Array.from(said.trim()).slice(0, LONGEST_SAMPLE).join("");
  const sample = SAMPLES[request.language ?? detectLanguage(said)] ?? SAMPLES["en"];
  const text = isEnough(said) ? start : `${start}\n${sample}`;
  const pieces: Float32Array[] = [];
  let spoken = 0;
  let own = 0;
  for await (const part of base.synthesize({ ...request, text, words: false }, signal)) {
    pieces.push(part.audio.samples);
    if (spoken < start.length) own = pieces.length;
    // Of the blanks between the parts the parts do not tell.
    spoken += part.text.length + 1;
    if (lengthOf(pieces) >= SAMPLE_SECONDS * request.sampleRate) break;
  }
  const { sampleRate } = request;
  try {
    const profile = await converter.profile(streamOf({ sampleRate, samples: concatSamples(pieces) }), signal);
    // The size of the throat is the sample's to say; how high this was spoken is not.
    return isEnough(said) ? profile : atPitchOf(profile, concatSamples(pieces.slice(0, own)), sampleRate);
  } catch (error) {
    if (error instanceof AppError && error.code === "invalid_audio") return undefined;
    throw error;
  }
}

/** A profile at the pitch of a few words. */
function atPitchOf(profile: VoiceProfile, samples: Float32Array, sampleRate: number): VoiceProfile {
  const voiced = harvest(samples, sampleRate)
    .f0.filter((hz) => hz > 0)
    .toSorted();
  const median = voiced[Math.floor(voiced.length / 2)];
  if (median === undefined || voiced.length < LEAST_VOICED_FRAMES) return profile;
  const { f0 } = profile;
  return { ...profile, f0: { median, low: (f0.low * median) / f0.median, high: (f0.high * median) / f0.median } };
}

function lengthOf(pieces: readonly Float32Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Whether a text says enough of the voice that speaks it. */
export function isEnough(text: string): boolean {
  return letters(text) >= ENOUGH_LETTERS;
}

/** Letters of a text, syllables and ideographs counting double. */
export function letters(text: string): number {
  let count = 0;
  for (const letter of text.match(/\p{L}|\p{N}/gu) ?? []) {
    count += /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(letter) ? 2 : 1;
  }
  return count;
}
