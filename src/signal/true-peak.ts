/** Peaks between the samples, by four-fold interpolation, and a limiter that respects them. ITU-R BS.1770-4, annex 2. */

/** Phases 0 and 1 of the interpolating filter of the annex; phases 3 and 2 are the same backwards. */
const PHASE_0 = Float64Array.of(
  0.001708984375,
  0.010986328125,
  -0.0196533203125,
  0.033203125,
  -0.0594482421875,
  0.1373291015625,
  0.97216796875,
  -0.102294921875,
  0.047607421875,
  -0.026611328125,
  0.014892578125,
  -0.00830078125,
);
const PHASE_1 = Float64Array.of(
  -0.0291748046875,
  0.029296875,
  -0.0517578125,
  0.089111328125,
  -0.16650390625,
  0.465087890625,
  0.77978515625,
  -0.2003173828125,
  0.1015625,
  -0.0582275390625,
  0.0330810546875,
  -0.0189208984375,
);
const TAPS = PHASE_0.length;
/** Input sample, counted from the oldest under the filter, that the interpolated points lie around. */
const MIDDLE = 6;

/** Samples on either side that decide how high a sound gets around one of them. */
export const PEAK_MARGIN = MIDDLE;

/** The most that the filter can raise a sound by: the sum of the magnitudes of a phase. */
const HIGHEST_GAIN = 2.03;

/** Look-ahead of the limiter in seconds. */
const LOOK_AHEAD = 0.0015;
/** Time constant of the limiter's recovery, in seconds. */
const RELEASE = 0.06;

/**
 * Largest magnitude around each sample, the sample itself included. Where the samples under the filter are all so low
 * that no peak of `least` can lie between them, that is not looked into.
 */
export function peaksAround(samples: Float32Array, least: number): Float32Array {
  const peaks = new Float32Array(samples.length);
  const padded = new Float32Array(samples.length + TAPS);
  padded.set(samples, TAPS - 1 - MIDDLE);
  const low = least / HIGHEST_GAIN;
  /** Samples left until the last high one has passed under the filter. */
  let watch = 0;
  for (let k = 0; k < TAPS - 1; k++) if (Math.abs(padded[k] as number) > low) watch = k + 1;
  for (let n = 0; n < samples.length; n++) {
    if (Math.abs(padded[n + TAPS - 1] as number) > low) watch = TAPS;
    if (watch === 0) {
      peaks[n] = Math.abs(samples[n] as number);
      continue;
    }
    watch--;
    let p0 = 0;
    let p1 = 0;
    let p2 = 0;
    let p3 = 0;
    for (let k = 0; k < TAPS; k++) {
      const x = padded[n + k] as number;
      p0 += x * (PHASE_0[k] as number);
      p1 += x * (PHASE_1[k] as number);
      p2 += x * (PHASE_1[TAPS - 1 - k] as number);
      p3 += x * (PHASE_0[TAPS - 1 - k] as number);
    }
    peaks[n] = Math.max(Math.abs(samples[n] as number), Math.abs(p0), Math.abs(p1), Math.abs(p2), Math.abs(p3));
  }
  return peaks;
}

/** Largest magnitude of the sound, between the samples too; 1 is full scale. */
export function truePeak(samples: Float32Array): number {
  let peak = 0;
  for (const value of peaksAround(samples, 0)) if (value > peak) peak = value;
  return peak;
}

/**
 * Turns the gain down around peaks, in place, so that the true peak stays under `ceiling`. Without such peaks nothing
 * changes.
 * @param ceiling 0…1, linear.
 * @returns whether anything was turned down.
 */
export function limit(samples: Float32Array, sampleRate: number, ceiling: number): boolean {
  const gain = peaksAround(samples, ceiling);
  let needed = false;
  for (let n = 0; n < gain.length; n++) {
    const peak = gain[n] as number;
    if (peak > ceiling) needed = true;
    gain[n] = peak > ceiling ? ceiling / peak : 1;
  }
  if (!needed) return false;
  const width = Math.max(1, Math.round(LOOK_AHEAD * sampleRate));
  const smooth = movingMean(released(heldMinimum(gain, width), sampleRate), width);
  for (let n = 0; n < samples.length; n++) samples[n] = (samples[n] as number) * (smooth[n] as number);
  // The gain moves, so a peak between samples can still come out a hair too high.
  const peak = truePeak(samples);
  const rest = Math.min(1, ceiling / peak);
  if (rest < 1) for (let n = 0; n < samples.length; n++) samples[n] = (samples[n] as number) * rest;
  return true;
}

/** Least value within `width` samples on either side. */
function heldMinimum(values: Float32Array, width: number): Float32Array {
  const held = new Float32Array(values.length);
  // Positions of a rising run of candidates; its head is the least value of the window.
  const queue = new Int32Array(values.length);
  let head = 0;
  let tail = 0;
  for (let n = 0; n < values.length + width; n++) {
    if (n < values.length) {
      while (tail > head && (values[queue[tail - 1] as number] as number) >= (values[n] as number)) tail--;
      queue[tail++] = n;
    }
    const middle = n - width;
    if (middle < 0) continue;
    while ((queue[head] as number) < middle - width) head++;
    held[middle] = values[queue[head] as number] as number;
  }
  return held;
}

/** The gain falls at once and recovers slowly. */
function released(gain: Float32Array, sampleRate: number): Float32Array {
  const step = 1 - Math.exp(-1 / (RELEASE * sampleRate));
  let level = 1;
  for (let n = 0; n < gain.length; n++) {
    const target = gain[n] as number;
    level = target < level ? target : level + (target - level) * step;
    gain[n] = level;
  }
  return gain;
}

/** Mean of 2·width+1 values; the ends repeat. */
function movingMean(values: Float32Array, width: number): Float32Array {
  const mean = new Float32Array(values.length);
  const last = values.length - 1;
  const at = (n: number): number => values[Math.min(Math.max(n, 0), last)] as number;
  let sum = 0;
  for (let n = -width; n <= width; n++) sum += at(n);
  for (let n = 0; n < values.length; n++) {
    mean[n] = sum / (2 * width + 1);
    sum += at(n + width + 1) - at(n - width);
  }
  return mean;
}
