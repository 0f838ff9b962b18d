import type { SpeechPart } from "../../speech/speech-engine.ts";
import { loudnessOf } from "./loudness.ts";
import { isStressed, visemesOf } from "./visemes.ts";

/** What talking adds to the idle head at one moment. Lengths in u, roll in radians. */
export type Gesture = { nod: number; brow: number; roll: number; yaw: number; activity: number };

/** Head and brows of one part of speech. Times are seconds from its start. */
export interface GestureSource {
  /** Adds to `out`; nothing before the part, and a fading trace after it. */
  add(t: number, out: Gesture): void;
}

type Accent = { readonly at: number; readonly strength: number; readonly side: number };

/** Emphasis comes at most this often, seconds. */
const SPACING = 1.6;
const BROW = { raise: 2.9, sigma: 0.13 } as const;
/** A nod leads its brows by `ahead` seconds. */
const NOD = { fall: 2.1, sigma: 0.15, ahead: 0.04 } as const;
const TURN = { yaw: 1.5, roll: 0.0042, sigma: 0.55 } as const;
/** Seconds over which gestures and liveliness set in after the start of a part, and die away after its end. */
const ONSET = 0.35;
const FADE = 0.7;

const smooth = (x: number): number => {
  const t = Math.min(1, Math.max(0, x));
  return t * t * (3 - 2 * t);
};
const VOWELS = new Set(["aa", "E", "ih", "oh", "ou"]);

/** Vowels that may carry emphasis, with how much they stand out. */
function candidates(part: SpeechPart, peaks: ReturnType<typeof loudnessOf>): readonly { at: number; score: number }[] {
  const vowels = (part.phonemes ?? []).filter((p) => VOWELS.has(visemesOf(p.ipa, part.language)[0]?.viseme.name ?? ""));
  const stressed = vowels.filter((p) => isStressed(p.ipa));
  const chosen = stressed.length > 0 ? stressed : vowels;
  if (chosen.length > 0) {
    return chosen.map((p) => ({
      at: (p.start + p.end) / 2,
      score: peaks.between(p.start, p.end) + Math.min(0.25, p.end - p.start),
    }));
  }
  const found: { at: number; score: number }[] = [];
  for (let i = 8; i < peaks.track.length - 8; i++) {
    const level = peaks.track[i] as number;
    if (level > 0.8 && level >= Math.max(...peaks.track.subarray(i - 8, i + 9)))
      found.push({ at: i * peaks.step, score: level });
  }
  return found;
}

function accentsOf(part: SpeechPart, peaks: ReturnType<typeof loudnessOf>): readonly Accent[] {
  const accents: Accent[] = [];
  for (const { at, score } of [...candidates(part, peaks)].sort((a, b) => b.score - a.score)) {
    if (accents.some((accent) => Math.abs(accent.at - at) < SPACING)) continue;
    accents.push({ at, strength: 0.55 + 0.45 * Math.min(1, score), side: 0 });
  }
  accents.sort((a, b) => a.at - b.at);
  return accents.map((accent, index) => ({ ...accent, side: index % 2 === 0 ? 1 : -0.7 }));
}

/** Nods and raised brows on the words that stand out, small turns between them. */
export function gesturesOf(part: SpeechPart): GestureSource {
  const peaks = loudnessOf(part.audio);
  const accents = accentsOf(part, peaks);
  const duration = part.audio.samples.length / part.audio.sampleRate;
  const silent = part.phonemes?.every(({ ipa }) => ipa.trim() === "") ?? peaks.silent;
  const bump = (t: number, sigma: number): number => {
    const z = t / sigma;
    return Math.abs(z) > 4.5 ? 0 : Math.exp(-0.5 * z * z);
  };
  return {
    add(t, out) {
      if (silent || t <= 0 || t > duration + 3) return;
      const onset = smooth(t / ONSET);
      const live = onset * (1 - smooth((t - duration) / FADE));
      out.activity = Math.max(out.activity, live);
      for (const { at, strength, side } of accents) {
        const brow = bump(t - at, BROW.sigma) * strength * onset;
        const nod = bump(t - at + NOD.ahead, NOD.sigma) * strength * onset;
        const turn = bump(t - at, TURN.sigma) * strength * onset * side;
        out.brow += BROW.raise * brow;
        out.nod += NOD.fall * nod;
        out.yaw += TURN.yaw * turn;
        out.roll += TURN.roll * turn;
      }
    },
  };
}
