/** Sound of the voiced frames of a piece: a response per pulse, laid over one another. */
import { gaussianNoise } from "../world/noise.ts";
import { ResponseMaker } from "../world/pulse-response.ts";

export type PulseRendering = {
  readonly sampleRate: number;
  readonly fftSize: number;
  /** Samples from frame to frame. */
  readonly hop: number;
  /** Number of the sample at frame 0, which decides the noise: the same place always gets the same. */
  readonly firstSample: number;
  readonly seed: number;
  /** Times of the pulses in frames; each lies between two voiced frames. */
  readonly pulses: Float64Array;
  /** Pulses of these that are rendered; the one after the last only says how long that one lasts. */
  readonly count: number;
  /** f0 in Hz by frame, for pulses that have no next one near. */
  readonly f0: Float64Array;
  /** Row of each frame in `envelope` and `aperiodicity`; −1 for none. */
  readonly rows: Int32Array;
  readonly envelope: Float32Array;
  readonly aperiodicity: Float32Array;
  /** Amplitude by frame. */
  readonly gain: Float64Array;
};

/**
 * Adds the sound to `target`, whose sample `origin` is the one at frame 0. A response reaches fftSize/2 samples to
 * either side of its pulse; what lies outside `target` is lost.
 */
export function renderPulses(rendering: PulseRendering, target: Float32Array, origin: number): void {
  const { fftSize, hop, pulses, count, f0, rows, gain, firstSample, sampleRate } = rendering;
  const { envelope, aperiodicity } = rendering;
  const responses = new ResponseMaker(envelope, aperiodicity, fftSize, gaussianNoise(rendering.seed));
  for (let p = 0; p < count; p++) {
    const time = pulses[p] as number;
    const frame = Math.floor(time);
    const share = time - frame;
    const level = (1 - share) * (gain[frame] as number) + share * (gain[frame + 1] as number);
    if (level <= 0) continue;
    const sample = Math.floor(time * hop);
    const period = Math.ceil(sampleRate / (f0[frame] as number));
    const next = p + 1 < pulses.length ? Math.floor((pulses[p + 1] as number) * hop) - sample : period;
    const span = Math.max(1, next > 2 * period ? period : next);
    const row = (rows[frame] as number) + share;
    const response = responses.make(row, true, time * hop - sample, firstSample + sample, span);
    const offset = origin + sample - fftSize / 2 + 1;
    const end = Math.min(fftSize, target.length - offset);
    for (let n = Math.max(0, -offset); n < end; n++) {
      target[offset + n] = (target[offset + n] as number) + level * (response[n] as number);
    }
  }
}
