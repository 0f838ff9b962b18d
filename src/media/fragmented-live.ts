import { type FileHandle, open } from "node:fs/promises";
import { AppError } from "../errors.ts";

/** Most bytes that are read of a file at once. */
const SLICE = 1 << 18;

/** Streams that are being made in this process, by their names, so that others can read along. */
export class LiveStreams {
  readonly #streams = new Map<string, LiveStream>();

  /** Begins a stream in a new file. */
  async open(name: string, path: string): Promise<LiveStream> {
    const stream = await LiveStream.create(path, () => this.#streams.delete(name));
    this.#streams.set(name, stream);
    return stream;
  }

  /** A stream that has not ended; undefined for one that has, or never was. */
  find(name: string): LiveStream | undefined {
    return this.#streams.get(name);
  }
}

/** A file that grows by one writer, and is read from its start by any number of readers while it does. */
export class LiveStream {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #forget: () => void;
  #bytes = 0;
  #ended = false;
  #failure: AppError | undefined;
  #readers = 0;
  #wake = Promise.withResolvers<void>();

  private constructor(path: string, file: FileHandle, forget: () => void) {
    this.path = path;
    this.#file = file;
    this.#forget = forget;
  }

  static async create(path: string, forget: () => void): Promise<LiveStream> {
    return new LiveStream(path, await open(path, "wx+"), forget);
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#file.write(bytes, 0, bytes.byteLength, this.#bytes);
    this.#bytes += bytes.byteLength;
    this.#announce();
  }

  /** Nothing more comes. @param failure what readers are told once they have read all there is */
  async end(failure?: AppError): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#forget();
    this.#announce();
    await this.#closeIfUnused();
  }

  /**
   * All of the stream from its start, as it comes. A reader who began goes on when the file has been moved or removed.
   * @throws AppError why the stream broke off
   */
  async *read(signal: AbortSignal): AsyncGenerator<Buffer, void> {
    // Counted at the call that begins it: the file stays open for whoever reads.
    this.#readers++;
    let at = 0;
    try {
      while (!signal.aborted) {
        if (at < this.#bytes) {
          const length = Math.min(SLICE, this.#bytes - at);
          const { buffer, bytesRead } = await this.#file.read(Buffer.allocUnsafe(length), 0, length, at);
          if (bytesRead === 0) throw new AppError("storage_failed", "The stream's file was cut short.");
          at += bytesRead;
          yield buffer.subarray(0, bytesRead);
        } else if (this.#failure) throw this.#failure;
        else if (this.#ended) return;
        else await this.#next(signal);
      }
    } finally {
      this.#readers--;
      await this.#closeIfUnused();
    }
  }

  async #next(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const onAbort = (): void => resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    await Promise.race([this.#wake.promise, promise]);
    signal.removeEventListener("abort", onAbort);
  }

  async #closeIfUnused(): Promise<void> {
    if (this.#ended && this.#readers === 0) await this.#file.close().catch(() => undefined);
  }

  #announce(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
