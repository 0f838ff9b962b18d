import type { StereoPassage } from "../stem-separator.ts";
import { withoutEchoes } from "./echoes.ts";
import { melodyOf } from "./melody.ts";
import { repeatingPart } from "./repetition.ts";
import { analyse, BIN_HZ, BINS, type MidSide, synthesise } from "./spectra.ts";

/** How much of the power beside the middle is thought to be in the middle, too. */
const LEAK = 1.5;

/** Hz below which there is no voice, and from which there is all of it. */
const LOWEST = [72, 108] as const;

/** How much of what repeats is taken for accompaniment, and how much its power counts against the voice's. */
const REPEATING = { share: 0.5, weight: 0.35 } as const;

/** Of what lies off the melody's harmonics, and above those that can be told apart, what counts as voice. */
const OFF_HARMONICS = 0.1;
const HIGH = { hz: 5000, share: 0.7 } as const;

/** Where nobody sings a pitch: consonants are high. */
const UNVOICED = { hz: 2500, above: 0.5, below: 0.05 } as const;

/** Bins on either side of a harmonic that are its own, how many more fade, and how much wider each harmonic is. */
const WIDTH = { whole: 1.6, fade: 1.5, wider: 0.06 } as const;

/** Share of the louder side's power below which the other side counts as empty. */
const EMPTY = 1e-4;

type Sides = [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];

/** What can be found: the voices of a song, the lead of several voices, a voice without the room's echo. */
export type Sought = "voice" | "lead" | "dry";

/**
 * What is sought in a stretch of sound. A voice is in the middle, does not repeat, and lies on the harmonics of a melody.
 * @returns both sides, as long as the sound
 */
export function find(sought: Sought, sound: StereoPassage): Sides {
  return sought === "dry" ? dryOf(sound) : voiceOf(sound, { repeats: sought === "lead" });
}

/** @param how `repeats`: what is sought may repeat like all else */
function voiceOf(sound: StereoPassage, how: { readonly repeats: boolean }): Sides {
  const [left, right] = sound;
  const powers = sound.map((side) => side.reduce((sum, value) => sum + value * value, 0)) as [number, number];
  const silent = (): Float32Array<ArrayBuffer> => new Float32Array(left.length);
  if (powers[0] + powers[1] === 0) return [silent(), silent()];
  // A song on one side alone has its middle there.
  if (powers[1] < EMPTY * powers[0]) return [voiceInTheMiddle([left, left], how), silent()];
  if (powers[0] < EMPTY * powers[1]) return [silent(), voiceInTheMiddle([right, right], how)];
  const voice = voiceInTheMiddle(sound, how);
  return [voice, voice.slice()];
}

/** Each side without its late echoes. */
function dryOf([left, right]: StereoPassage): Sides {
  const dry = (side: Float32Array): Float32Array<ArrayBuffer> => {
    const spectra = analyse([side, side]);
    return synthesise(spectra, withoutEchoes(powerOf(spectra), spectra.frames), side.length);
  };
  const same = left.every((value, n) => value === right[n]);
  const first = dry(left);
  return [first, same ? first.slice() : dry(right)];
}

function voiceInTheMiddle(sound: StereoPassage, { repeats }: { readonly repeats: boolean }): Float32Array<ArrayBuffer> {
  const spectra = analyse(sound);
  const { frames } = spectra;
  const power = powerOf(spectra);
  const shares = middleOf(power, spectra.side, frames);
  const magnitudes = new Float32Array(power.length);
  for (let at = 0; at < power.length; at++) {
    magnitudes[at] = (shares[at] as number) * Math.sqrt(power[at] as number);
    power[at] = (power[at] as number) + (spectra.side[at] as number);
  }
  if (!repeats) leaveRepeating(shares, magnitudes, repeatingPart(magnitudes, power, frames));
  const pitches = melodyOf(magnitudes, frames);
  for (let frame = 0; frame < frames; frame++) {
    keepMelody(shares.subarray(frame * BINS, (frame + 1) * BINS), pitches[frame] as number);
  }
  return synthesise(spectra, shares, sound[0].length);
}

/** Takes what repeats out of the shares and the magnitudes. */
function leaveRepeating(shares: Float32Array, magnitudes: Float32Array, repeating: Float32Array): void {
  for (let at = 0; at < repeating.length; at++) {
    const magnitude = magnitudes[at] as number;
    const again = Math.min(magnitude, repeating[at] as number);
    const own = Math.max(0, magnitude - REPEATING.share * again) ** 2;
    const other = REPEATING.weight * (REPEATING.share * again) ** 2;
    if (other > 0) shares[at] = ((shares[at] as number) * own) / (own + other);
    magnitudes[at] = magnitude - again;
  }
}

function powerOf({ re, im }: MidSide): Float32Array {
  const power = new Float32Array(re.length);
  for (let at = 0; at < re.length; at++) power[at] = (re[at] as number) ** 2 + (im[at] as number) ** 2;
  return power;
}

/** What of the middle's bins is not heard on one side more than on the other, over three frames and three bins. */
function middleOf(mid: Float32Array, side: Float32Array, frames: number): Float32Array {
  const shares = new Float32Array(mid.length);
  for (let frame = 0; frame < frames; frame++) {
    const first = Math.max(0, frame - 1);
    const last = Math.min(frames - 1, frame + 1);
    for (let k = 0; k < BINS; k++) {
      let inMiddle = 0;
      let beside = 0;
      for (let near = first; near <= last; near++) {
        const end = near * BINS + Math.min(BINS - 1, k + 1);
        for (let at = near * BINS + Math.max(0, k - 1); at <= end; at++) {
          inMiddle += mid[at] as number;
          beside += side[at] as number;
        }
      }
      if (inMiddle > 0) shares[frame * BINS + k] = Math.max(0, 1 - (LEAK * beside) / inMiddle);
    }
  }
  return shares;
}

/** Leaves of a frame what a voice of this pitch has in it. @param pitch Hz; 0 for none */
function keepMelody(shares: Float32Array, pitch: number): void {
  for (let k = 0; k < BINS; k++) {
    const hz = k * BIN_HZ;
    let share = Math.min(1, Math.max(0, (hz - LOWEST[0]) / (LOWEST[1] - LOWEST[0])));
    if (pitch === 0) share *= hz > UNVOICED.hz ? UNVOICED.above : UNVOICED.below;
    else if (hz > HIGH.hz) share *= HIGH.share;
    else {
      const harmonic = Math.max(1, Math.round(hz / pitch));
      const away = Math.abs(hz - harmonic * pitch) / BIN_HZ - harmonic * WIDTH.wider;
      const on = Math.min(1, Math.max(0, 1 - (away - WIDTH.whole) / WIDTH.fade));
      share *= OFF_HARMONICS + (1 - OFF_HARMONICS) * on;
    }
    shares[k] = (shares[k] as number) * share;
  }
}
