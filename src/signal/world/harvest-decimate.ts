/** Decimation for the search of f0: a third-order Chebyshev low-pass filter forth and back. */
import { nearest } from "./frames.ts";

/** Rate that the search works at, about, in Hz. */
const TARGET_RATE = 8000;
const LARGEST_RATIO = 12;
/** Ripple of the filter, in dB, and its edge as a share of the new Nyquist frequency. */
const RIPPLE_DB = 0.05;
const EDGE = 0.8;
/** Samples that are mirrored at either end. */
const MIRRORED = 9;

/** Coefficients of b0·(1 + 3z⁻¹ + 3z⁻² + z⁻³) / (1 − a1·z⁻¹ − a2·z⁻² − a3·z⁻³). */
type ThirdOrder = { readonly b0: number; readonly a1: number; readonly a2: number; readonly a3: number };

/** Chebyshev filter of type I by the bilinear transform; `edge` as a share of Nyquist. */
function chebyshev(edge: number): ThirdOrder {
  const epsilon = Math.sqrt(10 ** (RIPPLE_DB / 10) - 1);
  const mu = Math.asinh(1 / epsilon) / 3;
  const warped = Math.tan((Math.PI * edge) / 2);
  // One real pole and one pair: −sinh μ, and −sinh μ/2 ± i·cosh μ·√3/2, times the warped edge.
  const real = -Math.sinh(mu) * warped;
  const pairRe = real / 2;
  const pairSquare = pairRe ** 2 + ((Math.cosh(mu) * Math.sqrt(3)) / 2) ** 2 * warped ** 2;
  const pole = (1 + real) / (1 - real);
  const scale = 1 - 2 * pairRe + pairSquare;
  const twice = (2 * (1 - pairSquare)) / scale;
  const product = (1 + 2 * pairRe + pairSquare) / scale;
  const a1 = pole + twice;
  const a2 = -(product + pole * twice);
  const a3 = pole * product;
  return { b0: (1 - a1 - a2 - a3) / 8, a1, a2, a3 };
}

/** Filters in place, from rest, towards the end (`step` 1) or towards the start (`step` −1). */
function pass(signal: Float64Array, { b0, a1, a2, a3 }: ThirdOrder, step: 1 | -1): void {
  let w1 = 0;
  let w2 = 0;
  let w3 = 0;
  const { length } = signal;
  for (let count = 0, n = step === 1 ? 0 : length - 1; count < length; count++, n += step) {
    const w = (signal[n] as number) + a1 * w1 + a2 * w2 + a3 * w3;
    signal[n] = b0 * (w + w3 + 3 * (w1 + w2));
    w3 = w2;
    w2 = w1;
    w1 = w;
  }
}

/** `samples` at about 8 kHz, around their mean unless that is to stay. */
export function decimate(
  samples: Float64Array,
  sampleRate: number,
  keepOffset = false,
): { signal: Float64Array; rate: number } {
  const ratio = Math.max(1, Math.min(LARGEST_RATIO, nearest(sampleRate / TARGET_RATE)));
  const length = Math.ceil(samples.length / ratio);
  const signal = ratio === 1 ? samples.slice() : thinned(samples, ratio, length);
  if (keepOffset) return { signal, rate: sampleRate / ratio };
  let mean = 0;
  for (const sample of signal) mean += sample;
  mean /= length;
  for (let n = 0; n < length; n++) signal[n] = (signal[n] as number) - mean;
  return { signal, rate: sampleRate / ratio };
}

function thinned(samples: Float64Array, ratio: number, length: number): Float64Array {
  // The outer samples go on for a while, so that the filter's start lies outside.
  const lag = Math.ceil(140 / ratio) * ratio;
  const first = samples[0] as number;
  const last = samples[samples.length - 1] as number;
  const extended = new Float64Array(samples.length + 2 * (lag + MIRRORED));
  extended.fill(first, 0, lag + MIRRORED);
  extended.set(samples, lag + MIRRORED);
  extended.fill(last, lag + MIRRORED + samples.length);
  const filter = chebyshev(EDGE / ratio);
  pass(extended, filter, 1);
  pass(extended, filter, -1);
  const whole = samples.length + 2 * lag;
  const start = ratio - ratio * (Math.trunc((whole - 1) / ratio) + 1) + whole + MIRRORED - 1;
  const signal = new Float64Array(length);
  for (let n = 0; n < length; n++) signal[n] = extended[start + lag + n * ratio] as number;
  return signal;
}
