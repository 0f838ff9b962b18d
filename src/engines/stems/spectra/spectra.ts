import { hannWindow } from "../../../signal/stft.ts";
import type { StereoPassage } from "../stem-separator.ts";
import { ComplexFft } from "../../../signal/complex-fft.ts";
import { framesOf, type SpectraGeometry } from "./protocol.ts";

/**
 * Windows of sound as the networks see them and back: `torch.stft` and `torch.istft` with periodic Hann windows, centred,
 * reflected at the ends. Both sides go through one complex transform.
 */
export class Spectra {
  readonly #geometry: SpectraGeometry;
  readonly #frames: number;
  readonly #fft: ComplexFft;
  readonly #hann: Float64Array;
  /** What the overlapping windows add up to, from half a frame before the sound. */
  readonly #cover: Float64Array;

  /** @param geometry one whose transform `ComplexFft` takes, with frames that leave no gaps */
  constructor(geometry: SpectraGeometry) {
    const { size, heard, hop, samples } = geometry;
    this.#geometry = geometry;
    this.#frames = framesOf(geometry);
    this.#fft = new ComplexFft(size);
    this.#hann = new Float64Array(size);
    this.#hann.set(hannWindow(heard), Math.floor((size - heard) / 2));
    this.#cover = new Float64Array(samples + size);
    for (let frame = 0; frame < this.#frames; frame++) {
      for (let i = 0; i < size; i++) {
        this.#cover[frame * hop + i] = (this.#cover[frame * hop + i] as number) + (this.#hann[i] as number) ** 2;
      }
    }
  }

  /** [4, bins, frames]: real and imaginary parts of the left side, then of the right; the lowest bins may be 0. */
  analyse([left, right]: StereoPassage): Float32Array<ArrayBuffer> {
    const { size, bins, hop, muted } = this.#geometry;
    const frames = this.#frames;
    const fft = this.#fft;
    const plane = bins * frames;
    const spectrum = new Float32Array(4 * plane);
    const last = left.length - 1;
    for (let frame = 0; frame < frames; frame++) {
      const { re, im } = fft;
      for (let i = 0; i < size; i++) {
        let at = Math.abs(frame * hop + i - size / 2);
        if (at > last) at = 2 * last - at;
        const weight = this.#hann[i] as number;
        re[i] = weight * (left[at] as number);
        im[i] = weight * (right[at] as number);
      }
      fft.forward();
      const x = fft.re;
      const y = fft.im;
      for (let k = muted.before; k < bins; k++) {
        // The bin of 0 Hz is its own other half.
        const back = (size - k) % size;
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
    const { size, bins, hop, samples: length, muted } = this.#geometry;
    const frames = this.#frames;
    const plane = bins * frames;
    const sumLeft = new Float64Array(length + size);
    const sumRight = new Float64Array(length + size);
    const fft = this.#fft;
    const one = turned ? spectrum.map((value, at) => 0.5 * (value - (turned[at] as number))) : spectrum;
    for (let frame = 0; frame < frames; frame++) {
      const { re, im } = fft;
      re.fill(0);
      im.fill(0);
      // A real sound has no imaginary part at 0 Hz and at the highest bin.
      if (muted.after === 0) {
        re[0] = one[frame] as number;
        im[0] = one[frame + 2 * plane] as number;
      }
      for (let k = Math.max(1, muted.after); k < bins; k++) {
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
      for (let i = 0, at = frame * hop; i < size; i++, at++) {
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
