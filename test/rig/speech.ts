import type { SpeechPart, TimedPhoneme } from "../../src/engines/speech/speech-engine.ts";

export const SAMPLE_RATE = 24_000;

/** A sound and its seconds; `""` is silence. */
export type Sound = readonly [ipa: string, seconds: number];

/** Phonemes one after the other, from 0. */
export function timed(sounds: readonly Sound[]): readonly TimedPhoneme[] {
  let at = 0;
  return sounds.map(([ipa, seconds]) => ({ ipa, start: at, end: (at += seconds) }));
}

/** A part of speech with these sounds; its samples hum where there is sound, for exactly the sounds' length. */
export function partOf(sounds: readonly Sound[], language = "en"): SpeechPart {
  const phonemes = timed(sounds);
  const duration = phonemes.at(-1)?.end ?? 0;
  const samples = new Float32Array(Math.round(duration * SAMPLE_RATE));
  for (const { ipa, start, end } of phonemes) {
    if (ipa === "") continue;
    const last = Math.min(samples.length, end * SAMPLE_RATE);
    for (let i = Math.round(start * SAMPLE_RATE); i < last; i++) samples[i] = 0.3 * Math.sin(i * 0.05);
  }
  return { text: "", language, audio: { sampleRate: SAMPLE_RATE, samples }, phonemes };
}

/** The part with a sung "a" in the place of its hum: harmonics of 120 Hz under three formants. */
export function sung(part: SpeechPart): SpeechPart {
  const { sampleRate } = part.audio;
  const harmonics = Array.from({ length: 40 }, (_, k) => {
    const hz = 120 * (k + 1);
    const near = (formant: number, width: number): number => 1 / (1 + ((hz - formant) / width) ** 2);
    return {
      step: (2 * Math.PI * hz) / sampleRate,
      gain: near(780, 90) + 0.6 * near(1250, 110) + 0.15 * near(2600, 160),
    };
  });
  const samples = part.audio.samples.map((hum, i) =>
    hum === 0 ? 0 : harmonics.reduce((sum, { step, gain }) => sum + 0.08 * gain * Math.sin(step * i), 0),
  );
  return { ...part, audio: { sampleRate, samples } };
}

/** The same sound without what is known of it. */
export function withoutPhonemes(part: SpeechPart): SpeechPart {
  return { text: part.text, language: part.language, audio: part.audio };
}

/** Parts as an engine would deliver them. */
export async function* spoken(...parts: readonly SpeechPart[]): AsyncGenerator<SpeechPart, void, undefined> {
  yield* parts;
}

/** Silence of so many seconds as a part. */
export const silence = (seconds: number): SpeechPart => partOf([["", seconds]]);

/** A made-up sentence with every kind of sound: "papa, five move. sushi, aha." */
export const BABBLE: readonly Sound[] = [
  ["", 0.2],
  ["p", 0.09],
  ["ˈɑː", 0.16],
  ["p", 0.07],
  ["a", 0.12],
  ["f", 0.09],
  ["ˈaɪ", 0.2],
  ["v", 0.06],
  ["m", 0.05],
  ["ˈuː", 0.16],
  ["b", 0.06],
  ["", 0.1],
  ["s", 0.11],
  ["u", 0.1],
  ["ʃ", 0.1],
  ["i", 0.12],
  ["ɐ", 0.06],
  ["h", 0.05],
  ["ˈɑː", 0.2],
  ["", 0.4],
];
