/**
 * Coefficients for conversion between sample rates by a polyphase filter with a Kaiser-windowed sinc: flat (0.1 dB) up
 * to 86 % of the lower Nyquist frequency, and under −85 dB from that frequency on.
 * Method: Crochiere and Rabiner, *Multirate Digital Signal Processing*, 1983; window: Kaiser, 1974.
 */

/** Zero crossings of the sinc on either side of its middle. */
const HALF_WIDTH = 40;
/** Kaiser's β for about −90 dB. */
const BETA = 8.96;
/** Middle of the transition band as a share of the lower Nyquist frequency. */
const CUTOFF = 0.929;
/** Most coefficients that a bank may have; a ratio that would need more is approximated. */
const MAX_COEFFICIENTS = 1 << 21;
/** Filter banks to keep; one is used over and over for a pair of rates. */
const MAX_BANKS = 24;

/** `phases` rows of `taps` coefficients; row p belongs to outputs that lie p/phases of a sample past an input. */
export type ResampleBank = {
  readonly phases: number;
  /** Input samples that an output advances, times `phases`. */
  readonly step: number;
  /** An even number; the first output lies under tap `taps / 2 − 1`. */
  readonly taps: number;
  readonly coefficients: Float32Array;
};

const banks = new Map<string, ResampleBank>();

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/** Modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function design(from: number, to: number): ResampleBank {
  const divisor = gcd(from, to);
  const phases = to / divisor;
  const step = from / divisor;
  // Below 1 the sinc is stretched: the cut-off follows the lower of the two rates.
  const scale = Math.min(1, to / from) * CUTOFF;
  const half = Math.ceil(HALF_WIDTH / Math.min(1, to / from));
  const taps = 2 * half;
  const coefficients = new Float32Array(phases * taps);
  const norm = bessel(BETA);
  for (let phase = 0; phase < phases; phase++) {
    let sum = 0;
    const row = phase * taps;
    for (let k = 0; k < taps; k++) {
      const x = k - half + 1 - phase / phases;
      const edge = x / half;
      const window = Math.abs(edge) >= 1 ? 0 : bessel(BETA * Math.sqrt(1 - edge * edge)) / norm;
      const angle = Math.PI * x * scale;
      const value = (angle === 0 ? 1 : Math.sin(angle) / angle) * window;
      coefficients[row + k] = value;
      sum += value;
    }
    // Each phase sums to one, so that a constant stays the same constant.
    for (let k = 0; k < taps; k++) coefficients[row + k] = (coefficients[row + k] as number) / sum;
  }
  return { phases, step, taps, coefficients };
}

/**
 * The filter for a pair of rates; made once.
 * @throws RangeError if a rate is not a positive whole number, or the pair of them needs a filter of over 2²¹ numbers.
 */
export function resampleBank(from: number, to: number): ResampleBank {
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 1 || to < 1) {
    throw new RangeError(`Sample rates are positive whole numbers, not ${from} and ${to}.`);
  }
  const size = (to / gcd(from, to)) * 2 * HALF_WIDTH * Math.max(1, from / to);
  if (size > MAX_COEFFICIENTS) throw new RangeError(`No common step between ${from} and ${to} Hz is long enough.`);
  const key = `${from}/${to}`;
  let bank = banks.get(key);
  if (bank) return bank;
  bank = design(from, to);
  const oldest = banks.keys().next();
  if (banks.size >= MAX_BANKS && !oldest.done) banks.delete(oldest.value);
  banks.set(key, bank);
  return bank;
}
