/**
 * Aperiodicity of speech by bands of 3 kHz: in a harmonic sound the group delay swings by f0 along frequency, and what
 * does not swing so is noise.
 * M. Morise: *D4C, a band-aperiodicity estimator for high-quality speech synthesis*, Speech Communication 84, 2016.
 */
import { BandAperiodicity, bandCount, BAND_HZ } from "./band-aperiodicity.ts";
import { envelopeFftSize } from "./cheap-trick.ts";
import { doubles, type Samples } from "./frames.ts";
import { VoicingMeter } from "./love-train.ts";
import { type NoiseSource, storedNoise } from "./noise.ts";
import { PitchWindow } from "./pitch-window.ts";

/** Aperiodicity at 0 Hz of a voiced frame, in dB. */
const AT_ZERO_DB = -60;
/** Deviation of the noise under the windows. */
const NOISE = 1e-6;

export type D4cOptions = {
  /** Share of the power below 4 kHz above which a frame counts as voiced; default 0.85. With 0, all that have an f0. */
  readonly threshold?: number;
  /** Size of transform that the result is for, a power of two; by default the one that `cheapTrick` takes. */
  readonly fftSize?: number;
  /** Noise that lies under everything at −120 dB; by default always the same at the same place. */
  readonly noise?: NoiseSource;
};

/** Aperiodicity of `f0.length` frames, fftSize/2 + 1 values each: 0 is pure tone, 1 is pure noise. */
export type Aperiodicity = { readonly aperiodicity: Float32Array; readonly fftSize: number };

/**
 * Share (as amplitude) of noise in each bin at `times` (s), where the fundamental frequency is `f0` (Hz, 0 where
 * unvoiced: those frames are all 1). Frames are independent of one another: any part of `f0` and `times` gives the
 * same frames.
 */
export function d4c(
  samples: Samples,
  sampleRate: number,
  f0: Float64Array,
  times: Float64Array,
  options: D4cOptions = {},
): Aperiodicity {
  if (f0.length !== times.length) throw new RangeError(`${f0.length} values of f0 at ${times.length} times`);
  const { threshold = 0.85, fftSize = envelopeFftSize(sampleRate), noise = storedNoise } = options;
  const bins = fftSize / 2 + 1;
  const aperiodicity = new Float32Array(f0.length * bins).fill(1);
  const window = new PitchWindow(doubles(samples), sampleRate, { source: noise, level: NOISE });
  const meter = new VoicingMeter(window, sampleRate);
  const bands = new BandAperiodicity(window, sampleRate);
  const axis = bandAxis(sampleRate);
  const levels = new Float64Array(axis.length);
  levels[0] = AT_ZERO_DB;
  const counts = (hz: number, time: number): boolean => hz > 0 && (threshold <= 0 || meter.share(time, hz) > threshold);
  const voiced = Uint8Array.from(f0, (hz, i) => (counts(hz, times[i] as number) ? 1 : 0));
  for (let i = 0; i < f0.length; i++) {
    if (voiced[i] === 0) continue;
    bands.measure(times[i] as number, f0[i] as number, levels.subarray(1, -1));
    spread(axis, levels, sampleRate / fftSize, aperiodicity.subarray(i * bins, (i + 1) * bins));
  }
  return { aperiodicity, fftSize };
}

/** Frequencies that have a level: 0 Hz, the middles of the bands, Nyquist. */
function bandAxis(sampleRate: number): Float64Array {
  const axis = new Float64Array(bandCount(sampleRate) + 2);
  for (let band = 0; band < axis.length - 1; band++) axis[band] = band * BAND_HZ;
  axis[axis.length - 1] = sampleRate / 2;
  return axis;
}

/** Lines between the levels (dB) as amplitudes at every bin. */
function spread(axis: Float64Array, levels: Float64Array, binHz: number, target: Float32Array): void {
  const perDb = Math.LN10 / 20;
  for (let band = 0, k = 0; band < axis.length - 1; band++) {
    const from = axis[band] as number;
    const to = axis[band + 1] as number;
    const low = levels[band] as number;
    const slope = ((levels[band + 1] as number) - low) / (to - from);
    const end = band === axis.length - 2 ? target.length : Math.min(target.length, Math.ceil(to / binHz));
    // A line of dB is a geometric series of amplitudes.
    let value = Math.exp((low + slope * (k * binHz - from)) * perDb);
    const ratio = Math.exp(slope * binHz * perDb);
    for (; k < end; k++) {
      target[k] = value;
      value *= ratio;
    }
  }
}
