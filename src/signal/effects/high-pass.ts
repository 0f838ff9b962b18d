/** Lets through what is above `hz` at 6 dB per octave (−3 dB at `hz`): the bilinear transform of a first-order filter. */
export class HighPass {
  readonly #n: number;
  #input = 0;
  #output = 0;

  /** @param hz above 0 and below half of `sampleRate` */
  constructor(sampleRate: number, hz: number) {
    this.#n = Math.tan((Math.PI * hz) / sampleRate);
  }

  /** Filters one channel's next samples in place; how they are cut makes no difference. */
  process(samples: Float32Array): void {
    const feedback = (1 - this.#n) / (1 + this.#n);
    const forward = 1 / (1 + this.#n);
    let last = this.#input;
    let y = this.#output;
    for (let k = 0; k < samples.length; k++) {
      const x = samples[k] as number;
      y = forward * (x - last) + feedback * y;
      last = x;
      samples[k] = y;
    }
    this.#input = last;
    // What has decayed beyond hearing must not become numbers that processors are slow with.
    this.#output = Math.abs(y) < 1e-15 ? 0 : y;
  }
}
