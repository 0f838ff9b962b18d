import { hannWindow } from "../../../signal/stft.ts";
import type { StereoPassage } from "../stem-separator.ts";
import { ComplexFft } from "../../../signal/complex-fft.ts";
import { HOP, type MdxGeometry, windowSamples } from "./geometry.ts";

/** The lowest bins, which the networks are trained without. */
const LOWEST = 3;

/**
 * Windows of sound as the networks see them and back: `torch.stft` and `torch.istft` with periodic Hann windows, centred,
 * reflected at the ends. Both sides go through one complex transform.
 */
export class Spectra {
  readonly #geometry: MdxGeometry;
  readonly #fft: ComplexFft;
  readonly #hann: Float64Array;
  /** What the overlapping windows add up to, from half a frame before the sound. */
  readonly #cover: Float64Array;

  /** @param geometry one that `problemOf` finds nothing wrong with */
  constructor(geometry: MdxGeometry) {
    const { size, frames } = geometry;
    this.#geometry = geometry;
    this.#fft = new ComplexFft(size);
    this.#hann = hannWindow(size);
    this.#cover = new Float64Array(windowSamples(geometry) + size);
    for (let frame = 0; frame < frames; frame++) {
      for (let i = 0; i < size; i++) {
        this.#cover[frame * HOP + i] = (this.#cover[frame * HOP + i] as number) + (this.#hann[i] as number) ** 2;
      }
    }
  }

  /** [4, bins, frames]: real and imaginary parts of the left side, then of the right; the lowest bins are 0. */
  analyse([left, right]: StereoPassage): Float32Array<ArrayBuffer> {
    const { size, bins, frames } = this.#geometry;
    const fft = this.#fft;
    const plane = bins * frames;
    const spectrum = new Float32Array(4 * plane);
    const last = left.length - 1;
    for (let frame = 0; frame < frames; frame++) {
      const { re, im } = fft;
      for (let i = 0; i < size; i++) {
        let at = Math.abs(frame * HOP + i - size / 2);
        if (at > last) at = 2 * last - at;
        const weight = this.#hann[i] as number;
        re[i] = weight * (left[at] as number);
        im[i] = weight * (right[at] as number);
      }
      fft.forward();
      const x = fft.re;
      const y = fft.im;
      for (let k = LOWEST; k < bins; k++) {
        const back = size - k;
        const at = k * frames + frame;
        spectrum[at] = 0.5 * ((x[k] as number) + (x[back] as number));
        spectrum[at + plane] = 0.5 * ((y[k] as number) - (y[back] as number));
        spectrum[at + 2 * plane] = 0.5 * ((y[k] as number) + (y[back] as number));
        spectrum[at + 3 * plane] = 0.5 * ((x[back] as number) - (x[k] as number));
      }
    }
    return spectrum;
  }

  /**
   * The sound of a spectrum as `analyse` lays it out; bins above the network's are silent.
   * @param turned a network's answer to the spectrum with its sign turned: half the difference of both counts
   */
  synthesise(spectrum: Float32Array, turned?: Float32Array): [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>] {
    const { size, bins, frames } = this.#geometry;
    const plane = bins * frames;
    const length = windowSamples(this.#geometry);
    const sumLeft = new Float64Array(length + size);
    const sumRight = new Float64Array(length + size);
    const fft = this.#fft;
    const one = turned ? spectrum.map((value, at) => 0.5 * (value - (turned[at] as number))) : spectrum;
    for (let frame = 0; frame < frames; frame++) {
      const { re, im } = fft;
      re.fill(0);
      im.fill(0);
      // A real sound has no imaginary part at 0 Hz and at the highest bin.
      re[0] = one[frame] as number;
      im[0] = one[frame + 2 * plane] as number;
      for (let k = 1; k < bins; k++) {
        const at = k * frames + frame;
        const leftRe = one[at] as number;
        const rightRe = one[at + 2 * plane] as number;
        if (2 * k === size) {
          re[k] = leftRe;
          im[k] = rightRe;
          continue;
        }
        const leftIm = one[at + plane] as number;
        const rightIm = one[at + 3 * plane] as number;
        re[k] = leftRe - rightIm;
        im[k] = leftIm + rightRe;
        re[size - k] = leftRe + rightIm;
        im[size - k] = rightRe - leftIm;
      }
      fft.inverse();
      const x = fft.re;
      const y = fft.im;
      for (let i = 0, at = frame * HOP; i < size; i++, at++) {
        const weight = (this.#hann[i] as number) / size;
        sumLeft[at] = (sumLeft[at] as number) + weight * (x[i] as number);
        sumRight[at] = (sumRight[at] as number) + weight * (y[i] as number);
      }
    }
    const left = new Float32Array(length);
    const right = new Float32Array(length);
    for (let n = 0; n < length; n++) {
      const cover = this.#cover[n + size / 2] as number;
      left[n] = (sumLeft[n + size / 2] as number) / cover;
      right[n] = (sumRight[n + size / 2] as number) / cover;
    }
    return [left, right];
  }
}
