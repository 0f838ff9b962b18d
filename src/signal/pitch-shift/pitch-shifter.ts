import { StreamResampler } from "../stream-resampler.ts";
import { TimeStretch } from "./time-stretch.ts";

/** Largest denominator of the ratio that a shift is approximated by: off by less than a hundredth of a cent. */
const FINEST = 500;

/** Most semitones up or down. */
export const MAX_SHIFT = 24;

/** Shifts the pitch of a sound that comes in blocks, at the same pace and length to the sample. */
export class PitchShifter {
  readonly #stretch: TimeStretch;
  readonly #resamplers: readonly StreamResampler[];
  #taken = 0;
  #given = 0;

  /**
   * @param semitones −24…24, not 0
   * @throws RangeError beyond that
   */
  constructor(sampleRate: number, channels: number, semitones: number) {
    if (!(Math.abs(semitones) <= MAX_SHIFT)) throw new RangeError(`A shift of ${semitones} semitones is too far.`);
    const [above, below] = fraction(2 ** (semitones / 12));
    this.#stretch = new TimeStretch(sampleRate, channels, above / below);
    this.#resamplers = Array.from({ length: channels }, () => new StreamResampler(above, below));
  }

  /** Takes the next samples of each channel; answers what is ready, which may be nothing. */
  push(channels: readonly Float32Array[]): Float32Array[] {
    this.#taken += channels[0]?.length ?? 0;
    return this.#give(this.#resampled(this.#stretch.push(channels)));
  }

  /** The rest. In all there is as much as was pushed. */
  finish(): Float32Array[] {
    const last = this.#resampled(this.#stretch.finish());
    const rest = this.#resamplers.map((resampler) => resampler.finish());
    const missing = this.#taken - this.#given;
    return this.#give(
      last.map((piece, channel) => {
        const whole = new Float32Array(missing);
        whole.set(piece.subarray(0, missing));
        const end = (rest[channel] as Float32Array).subarray(0, Math.max(0, missing - piece.length));
        whole.set(end, Math.min(missing, piece.length));
        return whole;
      }),
    );
  }

  #resampled(channels: readonly Float32Array[]): Float32Array[] {
    return channels.map((samples, channel) => (this.#resamplers[channel] as StreamResampler).push(samples));
  }

  #give(channels: Float32Array[]): Float32Array[] {
    this.#given += channels[0]?.length ?? 0;
    return channels;
  }
}

/** The fraction nearest to `value` with a denominator up to `FINEST`, by its continued fraction. */
function fraction(value: number): readonly [above: number, below: number] {
  let [above, below] = [1, 0];
  let [lastAbove, lastBelow] = [0, 1];
  let rest = value;
  for (;;) {
    const whole = Math.floor(rest);
    const nextBelow = whole * below + lastBelow;
    if (nextBelow > FINEST) return [above, below];
    [above, lastAbove] = [whole * above + lastAbove, above];
    [below, lastBelow] = [nextBelow, below];
    if (rest - whole < 1e-9) return [above, below];
    rest = 1 / (rest - whole);
  }
}
