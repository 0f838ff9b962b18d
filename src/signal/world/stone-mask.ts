/** Refinement of a pitch curve by the instantaneous frequency of its harmonics (M. Morise: StoneMask). */
import { doubles, type Samples } from "./frames.ts";
import { HarmonicProbe } from "./instantaneous-frequency.ts";

/** Lower curves count as unvoiced, in Hz. */
const FLOOR = 40;
/** Largest correction, as a share; beyond it the value stays. */
const LARGEST_CORRECTION = 0.2;

/**
 * `f0` (Hz, 0 where unvoiced) at `times` (s), made more precise frame by frame; same length. Frames at or below 40 Hz
 * and above a twelfth of the sample rate become 0.
 */
export function stoneMask(samples: Samples, sampleRate: number, f0: Float64Array, times: Float64Array): Float64Array {
  if (f0.length !== times.length) throw new RangeError(`${f0.length} values of f0 at ${times.length} times`);
  const probe = new HarmonicProbe(doubles(samples), sampleRate);
  const refined = new Float64Array(f0.length);
  for (let i = 0; i < f0.length; i++) {
    const initial = f0[i] as number;
    if (!(initial > FLOOR) || initial > sampleRate / 12) continue;
    probe.place(times[i] as number, initial, "each");
    probe.measure(initial, 2);
    const tentative = probe.f0;
    let result = 0;
    if (tentative > 0 && tentative <= 2 * initial) {
      probe.measure(tentative, 6);
      result = probe.f0;
    }
    refined[i] = Math.abs(result - initial) > initial * LARGEST_CORRECTION ? initial : result;
  }
  return refined;
}
