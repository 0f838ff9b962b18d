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
/** Sound shows a vowel from its first moment on, where phonemes begin with a transition: seconds to wait. */
const DELAY = 0.02;
/** Decibels under the loud syllables at which nothing is spoken. */
const SILENCE = -34;
/** Frequency of zero crossings, Hz, above which it is friction, and above which it is s and not sh. */
const FRICTION = 2600;
const SIBILANT = 3900;
/** The hum of m, the only closure that sounds like one: first formant below, second within these, Hz. */
const HUM = { first: 300, second: [1100, 1560], level: -3 } as const;
/** A voiced sound this quiet with some friction in it is z. */
const BUZZ = { crossing: 1900, level: -9 } as const;
/** First formant of a closed and of a wide open mouth, Hz. */
const CLOSED_FORMANT = 270;
const OPEN_FORMANT = 810;

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
  // The first formant rises with the jaw, whatever the vowel; lips part with it.
  const byFormant = Math.min(1, Math.max(0, (first - CLOSED_FORMANT) / (OPEN_FORMANT - CLOSED_FORMANT)));
  const mouth = target as MouthTarget;
  const parted = 0.35 + 0.65 * byFormant;
  const jaw = (0.3 * mouth.jaw + 0.65 * byFormant) * open;
  return { ...mouth, jaw, upper: mouth.upper * parted, lower: mouth.lower * parted };
}

/** Loud syllables open fully, quiet ones less. */
const opennessOf = (level: number): number => 0.95 * Math.min(1.05, Math.max(0.25, 1 + level / 26));

function guess(features: AudioFeatures, at: number): Viseme {
  const level = features.level[at] as number;
  if (level < SILENCE) return VISEMES.rest;
  const crossing = features.crossing[at] as number;
  if (crossing > SIBILANT || (crossing > BUZZ.crossing && level < BUZZ.level)) return VISEMES.SS;
  if (crossing > FRICTION) return VISEMES.CH;
  const first = features.first[at] as number;
  const second = features.second[at] as number;
  const [low, high] = HUM.second;
  if (first < HUM.first && second > low && second < high && level < HUM.level) return VISEMES.PP;
  const target = vowelAt(first, second, opennessOf(level));
  return { name: "E", weight: 1, target };
}

/**
 * A mouth from the sound alone: vowels from formants, opening from loudness and the first formant, friction from zero
 * crossings, closed lips from the hum of m. Lips closed on p and b cannot be told from other stops this way: there the
 * mouth only narrows. It knows no words; it is blended like phonemes are.
 */
export function audioMouth(part: SpeechPart): MouthSource {
  const features = audioFeatures(part.audio);
  const { step, count } = features;
  const duration = part.audio.samples.length / part.audio.sampleRate;
  const events: MouthEvent[] = [{ start: -MARGIN, end: 0, viseme: VISEMES.rest, stressed: false }];
  const stride = Math.round(SPAN / step);
  for (let i = 0; i < count; i += stride) {
    const start = i === 0 ? 0 : i * step + DELAY;
    const end = Math.min(duration, (i + stride) * step + DELAY);
    if (end <= start) break;
    const last = events.at(-1) as MouthEvent;
    const viseme = guess(features, Math.min(count - 1, i + (stride >> 1)));
    // Runs of rest and of one closure are one event each, so that they weigh as such.
    if (last.viseme === viseme) events[events.length - 1] = { ...last, end };
    else events.push({ start, end, viseme, stressed: false });
  }
  events.push({ start: duration, end: duration + MARGIN, viseme: VISEMES.rest, stressed: false });
  return coarticulate(events);
}
