/**
 * Second-order filters. Designs: Robert Bristow-Johnson, *Cookbook formulae for audio EQ biquad filter coefficients*.
 */

/** y[n] = b0·x[n] + b1·x[n−1] + b2·x[n−2] − a1·y[n−1] − a2·y[n−2]. */
export type Biquad = {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
};

/** Q of a filter without a resonance (Butterworth). */
export const FLAT_Q = Math.SQRT1_2;

/** Highest frequency that a design is given, as a share of the sample rate; above it the bilinear map breaks down. */
const HIGHEST = 0.49;

function angle(hz: number, sampleRate: number): number {
  return 2 * Math.PI * Math.min(hz / sampleRate, HIGHEST);
}

function normalised(b0: number, b1: number, b2: number, a0: number, a1: number, a2: number): Biquad {
  return { b0: b0 / a0, b1: b1 / a0, b2: b2 / a0, a1: a1 / a0, a2: a2 / a0 };
}

/** Lets through what is below `hz`; 12 dB per octave. */
export function lowPass(hz: number, sampleRate: number, q = FLAT_Q): Biquad {
  const w = angle(hz, sampleRate);
  const cos = Math.cos(w);
  const alpha = Math.sin(w) / (2 * q);
  return normalised((1 - cos) / 2, 1 - cos, (1 - cos) / 2, 1 + alpha, -2 * cos, 1 - alpha);
}

/** Lets through what is above `hz`; 12 dB per octave. */
export function highPass(hz: number, sampleRate: number, q = FLAT_Q): Biquad {
  const w = angle(hz, sampleRate);
  const cos = Math.cos(w);
  const alpha = Math.sin(w) / (2 * q);
  return normalised((1 + cos) / 2, -1 - cos, (1 + cos) / 2, 1 + alpha, -2 * cos, 1 - alpha);
}

/** Raises or lowers a band around `hz` by `db`. */
export function peaking(hz: number, db: number, q: number, sampleRate: number): Biquad {
  const w = angle(hz, sampleRate);
  const cos = Math.cos(w);
  const alpha = Math.sin(w) / (2 * q);
  const a = 10 ** (db / 40);
  return normalised(1 + alpha * a, -2 * cos, 1 - alpha * a, 1 + alpha / a, -2 * cos, 1 - alpha / a);
}

/** Raises or lowers everything below `hz` by `db`. */
export function lowShelf(hz: number, db: number, sampleRate: number, q = FLAT_Q): Biquad {
  return shelf(hz, db, sampleRate, q, 1);
}

/** Raises or lowers everything above `hz` by `db`. */
export function highShelf(hz: number, db: number, sampleRate: number, q = FLAT_Q): Biquad {
  return shelf(hz, db, sampleRate, q, -1);
}

/** The two shelves are mirror images: `side` is 1 for the low one and −1 for the high one. */
function shelf(hz: number, db: number, sampleRate: number, q: number, side: 1 | -1): Biquad {
  const w = angle(hz, sampleRate);
  const cos = side * Math.cos(w);
  const a = 10 ** (db / 40);
  const slope = 2 * Math.sqrt(a) * (Math.sin(w) / (2 * q));
  return normalised(
    a * (a + 1 - (a - 1) * cos + slope),
    side * 2 * a * (a - 1 - (a + 1) * cos),
    a * (a + 1 - (a - 1) * cos - slope),
    a + 1 + (a - 1) * cos + slope,
    side * -2 * (a - 1 + (a + 1) * cos),
    a + 1 + (a - 1) * cos - slope,
  );
}

/** Filters `samples` in place, from rest. */
export function filterInPlace(samples: Float32Array, filter: Biquad): void {
  new BiquadFilter(filter).process(samples);
}

/** A filter that goes on where it stopped. How the sound is cut into blocks makes no difference. */
export class BiquadFilter {
  readonly #filter: Biquad;
  // Transposed direct form II: two numbers of state, in double precision.
  #s1 = 0;
  #s2 = 0;

  constructor(filter: Biquad) {
    this.#filter = filter;
  }

  /** Filters the next samples in place. */
  process(samples: Float32Array): void {
    const { b0, b1, b2, a1, a2 } = this.#filter;
    let s1 = this.#s1;
    let s2 = this.#s2;
    for (let n = 0; n < samples.length; n++) {
      const x = samples[n] as number;
      const y = b0 * x + s1;
      s1 = b1 * x - a1 * y + s2;
      s2 = b2 * x - a2 * y;
      samples[n] = y;
    }
    this.#s1 = s1;
    this.#s2 = s2;
  }
}

/** Gain of a filter at a frequency, in dB. */
export function gainDb(filter: Biquad, hz: number, sampleRate: number): number {
  const w = (2 * Math.PI * hz) / sampleRate;
  const power = (c0: number, c1: number, c2: number): number =>
    (c0 + c1 * Math.cos(w) + c2 * Math.cos(2 * w)) ** 2 + (c1 * Math.sin(w) + c2 * Math.sin(2 * w)) ** 2;
  return 10 * Math.log10(power(filter.b0, filter.b1, filter.b2) / power(1, filter.a1, filter.a2));
}
