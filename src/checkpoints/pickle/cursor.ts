import type { ByteSource } from "../byte-source.ts";

const WINDOW_BYTES = 1 << 18;

/** Walks through a source from front to back, by windows. */
export class Cursor {
  readonly source: ByteSource;
  /** Offset of the next byte. */
  at: number;
  #window: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(source: ByteSource, at = 0) {
    this.source = source;
    this.at = at;
  }

  byte(): number {
    return this.#take(1)[0] as number;
  }

  uint16(): number {
    return this.#take(2).readUInt16LE();
  }

  uint32(): number {
    return this.#take(4).readUInt32LE();
  }

  int32(): number {
    return this.#take(4).readInt32LE();
  }

  double(): number {
    return this.#take(8).readDoubleBE();
  }

  /** A length of eight bytes; one that no file can have stays larger than any. */
  uint64(): number {
    return Number(this.#take(8).readBigUInt64LE());
  }

  bytes(length: number): Buffer {
    return this.#take(length);
  }

  /** Leaves bytes where they are and answers where that is. */
  skip(length: number): number {
    const { at } = this;
    if (length > this.source.size - at) this.source.readSync(at, length);
    this.at += length;
    return at;
  }

  /** Up to a line feed, which is left out; `longest` bytes at most. */
  line(longest: number): string {
    const bytes: number[] = [];
    for (let byte = this.byte(); byte !== 0x0a; byte = this.byte()) {
      if (bytes.push(byte) > longest) return "";
    }
    return Buffer.from(bytes).toString("utf8");
  }

  #take(length: number): Buffer {
    const { at } = this;
    this.at += length;
    const from = at - this.#start;
    if (from >= 0 && from + length <= this.#window.length) return this.#window.subarray(from, from + length);
    if (length > WINDOW_BYTES) return this.source.readSync(at, length);
    const size = Math.max(length, Math.min(WINDOW_BYTES, this.source.size - at));
    this.#window = this.source.readSync(at, size);
    this.#start = at;
    return this.#window.subarray(0, length);
  }
}
