/** What is done here to a sentence that a service spoke: pace, pitch, rate of samples, silences and level. */

import { bringToLevel } from "../../../signal/level.ts";
import { PitchShifter } from "../../../signal/pitch-shift/pitch-shifter.ts";
import { TimeStretch } from "../../../signal/pitch-shift/time-stretch.ts";
import { resample } from "../../../signal/resample.ts";
import type { TimedWord } from "../speech-engine.ts";
import { ServiceFault, type ServiceSound } from "./speech-service.ts";

export type Finish = {
  /** Factor on the pace that the service has not made. */
  readonly rate: number;
  /** Semitones. */
  readonly pitch: number;
  /** Hz. */
  readonly sampleRate: number;
  readonly isLast: boolean;
};

/** Silence that a sentence has at its ends, in seconds: what is missing is added, what is beyond is cut off. */
const LEAD = { least: 0.03, most: 0.15 } as const;
const TAIL = { least: 0.2, most: 0.5 } as const;
const LAST_TAIL = { least: 0.1, most: 0.5 } as const;
const FADE = 0.005;
/** Blocks that are looked at for silence, in seconds, and their level against the peak: −46 dB. */
const BLOCK = 0.01;
const SILENCE = 0.005;

/** A finished sentence. The times of words follow the sound. */
export function finishSound(sound: ServiceSound, { rate, pitch, sampleRate, isLast }: Finish): ServiceSound {
  let samples = at(sound, sampleRate);
  const pace = Math.abs(rate - 1) > 1e-3 ? rate : 1;
  if (pace !== 1) samples = stretched(samples, sampleRate, 1 / pace);
  if (pitch !== 0) samples = shifted(samples, sampleRate, pitch);
  const placed = withSilences(samples, sampleRate, isLast ? LAST_TAIL : TAIL);
  bringToLevel(placed.samples, sampleRate);
  const seconds = placed.samples.length / sampleRate;
  const when = (time: number): number => Math.min(seconds, Math.max(0, time / pace + placed.moved));
  const words = sound.words?.map((word): TimedWord => ({ ...word, start: when(word.start), end: when(word.end) }));
  return { sampleRate, samples: placed.samples, ...(words ? { words } : {}) };
}

function at({ samples, sampleRate }: ServiceSound, wanted: number): Float32Array {
  try {
    return resample(samples, sampleRate, wanted);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ServiceFault("engine_failed", `The service's sound has ${sampleRate} Hz, which cannot be converted.`, {
      cause: error,
    });
  }
}

function stretched(samples: Float32Array, sampleRate: number, stretch: number): Float32Array {
  const process = new TimeStretch(sampleRate, 1, stretch);
  return joined(process.push([samples]), process.finish());
}

function shifted(samples: Float32Array, sampleRate: number, semitones: number): Float32Array {
  const process = new PitchShifter(sampleRate, 1, semitones);
  return joined(process.push([samples]), process.finish());
}

function joined(
  [first = new Float32Array(0)]: Float32Array[],
  [last = new Float32Array(0)]: Float32Array[],
): Float32Array {
  const whole = new Float32Array(first.length + last.length);
  whole.set(first);
  whole.set(last, first.length);
  return whole;
}

/** The sound with its silences as they should be; `moved` is by how many seconds it begins later than before. */
function withSilences(
  samples: Float32Array,
  sampleRate: number,
  tail: { readonly least: number; readonly most: number },
): { readonly samples: Float32Array; readonly moved: number } {
  const { from, to } = heard(samples, Math.round(BLOCK * sampleRate));
  const clamp = (length: number, { least, most }: { readonly least: number; readonly most: number }): number =>
    Math.round(Math.min(most * sampleRate, Math.max(least * sampleRate, length)));
  const lead = clamp(from, LEAD);
  const end = clamp(samples.length - to, tail);
  const placed = new Float32Array(lead + (to - from) + end);
  const first = Math.max(0, from - lead);
  const kept = samples.slice(first, Math.min(samples.length, to + end));
  fadeEnds(kept, Math.min(Math.round(FADE * sampleRate), kept.length >> 1));
  placed.set(kept, lead - (from - first));
  return { samples: placed, moved: (lead - from) / sampleRate };
}

/** The stretch of samples in which something is heard. */
function heard(samples: Float32Array, block: number): { from: number; to: number } {
  let peak = 0;
  for (const value of samples) peak = Math.max(peak, Math.abs(value));
  const isHeard = (start: number): boolean => {
    const end = Math.min(samples.length, start + block);
    for (let n = start; n < end; n++) if (Math.abs(samples[n] as number) > SILENCE * peak) return true;
    return false;
  };
  let from = 0;
  while (from < samples.length && !isHeard(from)) from += block;
  let last = Math.floor((samples.length - 1) / block) * block;
  while (last > from && !isHeard(last)) last -= block;
  return { from: Math.min(from, samples.length), to: Math.min(samples.length, last + block) };
}

function fadeEnds(samples: Float32Array, count: number): void {
  for (let n = 0; n < count; n++) {
    const gain = (n + 0.5) / count;
    samples[n] = (samples[n] as number) * gain;
    const end = samples.length - 1 - n;
    samples[end] = (samples[end] as number) * gain;
  }
}
