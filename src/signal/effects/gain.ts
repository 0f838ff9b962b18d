/** The factor that a level in dB stands for. */
export function gainOf(decibels: number): number {
  return 10 ** (decibels / 20);
}

/** The level in dB of a factor; −Infinity for 0. */
export function decibelsOf(gain: number): number {
  return 20 * Math.log10(gain);
}
