/** The two parts that Schroeder's reverberators are built from, on one block at a time. */

/** Below this a number is silence: processors are slow with what is much smaller. */
const SILENCE = 1e-15;

/** An echo that comes back over and over, duller each time. */
export class Comb {
  readonly #line: Float32Array;
  #at = 0;
  #low = 0;

  constructor(length: number) {
    this.#line = new Float32Array(length);
  }

  /** Adds the echoes of `input` to `sum`. */
  addTo(sum: Float32Array, input: Float32Array, feedback: number, damp: number): void {
    const line = this.#line;
    const clear = 1 - damp;
    let at = this.#at;
    let low = this.#low;
    for (let k = 0; k < input.length; k++) {
      const echo = line[at] as number;
      low = echo * clear + low * damp;
      if (low < SILENCE && low > -SILENCE) low = 0;
      line[at] = (input[k] as number) + low * feedback;
      if (++at === line.length) at = 0;
      sum[k] = (sum[k] as number) + echo;
    }
    this.#at = at;
    this.#low = low;
  }
}

/** Smears a sound in time without colouring it. */
export class AllPass {
  readonly #line: Float32Array;
  #at = 0;

  constructor(length: number) {
    this.#line = new Float32Array(length);
  }

  process(samples: Float32Array): void {
    const line = this.#line;
    let at = this.#at;
    for (let k = 0; k < samples.length; k++) {
      const x = samples[k] as number;
      const late = line[at] as number;
      const kept = x + late * 0.5;
      line[at] = kept < SILENCE && kept > -SILENCE ? 0 : kept;
      if (++at === line.length) at = 0;
      samples[k] = late - x;
    }
    this.#at = at;
  }
}
