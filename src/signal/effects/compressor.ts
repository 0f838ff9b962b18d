/** How a compressor works. */
export type CompressorSettings = {
  /** Level in dB above which sound is turned down. */
  readonly threshold: number;
  /** dB above the threshold that become one. */
  readonly ratio: number;
  /** Milliseconds, counted as `exp(−2π / time)` per millisecond: about six times as fast as a one-pole's time constant. */
  readonly attack: number;
  /** Milliseconds, counted likewise. */
  readonly release: number;
};

/** Turns loud passages down: a peak detector with a hard knee, without make-up gain. */
export class Compressor {
  readonly #threshold: number;
  readonly #exponent: number;
  readonly #attack: number;
  readonly #release: number;
  #envelope = 0;

  constructor(sampleRate: number, { threshold, ratio, attack, release }: CompressorSettings) {
    const coefficient = (ms: number): number => (ms < 1e-3 ? 0 : Math.exp((-2 * Math.PI * 1000) / (sampleRate * ms)));
    this.#threshold = 10 ** (threshold / 20);
    this.#exponent = 1 / ratio - 1;
    this.#attack = coefficient(attack);
    this.#release = coefficient(release);
  }

  /** Compresses one channel's next samples in place; how they are cut makes no difference. */
  process(samples: Float32Array): void {
    const threshold = this.#threshold;
    let envelope = this.#envelope;
    for (let k = 0; k < samples.length; k++) {
      const x = samples[k] as number;
      const level = Math.abs(x);
      envelope = level + (level > envelope ? this.#attack : this.#release) * (envelope - level);
      if (envelope >= threshold) samples[k] = x * (envelope / threshold) ** this.#exponent;
    }
    this.#envelope = envelope < 1e-15 ? 0 : envelope;
  }
}
