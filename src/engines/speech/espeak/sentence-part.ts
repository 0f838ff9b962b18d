/** One sentence, from text to a part of speech. */

import type { SpeechPart, SpeechRequest, TimedPhoneme, TimedWord } from "../speech-engine.ts";
import type { SpokenLanguage } from "./language.ts";
import { normalise } from "./normalise.ts";
import type { EspeakProcess, Utterance } from "./process.ts";
import { prosodyOf } from "./prosody.ts";
import { FADE_OUT_SECONDS, type FinishedSound, finishSound, TAIL_SECONDS } from "./sound.ts";
import { toMarkedSsml, toSsml } from "./ssml.ts";
import { type MappedText, splitWords } from "./text.ts";
import { carryWords, lacksWords, type RawPhoneme, readPhonemes, wordSpans } from "./timings.ts";
import type { Voice } from "./voices.ts";

/** Seconds that a sentence's end adds to the silence after it … */
const SENTENCE_PAUSE = 0.15;
/** … and the end of a paragraph. */
const PARAGRAPH_PAUSE = 0.35;

/** A sentence to make. */
export type Sentence = {
  /** With the space after it, which tells how long to pause. */
  readonly text: string;
  readonly language: SpokenLanguage;
  readonly voice: Voice;
  readonly request: SpeechRequest;
  /** Whether nothing follows. */
  readonly isLast: boolean;
};

/** Speaks one sentence. Throws what `EspeakProcess.speak` throws. */
export async function makePart(sentence: Sentence, process: EspeakProcess, signal: AbortSignal): Promise<SpeechPart> {
  const { text, language, voice, request } = sentence;
  const { words, mapped } = splitWords(text);
  const spoken = normalise(mapped, language.code);
  const { ssml, owners } = toSsml(spoken, language.code);
  const { readRate, ...prosody } = prosodyOf(voice, language.code, request.rate, request.pitch);
  const variant = voice.variant_lines && { name: voice.variant.slice(1), lines: voice.variant_lines };
  const settings = { ...prosody, voice: language.voice + voice.variant, variant };

  const reply = await process.speak({ ...settings, ssml, samples: true }, signal);
  let phonemes = readPhonemes(reply.events, owners, reply.milliseconds);
  const wantsWords = request.words !== false;
  if (wantsWords && lacksWords(phonemes, words.length))
    phonemes = await withWords(phonemes, spoken, settings, process, signal);
  const finish = {
    readRate,
    sampleRate: request.sampleRate,
    timbre: voice.timbre,
    tail: TAIL_SECONDS + pause(sentence),
    fadeOut: endsVoiced(phonemes) ? FADE_OUT_SECONDS.voice : FADE_OUT_SECONDS.noise,
  };
  const sound = finishSound(reply.samples, finish);
  return {
    text: text.trim(),
    language: language.code,
    audio: { sampleRate: request.sampleRate, samples: sound.samples },
    ...(wantsWords ? { words: timedWords(phonemes, words, sound) } : {}),
    phonemes: timedPhonemes(phonemes, sound, sound.samples.length / request.sampleRate),
  };
}

async function withWords(
  phonemes: readonly RawPhoneme[],
  spoken: MappedText,
  settings: Omit<Utterance, "ssml" | "samples">,
  process: EspeakProcess,
  signal: AbortSignal,
): Promise<readonly RawPhoneme[]> {
  const { ssml, owners } = toMarkedSsml(spoken);
  const reply = await process.speak({ ...settings, ssml, samples: false }, signal);
  return carryWords(phonemes, readPhonemes(reply.events, owners, reply.milliseconds));
}

/** Whether the last sound is a vowel, a nasal or a liquid. */
function endsVoiced(phonemes: readonly RawPhoneme[]): boolean {
  return /[aeiouyæøœɐɑɒəɚɘɛɜɞɪɨɔɵɯʉʊʌʏwjmnŋɲlɫɭʎrɾɹ]/u.test(phonemes.findLast(({ ipa }) => ipa !== "")?.ipa ?? "");
}

/** Seconds of silence that the way a sentence ends adds to the usual. */
function pause({ text, isLast }: Sentence): number {
  if (isLast) return 0;
  if (/\n\s*$/u.test(text)) return PARAGRAPH_PAUSE;
  return /[.!?…。！？][\p{P}\s]*$/u.test(text) ? SENTENCE_PAUSE : 0;
}

function timedWords(phonemes: readonly RawPhoneme[], words: readonly string[], sound: FinishedSound): TimedWord[] {
  return wordSpans(phonemes, words).map(({ start, end }, index) => ({
    text: words[index] as string,
    start: sound.toSeconds(start),
    end: sound.toSeconds(end),
  }));
}

/** The phonemes with the silence around them, which belongs to the part and not to espeak-ng. */
function timedPhonemes(phonemes: readonly RawPhoneme[], sound: FinishedSound, duration: number): TimedPhoneme[] {
  const heard = phonemes.filter(({ ipa }) => ipa !== "");
  const first = heard[0];
  const last = heard.at(-1);
  if (!first || !last) return [{ ipa: "", start: 0, end: duration }];
  const inner = phonemes.slice(phonemes.indexOf(first), phonemes.indexOf(last) + 1);
  const timed = inner.map(({ ipa, start, end }) => ({ ipa, start: sound.toSeconds(start), end: sound.toSeconds(end) }));
  const begin = timed[0]?.start ?? 0;
  const end = timed.at(-1)?.end ?? duration;
  return [
    ...(begin > 0 ? [{ ipa: "", start: 0, end: begin }] : []),
    ...timed.filter((phoneme) => phoneme.end > phoneme.start),
    ...(end < duration ? [{ ipa: "", start: end, end: duration }] : []),
  ];
}
