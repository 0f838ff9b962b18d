/** Makes speech sung: its vowels held as notes of a melody, everything else in its own time. */
import type { SpeechPart, TimedPhoneme } from "../../src/engines/speech/speech-engine.ts";
import { cheapTrick, d4c, dio, stoneMask, synthesise } from "../../src/signal/world/index.ts";
import { between, oneOf, random } from "./espeak-sentences.ts";

const FRAME_MS = 5;
const FRAMES_PER_SECOND = 1000 / FRAME_MS;
const VOWEL = /[aɑɒɐʌæeɛəɘɜɝɚɞiɪᵻɨɯɤɿoɔøœɵɶuʊyʏʉ]/u;
const SCALES = [
  [0, 2, 4, 5, 7, 9, 11],
  [0, 2, 3, 5, 7, 8, 10],
  [0, 2, 4, 7, 9],
] as const;
/** Lengths of notes, in beats. */
const NOTES = [0.5, 0.5, 1, 1, 1, 2, 3] as const;
/** From one note to the next, in seconds. */
const GLIDE = 0.07;
/** Of a held vowel this much keeps its time at either end, in seconds: mouths move there as they do in speech. */
const EDGE = 0.04;

type Note = { readonly start: number; readonly end: number; readonly hz: number };

/** A melody for the vowels of a part, and the times that the phonemes get by it. */
function score(part: SpeechPart): { phonemes: TimedPhoneme[]; notes: Note[] } {
  const beat = between(0.22, 0.6);
  const scale = oneOf(SCALES);
  const root = 110 * 2 ** between(-0.3, 1.4);
  let step = 0;
  let now = 0;
  const notes: Note[] = [];
  const phonemes = (part.phonemes ?? []).map(({ ipa, start, end }) => {
    const own = end - start;
    let length = own;
    if (VOWEL.test(ipa)) {
      step = Math.max(-5, Math.min(7, step + Math.floor(between(-3, 4))));
      const degree = ((step % scale.length) + scale.length) % scale.length;
      const octave = Math.floor(step / scale.length);
      length = Math.max(own, oneOf(NOTES) * beat - 0.08);
      notes.push({ start: now, end: now + length, hz: root * 2 ** ((scale[degree] as number) / 12 + octave) });
    } else if (ipa === "") length = own * between(0.8, 2.5);
    const sung = { ipa, start: now, end: now + length };
    now += length;
    return sung;
  });
  return { phonemes, notes };
}

/** Pitch at a time: the note's, gliding into the next one, with a vibrato on long ones. */
function pitchAt(notes: readonly Note[], t: number, vibrato: number): number {
  let index = notes.findLastIndex(({ start }) => start <= t);
  if (index < 0) index = 0;
  const { start, end, hz } = notes[index] as Note;
  const next = notes[index + 1];
  let log = Math.log2(hz);
  // Voiced consonants between vowels carry the glide.
  if (next && t > end - GLIDE) {
    const share = Math.min(1, (t - (end - GLIDE)) / (next.start - end + GLIDE));
    log += (Math.log2(next.hz) - log) * share * share * (3 - 2 * share);
  }
  const held = Math.min(1, Math.max(0, (t - start - 0.25) / 0.2));
  return 2 ** (log + held * vibrato * Math.sin(2 * Math.PI * 5.6 * t));
}

/** Place in a sound of `own` seconds that is heard at `t` of it when it lasts `sung`: only its middle is held. */
function placeIn(t: number, sung: number, own: number): number {
  const edge = Math.min(EDGE, own / 3);
  if (sung <= own) return (t / sung) * own;
  if (t < edge) return t;
  if (t > sung - edge) return own - (sung - t);
  return edge + ((t - edge) / (sung - 2 * edge)) * (own - 2 * edge);
}

/** The part sung, at its own rate. */
export function sing(part: SpeechPart): SpeechPart {
  const { samples, sampleRate } = part.audio;
  const { phonemes, notes } = score(part);
  if (notes.length === 0) return part;
  const rough = dio(samples, sampleRate);
  const f0 = stoneMask(samples, sampleRate, rough.f0, rough.times);
  const { envelope, fftSize } = cheapTrick(samples, sampleRate, f0, rough.times);
  const { aperiodicity } = d4c(samples, sampleRate, f0, rough.times, { fftSize });
  const bins = fftSize / 2 + 1;
  const duration = phonemes.at(-1)?.end ?? 0;
  const frames = Math.max(2, Math.floor(duration * FRAMES_PER_SECOND));
  const sungF0 = new Float64Array(frames);
  const sungEnvelope = new Float32Array(frames * bins);
  const sungNoise = new Float32Array(frames * bins);
  const vibrato = random() < 0.7 ? between(0.01, 0.06) : 0;
  let at = 0;
  for (let i = 0; i < frames; i++) {
    const t = i / FRAMES_PER_SECOND;
    while (at < phonemes.length - 1 && t >= (phonemes[at]?.end ?? 0)) at++;
    const sung = phonemes[at] as TimedPhoneme;
    const own = part.phonemes?.[at] as TimedPhoneme;
    const place = own.start + placeIn(t - sung.start, sung.end - sung.start, own.end - own.start);
    const row = Math.min(f0.length - 1, Math.max(0, Math.round(place * FRAMES_PER_SECOND)));
    sungF0[i] = (f0[row] as number) > 0 ? pitchAt(notes, t, vibrato) : 0;
    sungEnvelope.set(envelope.subarray(row * bins, (row + 1) * bins), i * bins);
    sungNoise.set(aperiodicity.subarray(row * bins, (row + 1) * bins), i * bins);
  }
  const options = { sampleRate, fftSize, framePeriod: FRAME_MS, seed: 1 };
  const sound = synthesise(sungF0, sungEnvelope, sungNoise, options);
  const length = Math.floor(duration * sampleRate);
  const out = new Float32Array(length);
  out.set(sound.subarray(0, length));
  return { ...part, audio: { sampleRate, samples: out }, phonemes };
}
