import { join } from "node:path";
import { sing } from "../../src/cli/demo/singer.ts";
import { createEspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import type { StereoPassage } from "../../src/engines/stems/stem-separator.ts";

export const RATE = 44_100;

/** Songs whose parts are known: a voice in the middle, and a band that this test plays. */
export type Song = { readonly voice: Float32Array; readonly band: StereoPassage; readonly mix: StereoPassage };

/** A song of `seconds`; with `panned` the band's instruments are beside the voice, else all is in the middle. */
export async function makeSong(seconds: number, { panned }: { readonly panned: boolean }): Promise<Song> {
  const voice = await voiceOf(seconds);
  const band = bandOf(voice.length, panned ? 1 : 0);
  // As loud as each other: 0 dB of voice against band.
  const gain = rms(voice) / rms(band[0], band[1]);
  for (const side of band) for (let n = 0; n < side.length; n++) side[n]! *= gain;
  const mix = band.map((side) => side.map((value, n) => value + voice[n]!)) as unknown as StereoPassage;
  return { voice, band, mix };
}

let sung: Promise<Float32Array> | undefined;

/** The speech engine's voice, singing; over and over, in turns a little higher and lower. */
async function voiceOf(seconds: number): Promise<Float32Array> {
  sung ??= (async () => {
    await using engine = createEspeakEngine({ modelsDir: join(import.meta.dirname, "../../models") });
    return (await sing(engine, RATE, new AbortController().signal)).samples;
  })();
  const verse = await sung;
  return Float32Array.from({ length: Math.round(seconds * RATE) }, (_, n) => {
    const turn = Math.floor(n / verse.length);
    const at = (n % verse.length) * [1, 0.94, 1.06][turn % 3]!;
    const low = Math.floor(at);
    const next = verse[low + 1] ?? 0;
    return (verse[low] ?? 0) + (at - low) * (next - (verse[low] ?? 0));
  });
}

/** Seconds of a bar. */
const BAR = 2.1;

/** Chords as semitones from A2; every fourth round is a tone higher, so that nothing repeats exactly for long. */
const CHORDS = [
  [0, 7, 12, 16],
  [5, 12, 17, 21],
  [-4, 3, 8, 12],
  [7, 14, 19, 23],
] as const;

/** Two keyboards on either side, a bass and drums in the middle. */
function bandOf(length: number, width: number): [Float32Array, Float32Array] {
  const left = new Float32Array(length);
  const right = new Float32Array(length);
  let state = 12_345;
  const noise = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const play = (from: number, seconds: number, pan: number, sound: (t: number) => number): void => {
    const end = Math.min(length, Math.round((from + seconds) * RATE));
    for (let n = Math.max(0, Math.round(from * RATE)); n < end; n++) {
      const value = sound(n / RATE - from);
      left[n]! += (1 - pan * width) * value;
      right[n]! += (1 + pan * width) * value;
    }
  };
  for (let bar = 0; bar * BAR * RATE < length; bar++) {
    const chord = CHORDS[bar % 4]!;
    const key = 2 * (Math.floor(bar / 4) % 2);
    const hz = (step: number): number => 110 * 2 ** ((step + key) / 12);
    const start = bar * BAR;
    for (const [k, step] of chord.entries()) {
      const pan = k % 2 === 0 ? -0.7 : 0.7;
      play(start, BAR, pan, (t) => tone(hz(step), t, 6) * 0.08 * Math.exp(-1.2 * t) * Math.min(1, 80 * t));
      play(start + (BAR * k) / 4, 0.5, -pan, (t) => tone(hz(step + 12), t, 4) * 0.06 * Math.exp(-6 * t));
    }
    play(start, BAR, 0, (t) => tone(hz(chord[0] - 12), t, 3) * 0.2 * Math.exp(-0.8 * t) * Math.min(1, 60 * t));
    for (let beat = 0; beat < 4; beat++) {
      const at = start + (beat * BAR) / 4;
      play(at, 0.05, 0, (t) => noise() * 0.1 * Math.exp(-90 * t));
      if (beat % 2 === 0)
        play(at, 0.2, 0, (t) => Math.sin(2 * Math.PI * (50 * t - 1.5 * Math.exp(-30 * t))) * 0.4 * Math.exp(-14 * t));
      else play(at, 0.15, 0, (t) => noise() * 0.2 * Math.exp(-25 * t));
    }
  }
  return [left, right];
}

function tone(hz: number, t: number, harmonics: number): number {
  let sum = 0;
  for (let k = 1; k <= harmonics; k++) sum += Math.sin(2 * Math.PI * hz * k * t) / k;
  return sum;
}

export function rms(...sides: readonly Float32Array[]): number {
  let sum = 0;
  let count = 0;
  for (const side of sides) {
    for (const value of side) sum += value * value;
    count += side.length;
  }
  return Math.sqrt(sum / Math.max(1, count));
}

/** Power of a sound against that of an estimate's error, in dB, over all sides. */
export function sdr(truth: readonly Float32Array[], estimate: readonly Float32Array[]): number {
  let signal = 0;
  let error = 0;
  for (const [side, values] of truth.entries()) {
    for (let n = 0; n < values.length; n++) {
      signal += values[n]! ** 2;
      error += (values[n]! - estimate[side]![n]!) ** 2;
    }
  }
  return 10 * Math.log10(signal / error);
}
