/** The sound of one pulse: the voiced part, shifted by less than a sample, and the noise up to the next pulse. */
import { ComplexFft, RealFft } from "./fft.ts";
import { MinimumPhase } from "./minimum-phase.ts";
import type { NoiseSource } from "./noise.ts";

type Rows = Float32Array | Float64Array;

/** Aperiodicity stays within these; at the second and above there is no voiced part. */
const LEAST_NOISE = 0.001;
const MOST_NOISE = 0.999999999999;
const ONLY_NOISE = 0.999;
const TINY = 1e-12;
/** Least power of a bin. */
const SILENCE = 1e-30;

/** Makes one response after another in buffers of its own. */
export class ResponseMaker {
  readonly #envelope: Rows;
  readonly #aperiodicity: Rows;
  readonly #frames: number;
  readonly #size: number;
  readonly #noise: NoiseSource;
  readonly #power: Float64Array;
  readonly #ratio: Float64Array;
  readonly #voice: MinimumPhase;
  readonly #breath: MinimumPhase;
  readonly #noiseFft: RealFft;
  readonly #pair: ComplexFft;
  readonly #remover: Float64Array;
  readonly #response: Float64Array;

  constructor(envelope: Rows, aperiodicity: Rows, fftSize: number, noise: NoiseSource) {
    const bins = fftSize / 2 + 1;
    this.#envelope = envelope;
    this.#aperiodicity = aperiodicity;
    this.#frames = envelope.length / bins;
    this.#size = fftSize;
    this.#noise = noise;
    this.#power = new Float64Array(bins);
    this.#ratio = new Float64Array(bins);
    this.#voice = new MinimumPhase(fftSize);
    this.#breath = new MinimumPhase(fftSize);
    this.#noiseFft = new RealFft(fftSize);
    this.#pair = new ComplexFft(fftSize);
    this.#remover = offsetShape(fftSize);
    this.#response = new Float64Array(fftSize);
  }

  /**
   * Response at `frame` (may lie between two), its middle at place fftSize/2 − 1 + `shift`. `sample` and `span` say
   * which noise it carries. The array is used again for the next one.
   */
  make(frame: number, voiced: boolean, shift: number, sample: number, span: number): Float64Array {
    this.#readFrame(frame);
    const power = this.#power;
    const ratio = this.#ratio;
    const withVoice = voiced && (ratio[0] as number) <= ONLY_NOISE;
    if (withVoice) {
      const { logAmplitude } = this.#voice;
      for (let k = 0; k < power.length; k++) {
        logAmplitude[k] = Math.log((power[k] as number) * (1 - (ratio[k] as number)) + TINY) / 2;
      }
      this.#voice.compute();
    }
    const { logAmplitude } = this.#breath;
    for (let k = 0; k < power.length; k++) {
      logAmplitude[k] = Math.log(Math.max(SILENCE, (power[k] as number) * (voiced ? (ratio[k] as number) : 1))) / 2;
    }
    this.#breath.compute();
    this.#loadNoise(sample, span);
    this.#shapeNoise();
    return withVoice ? this.#withVoice((2 * Math.PI * shift) / this.#size, span) : this.#noiseOnly();
  }

  /** Envelope and squared aperiodicity on the line between two frames. */
  #readFrame(frame: number): void {
    const envelope = this.#envelope;
    const aperiodicity = this.#aperiodicity;
    const power = this.#power;
    const ratio = this.#ratio;
    const low = Math.min(this.#frames - 1, Math.floor(frame));
    const high = Math.min(this.#frames - 1, Math.ceil(frame));
    const share = low === high ? 0 : frame - low;
    for (let k = 0, a = low * power.length, b = high * power.length; k < power.length; k++, a++, b++) {
      power[k] = (1 - share) * Math.abs(envelope[a] as number) + share * Math.abs(envelope[b] as number);
      const from = Math.max(LEAST_NOISE, Math.min(MOST_NOISE, aperiodicity[a] as number));
      const to = Math.max(LEAST_NOISE, Math.min(MOST_NOISE, aperiodicity[b] as number));
      ratio[k] = ((1 - share) * from + share * to) ** 2;
    }
  }

  /** Spectrum of the noise from one pulse to the next, around its mean. */
  #loadNoise(sample: number, span: number): void {
    const { waveform } = this.#noiseFft;
    const count = Math.min(span, this.#size);
    this.#noise(waveform, sample, count);
    let mean = 0;
    for (let n = 0; n < count; n++) mean += waveform[n] as number;
    mean /= count;
    for (let n = 0; n < count; n++) waveform[n] = (waveform[n] as number) - mean;
    waveform.fill(0, count);
    this.#noiseFft.forward();
  }

  /** The noise gets its envelope. */
  #shapeNoise(): void {
    const breath = this.#breath.spectrum;
    const noise = this.#noiseFft.spectrum;
    for (let k = 0; k < noise.length; k += 2) {
      const br = breath[k] as number;
      const bi = breath[k + 1] as number;
      const nr = noise[k] as number;
      const ni = noise[k + 1] as number;
      noise[k] = br * nr - bi * ni;
      noise[k + 1] = br * ni + bi * nr;
    }
  }

  #noiseOnly(): Float64Array {
    const response = this.#response;
    const { waveform, size } = this.#noiseFft;
    this.#noiseFft.inverse();
    const half = size / 2;
    for (let n = 0; n < half; n++) {
      response[n] = (waveform[n + half] as number) / size;
      response[n + half] = (waveform[n] as number) / size;
    }
    return response;
  }

  /** The voiced part later by `step` (radians per bin), and the noise, in one transform. */
  #withVoice(step: number, span: number): Float64Array {
    const { input, size } = this.#pair;
    const voice = this.#voice.spectrum;
    const noise = this.#noiseFft.spectrum;
    const stepCos = Math.cos(step);
    const stepSin = Math.sin(step);
    let c = 1;
    let s = 0;
    const end = 2 * size;
    for (let k = 0; k <= size; k += 2) {
      const outer = k === 0 || k === size;
      const vr = voice[k] as number;
      const vi = voice[k + 1] as number;
      const re = vr * c + vi * s;
      const im = outer ? 0 : vi * c - vr * s;
      const noiseRe = noise[k] as number;
      const noiseIm = outer ? 0 : (noise[k + 1] as number);
      const turned = c * stepCos - s * stepSin;
      s = s * stepCos + c * stepSin;
      c = turned;
      // Voice as real part, noise as imaginary part; bins in reversed order, so that the transform is the inverse.
      const mirrored = k === 0 ? 0 : end - k;
      input[k] = re + noiseIm;
      input[k + 1] = noiseRe - im;
      input[mirrored] = re - noiseIm;
      input[mirrored + 1] = noiseRe + im;
    }
    this.#pair.transform();
    return this.#join(Math.sqrt(span) / size);
  }

  /** Both parts with time 0 in the middle, the voiced one without offset and times `gain`. */
  #join(gain: number): Float64Array {
    const { output, size } = this.#pair;
    const response = this.#response;
    const remover = this.#remover;
    const half = size / 2;
    let offset = 0;
    for (let n = 0; n < half; n++) offset += output[2 * n] as number;
    for (let n = 0; n < half; n++) {
      const early = 2 * (n + half);
      // Nothing of a minimum-phase response lies before its pulse.
      response[n] = (output[early + 1] as number) / size - offset * (remover[n] as number) * gain;
      const voice = (output[2 * n] as number) - offset * (remover[n + half] as number);
      response[n + half] = (output[2 * n + 1] as number) / size + voice * gain;
    }
    return response;
  }
}

/** Hann-like shape of unit sum that an offset is taken out with. */
function offsetShape(size: number): Float64Array {
  const shape = new Float64Array(size);
  let sum = 0;
  for (let n = 0; n < size / 2; n++) {
    const value = 0.5 - 0.5 * Math.cos((2 * Math.PI * (n + 1)) / (1 + size));
    shape[n] = value;
    shape[size - 1 - n] = value;
    sum += 2 * value;
  }
  for (let n = 0; n < size; n++) shape[n] = (shape[n] as number) / sum;
  return shape;
}
