import { type ResampleBank, resampleBank } from "./resample-bank.ts";

const NOTHING = new Float32Array(0);

/**
 * Conversion between sample rates of a sound that comes in blocks; how it is cut makes no difference to the result.
 * The first sample stays the first; outside the signal is silence.
 */
export class StreamResampler {
  readonly #bank: ResampleBank;
  readonly #from: number;
  readonly #to: number;
  /** Samples from the first one under the filter's next position on; the signal is preceded by silence. */
  #held: Float32Array;
  /** Where in `held` the next output's first tap lies. It may be past the end. */
  #base = 0;
  #phase = 0;
  #read = 0;
  #written = 0;

  /**
   * @param from Hz, a positive whole number; or, with `to`, a ratio of whole numbers.
   * @throws RangeError as `resample`
   */
  constructor(from: number, to: number) {
    this.#bank = resampleBank(from, to);
    this.#from = from;
    this.#to = to;
    this.#held = new Float32Array(this.#bank.taps / 2 - 1);
  }

  /** Takes samples, and answers those that they complete, which may be none. */
  push(block: Float32Array): Float32Array {
    this.#read += block.length;
    return this.#filter(block, Number.POSITIVE_INFINITY);
  }

  /** The rest; no more can be pushed. In all there are ⌈n · to / from⌉ samples. */
  finish(): Float32Array {
    const count = Math.ceil((this.#read * this.#to) / this.#from) - this.#written;
    return this.#filter(new Float32Array(this.#bank.taps + Math.ceil(this.#from / this.#to)), count);
  }

  #filter(block: Float32Array, most: number): Float32Array {
    const { phases, step, taps, coefficients } = this.#bank;
    const samples = new Float32Array(this.#held.length + block.length);
    samples.set(this.#held);
    samples.set(block, this.#held.length);
    // The last position under which all of the filter has samples, in steps of a phase from the first one.
    const last = (samples.length - taps + 1) * phases - 1 - (this.#base * phases + this.#phase);
    const count = Math.max(0, Math.min(most, last < 0 ? 0 : Math.floor(last / step) + 1));
    const output = count === 0 ? NOTHING : new Float32Array(count);
    const whole = Math.floor(step / phases);
    const part = step % phases;
    let base = this.#base;
    let phase = this.#phase;
    // Outputs that are `phases` apart have the same coefficients, `step` samples further on: four of them are made at once.
    const tile = 4 * phases;
    for (let n = 0; n < count; n++) {
      const row = phase * taps;
      if (n % tile < phases && n - (n % tile) + tile <= count) {
        fourAt(output, n, phases, coefficients, row, samples, base, step, taps);
      } else if (n - (n % tile) + tile > count) {
        let sum = 0;
        for (let k = 0; k < taps; k++) sum += (coefficients[row + k] as number) * (samples[base + k] as number);
        output[n] = sum;
      }
      base += whole;
      phase += part;
      if (phase >= phases) {
        phase -= phases;
        base += 1;
      }
    }
    const done = Math.min(base, samples.length);
    this.#held = samples.slice(done);
    this.#base = base - done;
    this.#phase = phase;
    this.#written += count;
    return output;
  }
}

/** Outputs `at`, `at + phases`, … of one row of coefficients, four in all. */
function fourAt(
  output: Float32Array,
  at: number,
  phases: number,
  coefficients: Float32Array,
  row: number,
  samples: Float32Array,
  base: number,
  step: number,
  taps: number,
): void {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  for (let k = 0; k < taps; k++) {
    const weight = coefficients[row + k] as number;
    const from = base + k;
    first += weight * (samples[from] as number);
    second += weight * (samples[from + step] as number);
    third += weight * (samples[from + 2 * step] as number);
    fourth += weight * (samples[from + 3 * step] as number);
  }
  output[at] = first;
  output[at + phases] = second;
  output[at + 2 * phases] = third;
  output[at + 3 * phases] = fourth;
}

/** A stream at another rate; the same stream where it has that rate already. */
export async function* resampleStream(
  blocks: AsyncIterable<Float32Array>,
  from: number,
  to: number,
): AsyncGenerator<Float32Array, void> {
  if (from === to) {
    yield* blocks;
    return;
  }
  const resampler = new StreamResampler(from, to);
  for await (const block of blocks) {
    const made = resampler.push(block);
    if (made.length > 0) yield made;
  }
  const rest = resampler.finish();
  if (rest.length > 0) yield rest;
}
