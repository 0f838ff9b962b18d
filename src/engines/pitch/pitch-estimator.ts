import type { Leases } from "../../inference/model-cache.ts";
import type { MonoAudio } from "../../signal/audio.ts";
import type { Engine } from "../engine.ts";

/** Fundamental frequency over time: frame `i` is the time `i · hopSeconds`. */
export type F0 = {
  readonly hopSeconds: number;
  /** Hz; 0 where there is no voice. */
  readonly values: Float64Array;
};

export type PitchOptions = {
  /** Hz. */
  readonly floor: number;
  /** Hz. */
  readonly ceiling: number;
  /** Seconds between frames; 0.01 for RVC, 0.005 for WORLD. */
  readonly hopSeconds: number;
  /** Which size of a network that comes in several; default the largest that is there. */
  readonly size?: "full" | "tiny";
  /** Gives every frame the likeliest pitch, sung or not. Default false. */
  readonly everywhere?: boolean;
};

/** Sound in, fundamental frequency out. */
export interface PitchEstimator extends Engine {
  estimate(audio: MonoAudio, options: PitchOptions, signal: AbortSignal): Promise<F0>;
  /**
   * Holds the networks that `estimate` leases each time, so that who uses others besides takes them together.
   * @throws AppError as `estimate`
   */
  hold?(leases: Leases, options: Pick<PitchOptions, "size">, signal: AbortSignal): Promise<AsyncDisposable>;
}
