import { closeSync, fstatSync, openSync, read, readSync } from "node:fs";
import { basename } from "node:path";
import { unusable } from "./unusable.ts";

/** Bytes that can be read by range: a file, a part of one, or memory. */
export type ByteSource = Disposable & {
  /** What errors call it: a file's base name. */
  readonly name: string;
  /** Bytes in all. */
  readonly size: number;
  /** For headers, which are small. @throws AppError `model_unusable` beyond the end */
  readSync(offset: number, length: number): Buffer;
  /** For tensors. @throws AppError `model_unusable` beyond the end */
  read(offset: number, length: number): Promise<Buffer>;
};

/** Opens a file for reading by range. @throws AppError `model_unusable` when it cannot be opened */
export function openFile(path: string): ByteSource {
  const name = basename(path);
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (cause) {
    throw unusable(name, "it cannot be opened", "Check that it exists and may be read.", cause);
  }
  const found = fstatSync(fd);
  if (found.isDirectory()) {
    closeSync(fd);
    throw unusable(name, "it is a folder", "Name a file in it.");
  }
  const { size } = found;
  return {
    name,
    size,
    readSync(offset, length) {
      checkRange(name, size, offset, length);
      const buffer = Buffer.allocUnsafe(length);
      let got = 0;
      while (got < length) {
        const bytes = readSync(fd, buffer, got, length - got, offset + got);
        if (bytes === 0) throw changed(name);
        got += bytes;
      }
      return buffer;
    },
    async read(offset, length) {
      checkRange(name, size, offset, length);
      const buffer = Buffer.allocUnsafeSlow(length);
      let got = 0;
      while (got < length) {
        const bytes = await readSome(fd, buffer, got, offset + got);
        if (bytes === 0) throw changed(name);
        got += bytes;
      }
      return buffer;
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}

/** Reads from memory. */
export function fromBuffer(name: string, bytes: Buffer): ByteSource {
  const part = (offset: number, length: number): Buffer => {
    checkRange(name, bytes.length, offset, length);
    return bytes.subarray(offset, offset + length);
  };
  return {
    name,
    size: bytes.length,
    readSync: part,
    read: async (offset, length) => part(offset, length),
    [Symbol.dispose]() {},
  };
}

/** A part of a source, as a source; disposing of it does nothing. @throws AppError `model_unusable` beyond the end */
export function sliceOf(source: ByteSource, start: number, size: number): ByteSource {
  const { name } = source;
  checkRange(name, source.size, start, size);
  const at = (offset: number, length: number): number => {
    checkRange(name, size, offset, length);
    return start + offset;
  };
  return {
    name,
    size,
    readSync: (offset, length) => source.readSync(at(offset, length), length),
    read: async (offset, length) => source.read(at(offset, length), length),
    [Symbol.dispose]() {},
  };
}

function readSome(fd: number, buffer: Buffer, at: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    // One system call reads 2 GB at most.
    const length = Math.min(buffer.length - at, 1 << 30);
    read(fd, buffer, at, length, position, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}

function checkRange(name: string, size: number, offset: number, length: number): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (!whole || offset < 0 || length < 0 || offset + length > size) {
    const more = length === 1 ? "a byte is" : `${length} bytes are`;
    throw unusable(name, `it is cut short: ${more} to follow at ${offset} of ${size}`, "Download it again.");
  }
}

function changed(name: string): Error {
  return unusable(name, "it became shorter while it was read", "Wait until it is there as a whole.");
}
