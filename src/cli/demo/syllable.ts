import type { SpeechEngine } from "../../engines/speech/speech-engine.ts";
import { cheapTrick, d4c, harvest } from "../../signal/world/index.ts";
import { AppError } from "../../errors.ts";

/** Symbols that a vowel, or a syllable's sounding middle, begins with. */
const VOWEL = /^[ˈˌ]?[aeiouyæɑɒɔəɛɜɚɝɪʊʌɐøœɤɯ]/;

/** A spoken syllable as the WORLD vocoder sees it, with a frame every `FRAME_SECONDS`. */
export type Syllable = {
  /** Hz by frame, 0 where there is no voice. */
  readonly f0: Float64Array;
  /** Power, `bins` values a frame. */
  readonly envelope: Float32Array;
  readonly aperiodicity: Float32Array;
  readonly bins: number;
  readonly fftSize: number;
  /** Frames: first sound, where the vowel begins and ends, end of the last sound. */
  readonly start: number;
  readonly vowel: number;
  readonly coda: number;
  readonly end: number;
};

export const FRAME_SECONDS = 0.005;

/** Has a syllable spoken, and takes it apart. */
export async function speakSyllable(
  engine: SpeechEngine,
  text: string,
  voice: string,
  sampleRate: number,
  signal: AbortSignal,
): Promise<Syllable> {
  const request = { text, language: "en", voice, rate: 0.9, pitch: 0, sampleRate, words: false };
  for await (const { audio, phonemes = [] } of engine.synthesize(request, signal)) {
    const sounding = phonemes.filter(({ ipa }) => ipa !== "");
    const vowels = sounding.filter(({ ipa }) => VOWEL.test(ipa));
    const [first, last] = [sounding[0], sounding.at(-1)];
    const [opening, closing] = [vowels[0], vowels.at(-1)];
    if (!first || !last || !opening || !closing) break;
    const { f0, times } = harvest(audio.samples, sampleRate);
    const { envelope, fftSize } = cheapTrick(audio.samples, sampleRate, f0, times);
    const { aperiodicity } = d4c(audio.samples, sampleRate, f0, times, { fftSize });
    const frame = (seconds: number): number => Math.min(f0.length - 1, Math.round(seconds / FRAME_SECONDS));
    return {
      f0,
      envelope,
      aperiodicity,
      bins: fftSize / 2 + 1,
      fftSize,
      start: frame(first.start),
      vowel: frame(opening.start),
      coda: frame(closing.end),
      end: frame(last.end),
    };
  }
  throw new AppError("engine_failed", `The speech engine gave no syllable for "${text}".`);
}
