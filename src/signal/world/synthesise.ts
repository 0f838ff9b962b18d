/**
 * Speech from a pitch curve, spectral envelopes and aperiodicities: at each pulse a minimum-phase response of the
 * voiced part and one of noise.
 * M. Morise, F. Yokomori, K. Ozawa: *WORLD, a vocoder-based high-quality speech synthesis system for real-time
 * applications*, IEICE Transactions on Information and Systems E99-D, 2016.
 */
import { FRAME_PERIOD_MS } from "./frames.ts";
import { gaussianNoise, type NoiseSource } from "./noise.ts";
import { placePulses } from "./pulses.ts";
import { ResponseMaker } from "./pulse-response.ts";

export type SynthesisOptions = {
  readonly sampleRate: number;
  /** Size of the transform that the envelopes were made with: they have fftSize/2 + 1 values a frame. */
  readonly fftSize: number;
  /** Time between frames, in ms; default 5. */
  readonly framePeriod?: number;
  /** Number that decides the noise; default 0. Same seed, same output, bit for bit. */
  readonly seed?: number;
  /** Noise to use instead, of variance 1. */
  readonly noise?: NoiseSource;
};

/**
 * Samples (mono, about the level of the analysed ones) for `f0` (Hz, 0 where unvoiced), `envelope` (power) and
 * `aperiodicity` (0…1), one row of fftSize/2 + 1 values per frame each. The result is as long as the frames last.
 */
export function synthesise(
  f0: Float64Array,
  envelope: Float32Array | Float64Array,
  aperiodicity: Float32Array | Float64Array,
  options: SynthesisOptions,
): Float32Array {
  const { sampleRate, fftSize, framePeriod = FRAME_PERIOD_MS, seed = 0, noise = gaussianNoise(seed) } = options;
  const values = f0.length * (fftSize / 2 + 1);
  if (envelope.length !== values || aperiodicity.length !== values) {
    throw new RangeError(`${f0.length} frames of ${fftSize / 2 + 1} values expected`);
  }
  const length = Math.trunc((f0.length * framePeriod * sampleRate) / 1000);
  const output = new Float64Array(length);
  const lowest = Math.trunc(sampleRate / fftSize) + 1;
  const { count, samples, shifts, voiced } = placePulses(f0, framePeriod / 1000, sampleRate, length, lowest);
  const responses = new ResponseMaker(envelope, aperiodicity, fftSize, noise);
  for (let i = 0; i + 1 < count; i++) {
    const sample = samples[i] as number;
    const span = (samples[i + 1] as number) - sample;
    const frame = sample / sampleRate / (framePeriod / 1000);
    const response = responses.make(frame, voiced[i] === 1, shifts[i] as number, sample, span);
    const offset = sample - fftSize / 2 + 1;
    const end = Math.min(fftSize, length - offset);
    for (let n = Math.max(0, -offset); n < end; n++) {
      output[offset + n] = (output[offset + n] as number) + (response[n] as number);
    }
  }
  return new Float32Array(output);
}
