import { StreamResampler } from "./stream-resampler.ts";

/** Samples that `resample` makes of `length`. */
export function resampledLength(length: number, from: number, to: number): number {
  return Math.ceil((length * to) / from);
}

/**
 * `samples` at another rate. The first sample stays the first; outside the signal is silence. How well: `resample-bank.ts`.
 * @param from Hz, a positive whole number; two rates should share a large divisor, since the filter has `to / gcd` phases.
 * @param to Hz, a positive whole number.
 * @throws RangeError if a rate is not a positive whole number, or the pair of them needs a filter of over 2²¹ numbers.
 */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  const resampler = new StreamResampler(from, to);
  if (from === to) return samples.slice();
  const output = new Float32Array(resampledLength(samples.length, from, to));
  const body = resampler.push(samples);
  output.set(body);
  output.set(resampler.finish(), body.length);
  return output;
}
