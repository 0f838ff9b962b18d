/** Repeatable Gaussian noise: xorshift (G. Marsaglia, 2003), and twelve uniform numbers in each sum. */

/** Writes noise for the samples `from`…`from + count − 1` into the first `count` places of `target`. */
export type NoiseSource = (target: Float64Array, from: number, count: number) => void;

/** Samples that come from one start of the generator. */
const BLOCK = 256;

/** Scrambles a number into 32 bits (finaliser of MurmurHash3 by A. Appleby). */
function scramble(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/**
 * Endless noise of mean 0 and variance 1. What lies at a sample depends on the seed and on the sample's number only,
 * so pieces may be asked for in any order, by any number of threads.
 */
export function gaussianNoise(seed: number): NoiseSource {
  const block = new Float64Array(BLOCK);
  let loaded = -1;
  return (target, from, count) => {
    for (let n = 0; n < count; n++) {
      const at = from + n;
      const number = Math.floor(at / BLOCK);
      if (number !== loaded) {
        fillBlock(block, seed, number);
        loaded = number;
      }
      target[n] = block[at - number * BLOCK] as number;
    }
  };
}

function fillBlock(block: Float64Array, seed: number, number: number): void {
  let x = scramble(seed ^ 0x9e3779b9);
  let y = scramble(x + Math.floor(seed / 2 ** 32));
  let z = scramble(y ^ number);
  // A state of nothing but zeros would never leave it.
  let w = scramble(z + 0x6d2b79f5) | 1;
  for (let n = -8; n < BLOCK; n++) {
    let sum = 0;
    for (let k = 0; k < 12; k++) {
      const t = x ^ (x << 11);
      x = y;
      y = z;
      z = w;
      w = w ^ (w >>> 19) ^ (t ^ (t >>> 8));
      sum += w >>> 4;
    }
    // The first few still show how the state was made.
    if (n >= 0) block[n] = sum / 2 ** 28 - 6;
  }
}

/** Length of the noise that the analyses share; a power of two. */
const TABLE = 1 << 15;
let table: Float64Array | undefined;

/** Noise from a short store, always the same: it keeps analyses of digital silence out of trouble, and costs little. */
export const storedNoise: NoiseSource = (target, from, count) => {
  if (!table) {
    table = new Float64Array(TABLE);
    gaussianNoise(1)(table, 0, TABLE);
  }
  let place = scramble(from) & (TABLE - 1);
  for (let n = 0; n < count; n++) {
    target[n] = table[place] as number;
    place = (place + 1) & (TABLE - 1);
  }
};
