/** Buffers of one size that go round: those that are given back are taken again. */
export class FrameShelf {
  readonly #bytes: number;
  readonly #most: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  /** @param most buffers that are kept while nobody has them */
  constructor(bytes: number, most: number) {
    this.#bytes = bytes;
    this.#most = most;
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#free.pop() ?? new Uint8Array(this.#bytes);
  }

  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#free.length < this.#most) this.#free.push(buffer);
  }
}
