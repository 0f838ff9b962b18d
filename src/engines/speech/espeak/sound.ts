/** From espeak-ng's samples to finished sound: rate, trim, timbre, loudness, peaks, clean ends. */

import { bringToLevel } from "../../../signal/level.ts";
import { resample } from "../../../signal/resample.ts";
import { ESPEAK_SAMPLE_RATE } from "./protocol.ts";
import { applyTimbre } from "./timbre.ts";
import type { Timbre } from "./voices.ts";

/** Silence before the first sound of a part, in seconds. */
export const LEAD_SECONDS = 0.06;
/** How long a voice that stops dies away, and a noise, in seconds. espeak-ng cuts vowels off at full level. */
export const FADE_OUT_SECONDS = { voice: 0.06, noise: 0.01 } as const;
/** Silence after the last sound of a part, in seconds, without the pause that a sentence's end adds. */
export const TAIL_SECONDS = 0.16;

/** Sound this far under the loudest frame is silence. */
const SILENCE_DB = -50;
const FRAME_SECONDS = 0.005;
/** What is kept around the sound for the fades to work on. */
const MARGIN_SECONDS = 0.01;

/** How to finish a sentence. */
export type Finish = {
  /** Hz at which espeak-ng's samples are to be read. */
  readonly readRate: number;
  /** Hz of the result. */
  readonly sampleRate: number;
  readonly timbre: Timbre;
  /** Seconds of silence after the sound. */
  readonly tail: number;
  /** Seconds over which the last sound dies away. */
  readonly fadeOut: number;
};

/** A finished sentence. `toSeconds` turns milliseconds of espeak-ng's clock into seconds of the finished sound. */
export type FinishedSound = { readonly samples: Float32Array; readonly toSeconds: (milliseconds: number) => number };

/** Finishes one sentence. Sound that is silent throughout stays silent. */
export function finishSound(raw: Int16Array, finish: Finish): FinishedSound {
  const { readRate, sampleRate, timbre, tail, fadeOut } = finish;
  const { first, end } = audible(raw);
  const margin = Math.round(MARGIN_SECONDS * ESPEAK_SAMPLE_RATE);
  const from = Math.max(0, first - margin);
  const piece = new Float32Array(Math.min(raw.length, end + margin) - from);
  for (let n = 0; n < piece.length; n++) piece[n] = (raw[from + n] as number) / 32_768;

  const body = resample(piece, readRate, sampleRate);
  applyTimbre(body, sampleRate, timbre);
  fade(body, Math.round(((first - from) / readRate) * sampleRate), Math.round((MARGIN_SECONDS + fadeOut) * sampleRate));
  bringToLevel(body, sampleRate);

  const onset = Math.round(LEAD_SECONDS * sampleRate) - Math.round(((first - from) / readRate) * sampleRate);
  const samples = new Float32Array(onset + body.length + Math.round((tail - MARGIN_SECONDS) * sampleRate));
  samples.set(body, onset);
  const shift = onset / sampleRate - from / readRate;
  const scale = ESPEAK_SAMPLE_RATE / readRate / 1000;
  const duration = samples.length / sampleRate;
  return { samples, toSeconds: (ms) => Math.min(duration, Math.max(0, ms * scale + shift)) };
}

/** First sample of what can be heard, and the one after its last. */
function audible(raw: Int16Array): { first: number; end: number } {
  const frame = Math.round(FRAME_SECONDS * ESPEAK_SAMPLE_RATE);
  const count = Math.ceil(raw.length / frame);
  const power = new Float64Array(count);
  let loudest = 0;
  for (let index = 0; index < count; index++) {
    const stop = Math.min(raw.length, (index + 1) * frame);
    let sum = 0;
    for (let n = index * frame; n < stop; n++) sum += (raw[n] as number) ** 2;
    power[index] = sum;
    if (sum > loudest) loudest = sum;
  }
  const least = Math.max(loudest * 10 ** (SILENCE_DB / 10), 1);
  const first = power.findIndex((value) => value >= least);
  if (first < 0) return { first: 0, end: raw.length };
  return {
    first: first * frame,
    end: Math.min(raw.length, (power.findLastIndex((value) => value >= least) + 1) * frame),
  };
}

/** Raised-cosine fades at both ends, in place. */
function fade(samples: Float32Array, fadeIn: number, fadeOut: number): void {
  const gain = (n: number, length: number): number => 0.5 - 0.5 * Math.cos((Math.PI * n) / length);
  for (let n = 0; n < Math.min(fadeIn, samples.length); n++) samples[n] = (samples[n] as number) * gain(n, fadeIn);
  for (let n = 0; n < Math.min(fadeOut, samples.length); n++) {
    const at = samples.length - 1 - n;
    samples[at] = (samples[at] as number) * gain(n, fadeOut);
  }
}
