/** From what the caller and the voice ask for to espeak-ng's settings. */

import { ESPEAK_SAMPLE_RATE } from "./protocol.ts";
import type { Voice } from "./voices.ts";

/** espeak-ng's default speed. */
const WORDS_PER_MINUTE = 175;
const SLOWEST = 80;
const FASTEST = 450;
/** espeak-ng's middle pitch, and its steps per semitone under and over it (measured on three voices). */
const MIDDLE_PITCH = 50;
const STEPS_DOWN = 5.85;
const STEPS_UP = 5.15;
const HIGHEST_PITCH = 99;
const WIDEST_RANGE = 99;
/** Rates that the sound may be read at are multiples of this, so that the resampler's filters stay small. */
const RATE_GRID = 75;
/** Speed that doubles the tempo, as a power of two: Russian vowels shrink less than others (measured). */
const STIFFNESS: Readonly<Record<string, number>> = { ru: 1.35, uk: 1.2, be: 1.2 };

/** How espeak-ng is to speak, and at which rate its sound is to be read. */
export type Prosody = {
  readonly wordsPerMinute: number;
  /** 0…99. */
  readonly pitch: number;
  /** 0…99. */
  readonly range: number;
  /** Hz at which the samples are taken to be; over `ESPEAK_SAMPLE_RATE` raises pitch and formants and shortens. */
  readonly readRate: number;
};

/**
 * Settings for a voice.
 * @param rate factor on the tempo, 0.5…2.
 * @param semitones shift of the pitch, −12…12. What espeak-ng cannot reach is made up for by resampling.
 */
export function prosodyOf(voice: Voice, language: string, rate: number, semitones: number): Prosody {
  const { formant } = voice.timbre;
  const wanted = toSemitones(voice.pitch) + semitones - 12 * Math.log2(formant);
  const pitch = Math.min(HIGHEST_PITCH, Math.max(0, Math.round(toPitch(wanted))));
  const missing = 2 ** ((wanted - toSemitones(pitch)) / 12);
  const readRate = Math.round((ESPEAK_SAMPLE_RATE * formant * missing) / RATE_GRID) * RATE_GRID;
  const tempo = (rate * voice.rate * ESPEAK_SAMPLE_RATE) / readRate;
  // espeak-ng keeps the width of its intonation in Hz; the ear hears it in semitones.
  const range = voice.range * 2 ** (toSemitones(pitch) / 12);
  const speed = WORDS_PER_MINUTE * tempo ** (STIFFNESS[language] ?? 1);
  return {
    wordsPerMinute: Math.round(Math.min(FASTEST, Math.max(SLOWEST, speed))),
    pitch,
    range: Math.round(Math.min(WIDEST_RANGE, range)),
    readRate,
  };
}

/** Semitones from a voice's own pitch that espeak-ng's pitch stands for. */
function toSemitones(pitch: number): number {
  const steps = pitch - MIDDLE_PITCH;
  return steps / (steps < 0 ? STEPS_DOWN : STEPS_UP);
}

function toPitch(semitones: number): number {
  return MIDDLE_PITCH + semitones * (semitones < 0 ? STEPS_DOWN : STEPS_UP);
}
