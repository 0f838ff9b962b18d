import type { SpeechEngine } from "../../engines/speech/speech-engine.ts";
import type { MonoAudio } from "../../signal/audio.ts";
import { synthesise } from "../../signal/world/index.ts";
import { FRAME_SECONDS, type Syllable, speakSyllable } from "./syllable.ts";
import { BEAT, frequencyOf, MELODY, SONG_SECONDS, type SungNote } from "./tune.ts";

/** Seconds at either end of a vowel that are not stretched. */
const STEADY = 0.05;
/** Share of a vowel that has passed when three quarters of the note have: a diphthong turns late. */
const HELD = 0.45;
/** Longest beginning and end of a syllable, in seconds: singers do not dwell on consonants. */
const LONGEST = { onset: 0.14, coda: 0.16 } as const;
/** Seconds that the voice takes from one note to the next. */
const GLIDE = 0.07;
/** Of notes that are held: Hz, cents, and seconds before it sets in. */
const VIBRATO = { hz: 5.4, cents: 32, after: 0.35, rise: 0.35 } as const;
/** Mean power of a sung vowel's harmonics, as the vocoder counts it. */
const LOUDNESS = 0.45;
/** Seconds over which the last note fades. */
const FADE = 0.5;

/** A note on the frames of the song. */
type Placed = { readonly sung: SungNote; readonly syllable: Syllable; readonly from: number; readonly to: number };

/**
 * Sings the melody: each syllable is spoken, and laid onto its note with the vocoder; the vowel begins on the beat.
 * @param onProgress told the share that is done
 */
export async function sing(
  engine: SpeechEngine,
  sampleRate: number,
  signal: AbortSignal,
  onProgress: (share: number) => void = () => {},
): Promise<MonoAudio> {
  const spoken = new Map<string, Syllable>();
  const placed: Placed[] = [];
  let beat = 0;
  for (const sung of MELODY) {
    let syllable = spoken.get(sung.text);
    if (!syllable) {
      syllable = await speakSyllable(engine, sung.text, engine.defaultVoice, sampleRate, signal);
      spoken.set(sung.text, syllable);
    }
    const from = Math.round((beat * BEAT) / FRAME_SECONDS);
    beat += sung.beats;
    placed.push({ sung, syllable, from, to: Math.round((beat * BEAT) / FRAME_SECONDS) });
    onProgress(placed.length / MELODY.length);
  }
  return { sampleRate, samples: render(placed, sampleRate) };
}

function render(placed: readonly Placed[], sampleRate: number): Float32Array {
  const { bins, fftSize } = (placed[0] as Placed).syllable;
  const frames = Math.round(SONG_SECONDS / FRAME_SECONDS);
  const f0 = new Float64Array(frames);
  const envelope = new Float32Array(frames * bins).fill(1e-12);
  const aperiodicity = new Float32Array(frames * bins).fill(1);
  for (const [k, each] of placed.entries()) {
    const { syllable, from } = each;
    const next = placed[k + 1];
    const end = Math.min(frames, next ? next.from - onsetOf(next.syllable) : each.to);
    const gain = LOUDNESS / sungPower(syllable, frequencyOf(each.sung.note), sampleRate);
    for (let frame = Math.max(0, from - onsetOf(syllable)); frame < end; frame++) {
      const source = sourceFrame(syllable, frame - from, end - from);
      const fade = next ? 1 : Math.min(1, ((end - frame) * FRAME_SECONDS) / FADE);
      copyFrame(syllable, source, frame, gain * fade * fade, { envelope, aperiodicity });
      // The voice of a note goes on where the melody says.
      if ((syllable.f0[Math.round(source)] as number) > 0) f0[frame] = melodyAt(placed, k, frame);
    }
  }
  return synthesise(f0, envelope, aperiodicity, { sampleRate, fftSize });
}

function onsetOf({ start, vowel }: Syllable): number {
  return Math.min(vowel - start, Math.round(LONGEST.onset / FRAME_SECONDS));
}

/** Frame of the syllable that sounds `at` frames after the beat, of a note that has `length`. */
function sourceFrame({ vowel, coda, end, start }: Syllable, at: number, length: number): number {
  if (at < 0) return Math.max(start, vowel + at);
  const closing = Math.min(end - coda, Math.round(LONGEST.coda / FRAME_SECONDS), Math.floor(length / 3));
  const open = length - closing;
  if (at >= open) return coda + ((at - open) / Math.max(1, closing)) * (end - coda);
  const span = coda - vowel;
  const steady = Math.min(STEADY / FRAME_SECONDS, span / 3, open / 3);
  if (at < steady) return vowel + at;
  if (at >= open - steady) return coda - (open - at);
  const share = (at - steady) / Math.max(1, open - 2 * steady);
  const passed = share < 0.75 ? (share / 0.75) * HELD : HELD + ((share - 0.75) / 0.25) * (1 - HELD);
  return vowel + steady + passed * Math.max(0, span - 2 * steady);
}

function copyFrame(
  { envelope, aperiodicity, bins, f0 }: Syllable,
  source: number,
  frame: number,
  gain: number,
  to: { readonly envelope: Float32Array; readonly aperiodicity: Float32Array },
): void {
  const first = Math.min(f0.length - 1, Math.floor(source));
  const second = Math.min(f0.length - 1, first + 1);
  const part = source - first;
  for (let bin = 0; bin < bins; bin++) {
    const a = envelope[first * bins + bin] as number;
    const b = envelope[second * bins + bin] as number;
    to.envelope[frame * bins + bin] = gain * (a + part * (b - a)) + 1e-12;
    const nearest = part < 0.5 ? first : second;
    to.aperiodicity[frame * bins + bin] = aperiodicity[nearest * bins + bin] as number;
  }
}

/** Mean power of the harmonics that a vowel has at a pitch: a high note may miss its formants. */
function sungPower({ envelope, bins, vowel, coda, fftSize }: Syllable, hz: number, sampleRate: number): number {
  let sum = 0;
  for (let frame = vowel; frame < coda; frame++) {
    for (let harmonic = hz; harmonic < sampleRate / 2; harmonic += hz) {
      sum += envelope[frame * bins + Math.round((harmonic * fftSize) / sampleRate)] as number;
    }
  }
  return sum / Math.max(1, coda - vowel);
}

/** Frequency of the melody in Hz: notes with a glide between them, and a vibrato on those that are held. */
function melodyAt(placed: readonly Placed[], k: number, frame: number): number {
  const { sung, from, to } = placed[k] as Placed;
  const before = placed[k - 1]?.sung.note ?? sung.note - 2;
  const seconds = (frame - from) * FRAME_SECONDS;
  // The glide ends shortly after the beat, so that the note is right where it is heard.
  const share = Math.min(1, Math.max(0, (seconds + 0.7 * GLIDE) / GLIDE));
  const note = before + (sung.note - before) * (0.5 - 0.5 * Math.cos(Math.PI * share));
  const held = (to - from) * FRAME_SECONDS > 0.6;
  const depth = held ? Math.min(1, Math.max(0, (seconds - VIBRATO.after) / VIBRATO.rise)) * VIBRATO.cents : 0;
  return frequencyOf(note + (depth / 100) * Math.sin(2 * Math.PI * VIBRATO.hz * seconds));
}
