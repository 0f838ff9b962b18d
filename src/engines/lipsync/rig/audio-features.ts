import type { MonoAudio } from "../../../signal/audio.ts";

/** What the sound says of the mouth, every `step` seconds. */
export type AudioFeatures = {
  readonly step: number;
  readonly count: number;
  /** Level in decibels against the loudest tenth of the part, −60…about 5. */
  readonly level: Float32Array;
  /** First and second formant, Hz, smoothed; meaningless where nothing is voiced. */
  readonly first: Float32Array;
  readonly second: Float32Array;
  /** Frequency of zero crossings, Hz: above some 2500 it is friction, not voice. */
  readonly crossing: Float32Array;
};

const STEP = 0.01;
const WINDOW = 0.025;
/** Sample rate that formants are looked for at, at least, Hz. */
const FORMANT_RATE = 10_000;
const QUIETEST = -60;
/** Hz between two places of the spectrum that peaks are looked for in. */
const GRID = 40;

/** Low-pass at the new Nyquist frequency and every `factor`th sample; a Hamming-windowed sinc. */
function decimate(samples: Float32Array, factor: number): Float32Array {
  if (factor === 1) return samples;
  const half = 6 * factor;
  const kernel = Float64Array.from({ length: 2 * half + 1 }, (_, i) => {
    const x = (i - half) / factor;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x * 0.92) / (Math.PI * x * 0.92);
    return (sinc * (0.54 + 0.46 * Math.cos((Math.PI * (i - half)) / half))) / factor;
  });
  const out = new Float32Array(Math.ceil(samples.length / factor));
  for (let i = 0; i < out.length; i++) {
    const centre = i * factor;
    let sum = 0;
    const from = Math.max(0, centre - half);
    const to = Math.min(samples.length - 1, centre + half);
    for (let j = from; j <= to; j++) sum += (samples[j] as number) * (kernel[j - centre + half] as number);
    out[i] = sum;
  }
  return out;
}

/** Finds formants as peaks of an all-pole spectrum. Holds its work arrays: one per part of speech. */
class FormantFinder {
  first = 500;
  second = 1500;
  readonly #order: number;
  readonly #window: Float64Array;
  readonly #frame: Float64Array;
  readonly #lags: Float64Array;
  readonly #poly: Float64Array;
  readonly #previous: Float64Array;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #power: Float64Array;

  constructor(rate: number) {
    const length = Math.round(rate * WINDOW);
    this.#order = 2 + Math.round(rate / 1000);
    this.#window = Float64Array.from({ length }, (_, i) => 0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (length - 1)));
    this.#frame = new Float64Array(length);
    this.#lags = new Float64Array(this.#order + 1);
    this.#poly = new Float64Array(this.#order + 1);
    this.#previous = new Float64Array(this.#order + 1);
    const places = Math.floor(3200 / GRID);
    this.#power = new Float64Array(places);
    this.#cos = new Float64Array(places * (this.#order + 1));
    this.#sin = new Float64Array(places * (this.#order + 1));
    for (let k = 0; k < places; k++) {
      for (let n = 0; n <= this.#order; n++) {
        const angle = (2 * Math.PI * k * GRID * n) / rate;
        this.#cos[k * (this.#order + 1) + n] = Math.cos(angle);
        this.#sin[k * (this.#order + 1) + n] = Math.sin(angle);
      }
    }
  }

  /** Looks at the window that starts at sample `start`; leaves the last formants where there is nothing to see. */
  look(samples: Float32Array, start: number): void {
    const length = this.#frame.length;
    for (let i = 0; i < length; i++) {
      const at = start + i;
      const now = samples[at] ?? 0;
      // Pre-emphasis lifts the upper formants to the level of the first.
      this.#frame[i] = (now - 0.95 * (samples[at - 1] ?? 0)) * (this.#window[i] as number);
    }
    for (let lag = 0; lag <= this.#order; lag++) {
      let sum = 0;
      for (let i = lag; i < length; i++) sum += (this.#frame[i] as number) * (this.#frame[i - lag] as number);
      this.#lags[lag] = sum;
    }
    if ((this.#lags[0] as number) < 1e-9) return;
    this.#predict();
    this.#peaks();
  }

  /** Levinson and Durbin's recursion. */
  #predict(): void {
    const poly = this.#poly.fill(0);
    poly[0] = 1;
    let error = (this.#lags[0] as number) * 1.0001;
    for (let n = 1; n <= this.#order; n++) {
      let sum = this.#lags[n] as number;
      for (let i = 1; i < n; i++) sum += (poly[i] as number) * (this.#lags[n - i] as number);
      const reflection = -sum / error;
      this.#previous.set(poly);
      for (let i = 1; i <= n; i++) poly[i]! += reflection * (this.#previous[n - i] as number);
      error *= 1 - reflection * reflection;
    }
  }

  #peaks(): void {
    const stride = this.#order + 1;
    for (let k = 0; k < this.#power.length; k++) {
      let re = 0;
      let im = 0;
      for (let n = 0; n < stride; n++) {
        re += (this.#poly[n] as number) * (this.#cos[k * stride + n] as number);
        im += (this.#poly[n] as number) * (this.#sin[k * stride + n] as number);
      }
      this.#power[k] = 1 / (re * re + im * im + 1e-12);
    }
    const first = this.#peak(220, 1050);
    if (first !== undefined) this.first = first;
    const second = this.#peak(Math.max(700, this.first + 220), 2900);
    if (second !== undefined) this.second = second;
  }

  /** The strongest peak between two frequencies, Hz. */
  #peak(from: number, to: number): number | undefined {
    let best: number | undefined;
    let height = 0;
    for (let k = Math.ceil(from / GRID); k < Math.min(this.#power.length - 1, Math.floor(to / GRID)); k++) {
      const here = this.#power[k] as number;
      const peak = here > (this.#power[k - 1] as number) && here >= (this.#power[k + 1] as number);
      if (!peak || here <= height) continue;
      height = here;
      best = k * GRID;
    }
    return best;
  }
}

/** Median of five neighbours: a formant does not jump for a hundredth of a second. */
function medianed(track: Float32Array): Float32Array {
  const five = new Float32Array(5);
  return track.map((_, i) => {
    for (let k = 0; k < 5; k++) five[k] = track[Math.min(track.length - 1, Math.max(0, i + k - 2))] as number;
    return five.sort()[2] as number;
  });
}

/** Measures a part of speech, 100 times per second. */
export function audioFeatures(audio: MonoAudio): AudioFeatures {
  const { samples, sampleRate } = audio;
  const factor = Math.max(1, Math.floor(sampleRate / FORMANT_RATE));
  const narrow = decimate(samples, factor);
  const rate = sampleRate / factor;
  const finder = new FormantFinder(rate);
  const count = Math.max(1, Math.ceil(samples.length / sampleRate / STEP));
  const level = new Float32Array(count);
  const first = new Float32Array(count);
  const second = new Float32Array(count);
  const crossing = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const centre = (i + 0.5) * STEP;
    const from = Math.max(1, Math.round((centre - WINDOW / 2) * sampleRate));
    const to = Math.min(samples.length, Math.round((centre + WINDOW / 2) * sampleRate));
    let energy = 0;
    let crossings = 0;
    for (let j = from; j < to; j++) {
      const now = samples[j] as number;
      energy += now * now;
      if (now >= 0 !== (samples[j - 1] as number) >= 0) crossings++;
    }
    const length = Math.max(1, to - from);
    level[i] = Math.sqrt(energy / length);
    crossing[i] = (crossings / 2) * (sampleRate / length);
    finder.look(narrow, Math.round((centre - WINDOW / 2) * rate));
    first[i] = finder.first;
    second[i] = finder.second;
  }
  const loud = Math.max(1e-4, Float32Array.from(level).sort()[Math.floor((count - 1) * 0.9)] as number);
  for (let i = 0; i < count; i++) {
    const ratio = (level[i] as number) / loud;
    level[i] = ratio > 0 ? Math.max(QUIETEST, 20 * Math.log10(ratio)) : QUIETEST;
  }
  return { step: STEP, count, level, first: medianed(first), second: medianed(second), crossing };
}
