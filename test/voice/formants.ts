/** Formants as phoneticians measure them: Burg's linear prediction of pre-emphasised frames, peaks of its spectrum. */

const ORDER = 10;
const WINDOW_SECONDS = 0.05;
const STEP_SECONDS = 0.01;
/** Frames this far under the loudest do not count, in dB. */
const QUIET_DB = 25;

/**
 * Means of F1 to F3 in Hz over frames with a clear period, without the outer tenth on either side.
 * @param ceiling Hz; five formants are expected below it
 */
export function meanFormants(samples: Float32Array, sampleRate: number, ceiling: number): number[] {
  const rate = 2 * ceiling;
  const signal = emphasised(thinned(samples, sampleRate, rate), rate);
  const size = Math.round(WINDOW_SECONDS * rate);
  const frames: { level: number; formants: number[] }[] = [];
  for (let from = 0; from + size <= signal.length; from += Math.round(STEP_SECONDS * rate)) {
    const frame = signal.subarray(from, from + size);
    const level = 10 * Math.log10(frame.reduce((sum, x) => sum + x * x, 0) + 1e-12);
    if (!isPeriodic(frame, rate)) continue;
    const windowed = frame.map((x, n) => x * Math.exp(-12 * ((n + 0.5) / size - 0.5) ** 2));
    frames.push({ level, formants: peaks(burg(windowed), rate) });
  }
  const loudest = Math.max(...frames.map(({ level }) => level));
  const kept = frames.filter(({ level, formants }) => level > loudest - QUIET_DB && formants.length >= 3);
  return [0, 1, 2].map((f) => {
    const values = kept.map(({ formants }) => formants[f] as number).toSorted((a, b) => a - b);
    const inner = values.slice(Math.floor(values.length / 10), Math.ceil((9 * values.length) / 10));
    return inner.reduce((sum, hz) => sum + hz, 0) / inner.length;
  });
}

/** At another rate, by a windowed sinc. */
function thinned(samples: Float32Array, from: number, to: number): Float64Array {
  const cut = Math.min(1, to / from) * 0.95;
  const reach = Math.ceil(24 / cut);
  return Float64Array.from({ length: Math.floor((samples.length * to) / from) }, (_, i) => {
    const place = (i * from) / to;
    let sum = 0;
    for (let n = Math.ceil(place - reach); n <= place + reach; n++) {
      const x = (n - place) * cut;
      const weight = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      sum += (samples[n] ?? 0) * weight * (0.5 + 0.5 * Math.cos((Math.PI * (n - place)) / reach));
    }
    return sum * cut;
  });
}

function emphasised(signal: Float64Array, rate: number): Float64Array {
  const zero = Math.exp((-2 * Math.PI * 50) / rate);
  return signal.map((x, n) => x - zero * (signal[n - 1] ?? 0));
}

function isPeriodic(frame: Float64Array, rate: number): boolean {
  let energy = 0;
  for (const x of frame) energy += x * x;
  let best = 0;
  for (let lag = Math.round(rate / 400); lag < rate / 60; lag++) {
    let cross = 0;
    let own = 0;
    let other = 0;
    for (let n = 0; n + lag < frame.length; n++) {
      cross += (frame[n] as number) * (frame[n + lag] as number);
      own += (frame[n] as number) ** 2;
      other += (frame[n + lag] as number) ** 2;
    }
    best = Math.max(best, cross / Math.sqrt(own * other + 1e-20));
  }
  return energy > 1e-6 && best > 0.6;
}

/** Coefficients 1, a1 … of the prediction error filter. */
function burg(frame: Float64Array): Float64Array {
  const a = new Float64Array(ORDER + 1);
  a[0] = 1;
  const forward = frame.slice();
  const backward = frame.slice();
  for (let m = 1; m <= ORDER; m++) {
    let cross = 0;
    let energy = 0;
    for (let n = m; n < frame.length; n++) {
      cross += (forward[n] as number) * (backward[n - 1] as number);
      energy += (forward[n] as number) ** 2 + (backward[n - 1] as number) ** 2;
    }
    const reflection = (-2 * cross) / (energy + 1e-20);
    const before = a.slice();
    for (let j = 1; j <= m; j++) a[j] = (before[j] as number) + reflection * (before[m - j] as number);
    for (let n = frame.length - 1; n >= m; n--) {
      const f = forward[n] as number;
      const b = backward[n - 1] as number;
      forward[n] = f + reflection * b;
      backward[n] = b + reflection * f;
    }
  }
  return a;
}

/** Peaks of 1/|A|², in Hz, between parabolas. */
function peaks(a: Float64Array, rate: number): number[] {
  const steps = 512;
  const level = Float64Array.from({ length: steps + 1 }, (_, k) => {
    let re = 0;
    let im = 0;
    for (const [j, x] of a.entries()) {
      re += x * Math.cos((Math.PI * k * j) / steps);
      im += x * Math.sin((Math.PI * k * j) / steps);
    }
    return -Math.log(re * re + im * im + 1e-20);
  });
  const found: number[] = [];
  for (let k = 2; k < steps; k++) {
    const [low, middle, high] = [level[k - 1] as number, level[k] as number, level[k + 1] as number];
    if (middle < low || middle <= high) continue;
    const shift = (0.5 * (low - high)) / (low - 2 * middle + high);
    const hz = ((k + shift) / steps) * (rate / 2);
    if (hz > 120) found.push(hz);
  }
  return found;
}
