/** Fourier transforms of sizes that are no powers of two. */

type Stage = {
  readonly radix: number;
  /** Length of what is left to transform before this stage, divided by the radix. */
  readonly parts: number;
  /** exp(−2πi·p·k/n), interleaved, for k in 0…radix−1 of each p. */
  readonly turns: Float64Array;
  /** exp(−2πi·j·k/radix), interleaved, k by j. */
  readonly roots: Float64Array;
};

const LARGEST_FACTOR = 13;

function factorsOf(size: number): number[] {
  const factors: number[] = [];
  let left = size;
  for (const factor of [4, 2, 3, 5, 7, 11, LARGEST_FACTOR]) {
    while (left % factor === 0) {
      factors.push(factor);
      left /= factor;
    }
  }
  if (left !== 1) throw new RangeError(`A transform of ${size} has a factor above ${LARGEST_FACTOR}.`);
  return factors;
}

function turn(out: Float64Array, at: number, angle: number): void {
  out[2 * at] = Math.cos(angle);
  out[2 * at + 1] = -Math.sin(angle);
}

/** A complex transform in stages that sort themselves (Stockham), over buffers that are allocated once. */
class ComplexStages {
  readonly #stages: readonly Stage[];
  readonly #size: number;
  #from: Float64Array;
  #to: Float64Array;
  readonly #sums: Float64Array;

  constructor(size: number) {
    this.#size = size;
    const factors = factorsOf(size);
    let length = size;
    this.#stages = factors.map((radix) => {
      const parts = length / radix;
      const turns = new Float64Array(2 * parts * radix);
      for (let p = 0; p < parts; p++) {
        for (let k = 0; k < radix; k++) turn(turns, p * radix + k, (2 * Math.PI * p * k) / length);
      }
      const roots = new Float64Array(2 * radix * radix);
      for (let k = 0; k < radix; k++) {
        for (let j = 0; j < radix; j++) turn(roots, k * radix + j, (2 * Math.PI * j * k) / radix);
      }
      length = parts;
      return { radix, parts, turns, roots };
    });
    this.#from = new Float64Array(2 * size);
    this.#to = new Float64Array(2 * size);
    this.#sums = new Float64Array(2 * Math.max(1, ...factors));
  }

  /** Interleaved values, to be written before `transform`. */
  get input(): Float64Array {
    return this.#from;
  }

  /** Answers the interleaved spectrum, which holds until the next transform; the input is lost. */
  transform(): Float64Array {
    let stride = 1;
    for (const stage of this.#stages) {
      this.#run(stage, stride);
      [this.#from, this.#to] = [this.#to, this.#from];
      stride *= stage.radix;
    }
    return this.#from;
  }

  #run({ radix, parts, turns, roots }: Stage, stride: number): void {
    const [from, to, sums] = [this.#from, this.#to, this.#sums];
    const step = (2 * this.#size) / radix;
    for (let p = 0; p < parts; p++) {
      for (let q = 0; q < stride; q++) {
        const first = 2 * (q + stride * p);
        for (let k = 0; k < radix; k++) {
          let re = 0;
          let im = 0;
          for (let j = 0, at = first, root = 2 * k * radix; j < radix; j++, at += step, root += 2) {
            const c = roots[root] as number;
            const s = roots[root + 1] as number;
            re += (from[at] as number) * c - (from[at + 1] as number) * s;
            im += (from[at] as number) * s + (from[at + 1] as number) * c;
          }
          sums[2 * k] = re;
          sums[2 * k + 1] = im;
        }
        for (let k = 0; k < radix; k++) {
          const at = 2 * (q + stride * (radix * p + k));
          const c = turns[2 * (p * radix + k)] as number;
          const s = turns[2 * (p * radix + k) + 1] as number;
          to[at] = (sums[2 * k] as number) * c - (sums[2 * k + 1] as number) * s;
          to[at + 1] = (sums[2 * k] as number) * s + (sums[2 * k + 1] as number) * c;
        }
      }
    }
  }
}

/** Transform of real signals of an even size whose factors are small: 800, say. */
export class MixedRealFft {
  readonly size: number;
  /** The signal, to be written before `magnitudes`. */
  readonly waveform: Float64Array;
  readonly #half: ComplexStages;
  readonly #turns: Float64Array;
  readonly #magnitudes: Float64Array;

  /** @throws RangeError for an odd size, or one with a factor above 13 */
  constructor(size: number) {
    if (size % 2 !== 0 || size < 4) throw new RangeError(`A transform of real signals has an even size, not ${size}.`);
    this.size = size;
    this.waveform = new Float64Array(size);
    this.#half = new ComplexStages(size / 2);
    this.#turns = new Float64Array(size + 2);
    for (let k = 0; k <= size / 2; k++) turn(this.#turns, k, (2 * Math.PI * k) / size);
    this.#magnitudes = new Float64Array(size / 2 + 1);
  }

  /** Magnitude of each bin, 0 Hz … Nyquist; overwritten by the next call. */
  magnitudes(): Float64Array {
    const half = this.size / 2;
    // Even samples count as real parts, odd ones as imaginary parts: the waveform already lies that way.
    this.#half.input.set(this.waveform);
    const packed = this.#half.transform();
    for (let k = 0; k <= half; k++) {
      const a = 2 * (k % half);
      const b = 2 * ((half - k) % half);
      const evenRe = 0.5 * ((packed[a] as number) + (packed[b] as number));
      const evenIm = 0.5 * ((packed[a + 1] as number) - (packed[b + 1] as number));
      const oddRe = 0.5 * ((packed[a + 1] as number) + (packed[b + 1] as number));
      const oddIm = 0.5 * ((packed[b] as number) - (packed[a] as number));
      const c = this.#turns[2 * k] as number;
      const s = this.#turns[2 * k + 1] as number;
      this.#magnitudes[k] = Math.hypot(evenRe + oddRe * c - oddIm * s, evenIm + oddRe * s + oddIm * c);
    }
    return this.#magnitudes;
  }
}
