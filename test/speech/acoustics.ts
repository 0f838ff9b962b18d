/** Measures of a voice: pitch and long-term spectrum. */

const FRAME = 2048;
/** cos and −sin of a whole turn in FRAME steps. */
const COS = Float64Array.from({ length: FRAME }, (_, k) => Math.cos((2 * Math.PI * k) / FRAME));
const SIN = Float64Array.from({ length: FRAME }, (_, k) => -Math.sin((2 * Math.PI * k) / FRAME));

/** In-place radix-2 FFT of FRAME points. */
function fft(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j] as number, re[i] as number];
      [im[i], im[j]] = [im[j] as number, im[i] as number];
    }
  }
  for (let size = 2; size <= n; size *= 2) {
    const half = size / 2;
    for (let start = 0; start < n; start += size) {
      for (let k = 0; k < half; k++) {
        const turn = k * (FRAME / size);
        const c = COS[turn] as number;
        const s = SIN[turn] as number;
        const a = start + k;
        const b = a + half;
        const xr = (re[b] as number) * c - (im[b] as number) * s;
        const xi = (re[b] as number) * s + (im[b] as number) * c;
        re[b] = (re[a] as number) - xr;
        im[b] = (im[a] as number) - xi;
        re[a] = (re[a] as number) + xr;
        im[a] = (im[a] as number) + xi;
      }
    }
  }
}

/** Mean power per FFT bin, of frames that are not silent. */
function meanSpectrum(samples: Float32Array): Float64Array {
  const sum = new Float64Array(FRAME / 2);
  const re = new Float64Array(FRAME);
  const im = new Float64Array(FRAME);
  for (let start = 0; start + FRAME <= samples.length; start += FRAME / 2) {
    for (let n = 0; n < FRAME; n++) {
      re[n] = (samples[start + n] as number) * (0.5 - 0.5 * (COS[n] as number));
      im[n] = 0;
    }
    fft(re, im);
    for (let k = 0; k < sum.length; k++) sum[k] = (sum[k] as number) + (re[k] as number) ** 2 + (im[k] as number) ** 2;
  }
  return sum;
}

/** Middles of the third-octave bands that are compared, in Hz. */
export const BANDS: readonly number[] = [
  100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 4000, 5000, 6300, 8000,
];

/** Long-term average spectrum in third octaves, in dB against the sum of all of them. */
export function longTermSpectrum(samples: Float32Array, sampleRate: number): number[] {
  const spectrum = meanSpectrum(samples);
  const powers = BANDS.map((hz) => {
    const bin = (edge: number): number => Math.round((edge / sampleRate) * FRAME);
    let sum = 0;
    const from = bin(hz / 2 ** (1 / 6));
    const to = Math.max(bin(hz * 2 ** (1 / 6)), from + 1);
    for (let k = from; k < to; k++) sum += spectrum[k] ?? 0;
    return sum;
  });
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => 10 * Math.log10(power / total + 1e-9));
}

/** Root mean square difference of two long-term spectra from 160 Hz up, in dB. */
export function spectralDistance(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  let count = 0;
  for (const [index, hz] of BANDS.entries()) {
    if (hz < 160) continue;
    sum += ((a[index] as number) - (b[index] as number)) ** 2;
    count++;
  }
  return Math.sqrt(sum / count);
}

/** Power-weighted mean frequency in Hz. */
export function spectralCentroid(samples: Float32Array, sampleRate: number): number {
  const spectrum = meanSpectrum(samples);
  let weighted = 0;
  let total = 0;
  for (const [k, power] of spectrum.entries()) {
    weighted += ((k * sampleRate) / FRAME) * Math.sqrt(power);
    total += Math.sqrt(power);
  }
  return weighted / total;
}

/** Fundamental frequencies of the voiced frames, in Hz, by normalised autocorrelation. */
export function pitches(samples: Float32Array, sampleRate: number): number[] {
  const width = Math.round(0.03 * sampleRate);
  const longest = Math.round(sampleRate / 40);
  const shortest = Math.round(sampleRate / 500);
  const found: number[] = [];
  for (let start = 0; start + width + longest < samples.length; start += Math.round(0.035 * sampleRate)) {
    const scores = new Float64Array(longest + 1);
    let energy = 0;
    for (let n = 0; n < width; n++) energy += (samples[start + n] as number) ** 2;
    if (energy / width < 1e-4) continue;
    let best = 0;
    for (let lag = shortest; lag <= longest; lag++) {
      let cross = 0;
      let shifted = 0;
      for (let n = 0; n < width; n++) {
        const y = samples[start + n + lag] as number;
        cross += (samples[start + n] as number) * y;
        shifted += y * y;
      }
      scores[lag] = cross / Math.sqrt(energy * shifted + 1e-12);
      best = Math.max(best, scores[lag] as number);
    }
    if (best < 0.7) continue;
    // The shortest good period: longer ones are its multiples.
    for (let lag = shortest + 1; lag < longest; lag++) {
      const score = scores[lag] as number;
      if (score > 0.9 * best && score >= (scores[lag - 1] as number) && score >= (scores[lag + 1] as number)) {
        found.push(sampleRate / lag);
        break;
      }
    }
  }
  return found;
}

/** Middle value; NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
