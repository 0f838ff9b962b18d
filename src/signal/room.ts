/** Where a voice is heard: a few early reflections, the echo behind them, the band that gets through, and the level. */

import { BiquadFilter, highPass, lowPass } from "./biquad.ts";
import { Limiter } from "./effects/limiter.ts";
import { Reverb, type ReverbSettings } from "./effects/reverb.ts";

/** How a place sounds. */
export type Room = {
  /** First reflections off walls and tables: delay in ms, level in dB against the voice. */
  readonly reflections: readonly (readonly [ms: number, db: number])[];
  /** What is left of them when they have become many; absent outdoors and on the phone. */
  readonly reverb?: Pick<ReverbSettings, "roomSize" | "damping" | "wet">;
  /** Hz of the band that is heard; 24 dB per octave on either side. */
  readonly band?: { readonly low: number; readonly high: number };
  /** dB on the whole. */
  readonly gain: number;
  /** Seconds for which the place goes on sounding. */
  readonly tail: number;
};

/** Highest true peak of what comes out, in dBTP. */
const CEILING_DB = -1;
/** Qs of two second-order filters that make a Butterworth filter of the fourth. */
const FOURTH_ORDER = [0.541_196_1, 1.306_563] as const;
const BLOCK = 4_096;

/** A sound in a room, block by block; longer than the sound by the room's tail. */
export async function* inRoom(
  blocks: AsyncIterable<Float32Array>,
  sampleRate: number,
  room: Room,
): AsyncGenerator<Float32Array, void> {
  const acoustics = new Acoustics(sampleRate, room);
  const limiter = new Limiter(sampleRate, 1, CEILING_DB);
  const heard = (block: Float32Array): Float32Array => {
    acoustics.process(block);
    return limiter.push([block])[0] as Float32Array;
  };
  for await (const block of blocks) {
    for (let at = 0; at < block.length; at += BLOCK) yield heard(block.slice(at, at + BLOCK));
  }
  const tail = new Float32Array(Math.round(room.tail * sampleRate));
  acoustics.process(tail);
  fadeOut(tail);
  yield limiter.push([tail])[0] as Float32Array;
  yield limiter.finish()[0] as Float32Array;
}

/** One channel's way through a room. How the sound is cut into blocks makes no difference. */
class Acoustics {
  readonly #taps: readonly { readonly delay: number; readonly gain: number }[];
  readonly #filters: readonly BiquadFilter[];
  readonly #reverb: Reverb | undefined;
  readonly #gain: number;
  /** The last samples of the dry sound, as many as the latest reflection is late. */
  #past: Float32Array;

  constructor(sampleRate: number, { reflections, reverb, band, gain }: Room) {
    this.#taps = reflections.map(([ms, db]) => ({
      delay: Math.round((ms * sampleRate) / 1000),
      gain: 10 ** (db / 20),
    }));
    this.#past = new Float32Array(Math.max(0, ...this.#taps.map(({ delay }) => delay)));
    this.#reverb = reverb && new Reverb(sampleRate, { ...reverb, dry: 0.5 });
    this.#filters = band ? bandPass(band, sampleRate) : [];
    this.#gain = 10 ** (gain / 20);
  }

  process(samples: Float32Array): void {
    this.#reflect(samples);
    this.#reverb?.processMono(samples);
    for (const filter of this.#filters) filter.process(samples);
    for (let n = 0; n < samples.length; n++) samples[n] = (samples[n] as number) * this.#gain;
  }

  #reflect(samples: Float32Array): void {
    const reach = this.#past.length;
    if (reach === 0) return;
    const dry = new Float32Array(reach + samples.length);
    dry.set(this.#past);
    dry.set(samples, reach);
    for (const { delay, gain } of this.#taps) {
      for (let n = 0; n < samples.length; n++) {
        samples[n] = (samples[n] as number) + gain * (dry[reach + n - delay] as number);
      }
    }
    this.#past = dry.slice(dry.length - reach);
  }
}

function bandPass({ low, high }: { low: number; high: number }, sampleRate: number): BiquadFilter[] {
  return FOURTH_ORDER.flatMap((q) => [highPass(low, sampleRate, q), lowPass(high, sampleRate, q)]).map(
    (design) => new BiquadFilter(design),
  );
}

function fadeOut(samples: Float32Array): void {
  for (let n = 0; n < samples.length; n++) samples[n] = (samples[n] as number) * (1 - n / samples.length) ** 2;
}
