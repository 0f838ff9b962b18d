import { monotoneCurve } from "../../../signal/voice/monotone-curve.ts";
import type { TimbrePlan } from "./protocol.ts";

/** Changes envelopes and aperiodicities by a plan, frame by frame, in buffers of its own. */
export class TimbreMap {
  /** Source bin of each bin of the result: whole part and share of the next one. */
  readonly #lower: Int32Array;
  readonly #share: Float64Array;
  /** Factor on the power. */
  readonly #gain: Float64Array;
  /** Factor on the odds of noise. */
  readonly #odds: Float64Array;
  readonly #row: Float64Array;
  readonly #binHz: number;

  constructor({ warp, equaliser, noise }: TimbrePlan, sampleRate: number, fftSize: number) {
    const bins = fftSize / 2 + 1;
    const binHz = sampleRate / fftSize;
    const axis = Float64Array.from({ length: bins }, (_, k) => k * binHz);
    const places = monotoneCurve(warp, axis).map((hz) => Math.min(bins - 1, Math.max(0, hz / binHz)));
    this.#lower = Int32Array.from(places, (place) => Math.min(bins - 2, Math.floor(place)));
    this.#share = places.map((place, k) => place - (this.#lower[k] as number));
    this.#gain = monotoneCurve(equaliser, axis).map((db) => 10 ** (db / 10));
    this.#odds = monotoneCurve(noise, axis).map((logarithm) => Math.exp(logarithm));
    this.#binHz = binHz;
    this.#row = new Float64Array(bins);
  }

  /**
   * The envelope warped and equalised, at the power that it had; in place. What lies below the fundamental is in the
   * envelope, but never heard: it does not count.
   * @param sourceHz f0 that the envelope was heard at; `targetHz` f0 that it will be heard at
   */
  envelope(power: Float32Array, sourceHz: number, targetHz: number): void {
    const row = this.#row;
    const firstBefore = sourceHz / 2 / this.#binHz;
    const firstAfter = targetHz / 2 / this.#binHz;
    let before = 0;
    let after = 0;
    for (let k = 0; k < row.length; k++) {
      const at = this.#lower[k] as number;
      const low = power[at] as number;
      const value = (low + (this.#share[k] as number) * ((power[at + 1] as number) - low)) * (this.#gain[k] as number);
      row[k] = value;
      if (k >= firstBefore) before += power[k] as number;
      if (k >= firstAfter) after += value;
    }
    const scale = after > 0 ? before / after : 0;
    for (let k = 0; k < row.length; k++) power[k] = (row[k] as number) * scale;
  }

  /** In place. */
  aperiodicity(noise: Float32Array): void {
    for (let k = 0; k < noise.length; k++) {
      const share = noise[k] as number;
      const odds = share * (this.#odds[k] as number);
      noise[k] = odds / (1 - share + odds);
    }
  }
}
