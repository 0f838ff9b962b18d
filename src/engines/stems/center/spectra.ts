import { ComplexFft } from "../../../signal/complex-fft.ts";
import { hannWindow } from "../../../signal/stft.ts";
import type { StereoPassage } from "../stem-separator.ts";

/** Hz of the sound. */
export const SAMPLE_RATE = 44_100;

/** Samples of a frame: low voices' harmonics lie apart in it. */
const SIZE = 4096;

/** Samples from one frame to the next. */
export const HOP = SIZE / 4;

/** Hz from one bin to the next. */
export const BIN_HZ = SAMPLE_RATE / SIZE;

/** Bins that are looked at: up to 16 kHz, above which voices have nothing that they would be missed for. */
export const BINS = Math.round(16_000 / BIN_HZ);

/** Squares of Hann's windows at this hop add up to this everywhere. */
const COVER = 1.5;

/** What is in the middle of a sound and what is not, frame by frame; [frames, BINS] each. */
export type MidSide = {
  readonly frames: number;
  /** Spectrum of half the sum of both sides. */
  readonly re: Float32Array;
  readonly im: Float32Array;
  /** Power of half their difference. */
  readonly side: Float32Array;
};

/** Spectra of a sound's middle; frames reach beyond both of its ends, so that all of it is seen four times. */
export function analyse([left, right]: StereoPassage): MidSide {
  const { length } = left;
  const frames = framesOf(length);
  const re = new Float32Array(frames * BINS);
  const im = new Float32Array(frames * BINS);
  const side = new Float32Array(frames * BINS);
  const fft = new ComplexFft(SIZE);
  const hann = hannWindow(SIZE);
  for (let frame = 0; frame < frames; frame++) {
    const start = frame * HOP + HOP - SIZE;
    for (let i = 0; i < SIZE; i++) {
      const n = start + i;
      const heard = n >= 0 && n < length;
      const weight = heard ? 0.5 * (hann[i] as number) : 0;
      const l = heard ? (left[n] as number) : 0;
      const r = heard ? (right[n] as number) : 0;
      fft.re[i] = weight * (l + r);
      fft.im[i] = weight * (l - r);
    }
    fft.forward();
    const { re: x, im: y } = fft;
    for (let k = 0, at = frame * BINS; k < BINS; k++, at++) {
      const back = (SIZE - k) % SIZE;
      // Two real sounds in one transform: the sum of a bin and its mirror is the first, the difference the second.
      re[at] = 0.5 * ((x[k] as number) + (x[back] as number));
      im[at] = 0.5 * ((y[k] as number) - (y[back] as number));
      const sideRe = 0.5 * ((y[k] as number) + (y[back] as number));
      const sideIm = 0.5 * ((x[back] as number) - (x[k] as number));
      side[at] = sideRe * sideRe + sideIm * sideIm;
    }
  }
  return { frames, re, im, side };
}

/**
 * The sound of the middle's spectrum, each bin by its share.
 * @param length samples, as they were analysed
 */
export function synthesise(
  { frames, re, im }: MidSide,
  shares: Float32Array,
  length: number,
): Float32Array<ArrayBuffer> {
  const sound = new Float32Array(length);
  const fft = new ComplexFft(SIZE);
  const hann = hannWindow(SIZE);
  // Two frames in one transform, as its real and its imaginary part.
  for (let frame = 0; frame < frames; frame += 2) {
    const { re: x, im: y } = fft;
    x.fill(0);
    y.fill(0);
    for (let k = 1; k < BINS; k++) {
      const at = frame * BINS + k;
      const share = shares[at] as number;
      const a = share * (re[at] as number);
      const b = share * (im[at] as number);
      const next = frame + 1 < frames ? (shares[at + BINS] as number) : 0;
      const c = next === 0 ? 0 : next * (re[at + BINS] as number);
      const d = next === 0 ? 0 : next * (im[at + BINS] as number);
      x[k] = a - d;
      y[k] = b + c;
      x[SIZE - k] = a + d;
      y[SIZE - k] = c - b;
    }
    fft.inverse();
    add(sound, fft.re, hann, frame);
    if (frame + 1 < frames) add(sound, fft.im, hann, frame + 1);
  }
  return sound;
}

function add(sound: Float32Array, of: Float64Array, hann: Float64Array, frame: number): void {
  const start = frame * HOP + HOP - SIZE;
  const to = Math.min(SIZE, sound.length - start);
  for (let i = Math.max(0, -start); i < to; i++) {
    sound[start + i] = (sound[start + i] as number) + ((hann[i] as number) * (of[i] as number)) / (SIZE * COVER);
  }
}

/** Frames of a sound. */
export function framesOf(length: number): number {
  return Math.ceil((length + SIZE) / HOP) - 1;
}
