/** Writes pickles by hand, opcode by opcode: what no honest program would write. */
export class PickleWriter {
  readonly #parts: Buffer[] = [];

  constructor(protocol = 2) {
    this.raw([0x80, protocol]);
  }

  raw(bytes: readonly number[] | Buffer): this {
    this.#parts.push(Buffer.from(bytes));
    return this;
  }

  global(module: string, name: string): this {
    return this.raw(Buffer.from(`c${module}\n${name}\n`));
  }

  text(value: string): this {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return this.raw([0x58]).raw(length).raw(bytes);
  }

  int(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return this.raw([0x4a]).raw(bytes);
  }

  op(text: string): this {
    return this.raw(Buffer.from(text, "latin1"));
  }

  end(): Buffer {
    return Buffer.concat([...this.#parts, Buffer.from(".")]);
  }
}
