/** Keeps two tracks of one length: says how much silence or how many still pictures are missing. */
export class VideoClock {
  readonly #fps: number;
  readonly #sampleRate: number;
  readonly #samplesEnded = Promise.withResolvers<void>();
  #frames = 0;
  #samples = 0;
  #framesEnded = false;
  #soundLength: number | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(fps: number, sampleRate: number) {
    this.#fps = fps;
    this.#sampleRate = sampleRate;
  }

  /** Frames written. */
  get frames(): number {
    return this.#frames;
  }

  /** True when the source of pictures is exhausted. */
  get framesEnded(): boolean {
    return this.#framesEnded;
  }

  /** True when both tracks have all they need. */
  get complete(): boolean {
    return this.#framesEnded && this.#soundLength !== undefined && this.#frames >= this.#total();
  }

  addFrame(): void {
    this.#frames += 1;
    this.#announce();
  }

  /** The source of pictures is exhausted. */
  endFrames(): void {
    this.#framesEnded = true;
    this.#announce();
  }

  /** Samples per channel written. */
  addSamples(count: number): void {
    this.#samples += count;
  }

  /** The source of sound is exhausted; what comes after is silence. */
  endSamples(): void {
    this.#soundLength = this.#samples;
    this.#samplesEnded.resolve();
  }

  /** Resolves at the next frame, or at the end of the frames. */
  nextFrame(): Promise<void> {
    return this.#wake.promise;
  }

  /** Samples of silence per channel that the frames so far ask for. */
  missingSamples(): number {
    return Math.max(0, Math.round((this.#frames / this.#fps) * this.#sampleRate) - this.#samples);
  }

  /** Frames of the whole video; known when both sources are exhausted. */
  async totalFrames(): Promise<number> {
    await this.#samplesEnded.promise;
    return this.#total();
  }

  #total(): number {
    // A sound that is longer by a rounding error (under a tenth of a frame) does not deserve a frame more.
    const covering = Math.ceil(((this.#soundLength ?? 0) / this.#sampleRate) * this.#fps - 0.1);
    return Math.max(this.#frames, covering);
  }

  #announce(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
