/**
 * Spectral envelope without the harmonics of the voice: a pitch-synchronous window, a mean over two thirds of f0, and
 * a lifter that takes out what is left at f0 and makes good for the smoothing.
 * M. Morise: *CheapTrick, a spectral envelope estimator for high-quality speech synthesis*, Speech Communication 67,
 * 2015.
 */
import { RealFft } from "./fft.ts";
import { doubles, F0_FLOOR, nearest, type Samples } from "./frames.ts";
import { storedNoise } from "./noise.ts";
import { PitchWindow } from "./pitch-window.ts";
import { SpectrumSmoother } from "./spectrum-smoothing.ts";

/** f0 that stands for unvoiced frames, in Hz. */
const UNVOICED_F0 = 500;
/** Power that noise lends to each bin, so that silence has a logarithm. */
const EPSILON = 2 ** -52;
const PERIODS = 3;

export type CheapTrickOptions = {
  /** Weight of the spectral recovery; default −0.15. */
  readonly recovery?: number;
  /** Lowest f0 that must fit into a transform, in Hz; default 71. It decides `fftSize`. */
  readonly floor?: number;
  /** Size of the transform, a power of two; by default the one that `envelopeFftSize` gives. */
  readonly fftSize?: number;
};

/** Power spectra of `f0.length` frames, fftSize/2 + 1 values each from 0 Hz to Nyquist, frame after frame. */
export type Envelope = { readonly envelope: Float32Array; readonly fftSize: number };

/** Smallest size of transform that takes three periods of `floor` Hz. */
export function envelopeFftSize(sampleRate: number, floor = F0_FLOOR): number {
  return 2 ** (1 + Math.trunc(Math.log2((PERIODS * sampleRate) / floor + 1)));
}

/**
 * Spectral envelopes (power) at `times` (s), where the fundamental frequency is `f0` (Hz, 0 where unvoiced). Frames are
 * independent of one another: any part of `f0` and `times` gives the same frames.
 */
export function cheapTrick(
  samples: Samples,
  sampleRate: number,
  f0: Float64Array,
  times: Float64Array,
  options: CheapTrickOptions = {},
): Envelope {
  if (f0.length !== times.length) throw new RangeError(`${f0.length} values of f0 at ${times.length} times`);
  const { recovery = -0.15, floor = F0_FLOOR, fftSize = envelopeFftSize(sampleRate, floor) } = options;
  const bins = fftSize / 2 + 1;
  const lowest = (PERIODS * sampleRate) / (fftSize - 3);
  const envelope = new Float32Array(f0.length * bins);
  const estimator = new EnvelopeEstimator(doubles(samples), sampleRate, fftSize, recovery);
  for (let i = 0; i < f0.length; i++) {
    const hz = f0[i] as number;
    estimator.estimate(times[i] as number, hz > lowest ? hz : UNVOICED_F0, envelope.subarray(i * bins, (i + 1) * bins));
  }
  return { envelope, fftSize };
}

class EnvelopeEstimator {
  readonly #window: PitchWindow;
  readonly #smoother: SpectrumSmoother;
  readonly #fft: RealFft;
  readonly #power: Float64Array;
  readonly #noise: Float64Array;
  readonly #sampleRate: number;
  readonly #recovery: number;

  constructor(samples: Float64Array, sampleRate: number, fftSize: number, recovery: number) {
    this.#window = new PitchWindow(samples, sampleRate);
    this.#smoother = new SpectrumSmoother(fftSize, sampleRate);
    this.#fft = new RealFft(fftSize);
    this.#power = new Float64Array(fftSize / 2 + 1);
    this.#noise = new Float64Array(fftSize / 2 + 1);
    this.#sampleRate = sampleRate;
    this.#recovery = recovery;
  }

  estimate(time: number, f0: number, target: Float32Array): void {
    const { waveform, spectrum, size } = this.#fft;
    const power = this.#power;
    const length = this.#window.cut(time, f0, PERIODS, "hann", waveform, true);
    waveform.fill(0, length);
    this.#fft.forward();
    for (let k = 0, j = 0; j < power.length; k += 2, j++) {
      power[j] = (spectrum[k] as number) ** 2 + (spectrum[k + 1] as number) ** 2;
    }
    this.#smoother.fillBelow(power, f0);
    this.#smoother.average(power, (f0 * 2) / 3, power);
    const noise = this.#noise;
    storedNoise(noise, nearest(time * this.#sampleRate), noise.length);
    for (let k = 0; k < power.length; k++) {
      const logarithm = Math.log(Math.abs(power[k] as number) + Math.abs(noise[k] as number) * EPSILON);
      waveform[k] = logarithm;
      if (k > 0) waveform[size - k] = logarithm;
    }
    this.#lift(f0);
    for (let k = 0; k < target.length; k++) target[k] = Math.exp(waveform[k] as number);
  }

  /** The log spectrum in `waveform`, smoothed over f0 and recovered. */
  #lift(f0: number): void {
    const { spectrum, size } = this.#fft;
    this.#fft.forward();
    const recovery = this.#recovery;
    const step = (Math.PI * f0) / this.#sampleRate;
    const stepCos = Math.cos(step);
    const stepSin = Math.sin(step);
    let c = stepCos;
    let s = stepSin;
    spectrum[0] = (spectrum[0] as number) / size;
    for (let n = 1; n <= size / 2; n++) {
      const smoothing = s / (step * n);
      // cos 2x = 1 − 2·sin² x.
      const compensation = 1 - 4 * recovery * s * s;
      spectrum[2 * n] = ((spectrum[2 * n] as number) * smoothing * compensation) / size;
      spectrum[2 * n + 1] = 0;
      const turned = c * stepCos - s * stepSin;
      s = s * stepCos + c * stepSin;
      c = turned;
    }
    this.#fft.inverse();
  }
}
