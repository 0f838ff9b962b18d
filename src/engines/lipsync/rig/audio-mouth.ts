import type { SpeechPart } from "../../speech/speech-engine.ts";
import { type AudioFeatures, audioFeatures } from "./audio-features.ts";
import { coarticulate, type MouthSource } from "./coarticulation.ts";
import type { MouthEvent } from "./mouth-events.ts";
import type { MouthTarget } from "./mouth-parameters.ts";
import { VISEMES, type Viseme } from "./viseme-table.ts";

/** Seconds per guess at a sound: short against a syllable, long enough to be steady. */
const SPAN = 0.02;
/** Rest before and after, seconds. */
const MARGIN = 1;
/** Decibels under the loud syllables at which nothing is spoken. */
const SILENCE = -34;
/** Frequency of zero crossings, Hz, above which it is friction, and above which it is s and not sh. */
const FRICTION = 2600;
const SIBILANT = 3900;
/** A closure of the lips: a dip of at least this many decibels, for between these times, before a dark release. */
const DIP = 11;
const DIP_SECONDS = [0.03, 0.13] as const;
const DARK_RELEASE = 1500;

/** Where vowels lie: first and second formant, Hz. */
const VOWELS = [
  [VISEMES.aa, 800, 1350],
  [VISEMES.E, 540, 1850],
  [VISEMES.ih, 330, 2250],
  [VISEMES.oh, 480, 950],
  [VISEMES.ou, 340, 850],
] as const;

/** The vowel at two formants: the neighbours' shapes, weighed by how near they are. */
function vowelAt(first: number, second: number, open: number): MouthTarget {
  const sum: Record<string, number> = {};
  let total = 0;
  for (const [viseme, f1, f2] of VOWELS) {
    const x = Math.log2(first / f1) / 0.45;
    const y = Math.log2(second / f2) / 0.45;
    const near = Math.exp(-0.5 * (x * x + y * y)) + 1e-4;
    total += near;
    for (const [name, value] of Object.entries(viseme.target)) sum[name] = (sum[name] ?? 0) + near * value;
  }
  const target = Object.fromEntries(Object.entries(sum).map(([name, value]) => [name, value / total]));
  // The first formant rises with the jaw: half of the jaw is read from it, half from the vowel.
  const byFormant = Math.min(0.85, Math.max(0.12, (first - 280) / 620));
  const jaw = (0.5 * (target["jaw"] ?? 0) + 0.5 * byFormant) * open;
  return { ...(target as MouthTarget), jaw };
}

/** Loud syllables open fully, quiet ones less. */
const opennessOf = (level: number): number => 0.95 * Math.min(1.05, Math.max(0.25, 1 + level / 26));

/** Spans of time in which the lips are shut. */
function closures(features: AudioFeatures): readonly { readonly from: number; readonly to: number }[] {
  const { level, crossing, count, step } = features;
  const reach = Math.round(0.09 / step);
  const found: { from: number; to: number }[] = [];
  const peak = (from: number, to: number): number => {
    let best = -Infinity;
    for (let i = Math.max(0, from); i <= Math.min(count - 1, to); i++) best = Math.max(best, level[i] as number);
    return best;
  };
  for (let i = 1; i < count; i++) {
    const limit = Math.min(peak(i - reach, i - 1), peak(i + 1, i + reach)) - DIP;
    if ((level[i] as number) > limit) continue;
    let end = i;
    while (end + 1 < count && (level[end + 1] as number) <= limit) end++;
    const seconds = (end - i + 1) * step;
    const release = crossing[Math.min(count - 1, end + 2)] as number;
    if (seconds >= DIP_SECONDS[0] && seconds <= DIP_SECONDS[1] && release < DARK_RELEASE)
      found.push({ from: i, to: end + 1 });
    i = end;
  }
  return found;
}

function guess(features: AudioFeatures, at: number): Viseme {
  const level = features.level[at] as number;
  if (level < SILENCE) return VISEMES.rest;
  const crossing = features.crossing[at] as number;
  if (crossing > SIBILANT) return VISEMES.SS;
  if (crossing > FRICTION) return VISEMES.CH;
  const target = vowelAt(features.first[at] as number, features.second[at] as number, opennessOf(level));
  return { name: "E", weight: 1, target };
}

/**
 * A mouth from the sound alone: vowels from formants, opening from loudness and the first formant, friction from zero
 * crossings, closed lips from short dips before a dark release. It knows no words; it is blended like phonemes are.
 */
export function audioMouth(part: SpeechPart): MouthSource {
  const features = audioFeatures(part.audio);
  const { step, count } = features;
  const duration = part.audio.samples.length / part.audio.sampleRate;
  const shut = closures(features);
  const events: MouthEvent[] = [{ start: -MARGIN, end: 0, viseme: VISEMES.rest, stressed: false }];
  const stride = Math.round(SPAN / step);
  for (let i = 0; i < count; i += stride) {
    const start = i * step;
    const end = Math.min(duration, (i + stride) * step);
    if (end <= start) break;
    const last = events.at(-1) as MouthEvent;
    const dip = shut.find(({ from, to }) => i >= from && i < to);
    const viseme = dip ? VISEMES.PP : guess(features, Math.min(count - 1, i + (stride >> 1)));
    // Runs of rest and of one closure are one event each, so that they weigh as such.
    if (last.viseme === viseme) events[events.length - 1] = { ...last, end };
    else events.push({ start, end, viseme, stressed: false });
  }
  events.push({ start: duration, end: duration + MARGIN, viseme: VISEMES.rest, stressed: false });
  return coarticulate(events);
}
