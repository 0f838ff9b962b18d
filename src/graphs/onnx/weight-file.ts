import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename } from "node:path";

/** Weights up to this many bytes stand in the graph's own file: shapes and scales, which optimisers want to see. */
export const INLINE_BYTES = 1024;
/** Weights begin at multiples of this in their file, so that a runtime can map them into memory. */
const ALIGNMENT = 4096;
const EXTERNAL = 1;

/** Where a weight's bytes lie, as the fields of a `TensorProto`. */
export type WeightPlace = {
  readonly data_location: number;
  readonly external_data: readonly { readonly key: string; readonly value: string }[];
};

/** A file of weights that is being written; under its name only once it is whole. */
export class WeightFile {
  readonly #path: string;
  readonly #file: FileHandle;
  #at = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<WeightFile> {
    return new WeightFile(path, await open(`${path}.part`, "w"));
  }

  /** Writes a weight's bytes. */
  async add(bytes: Uint8Array): Promise<WeightPlace> {
    const padding = (ALIGNMENT - (this.#at % ALIGNMENT)) % ALIGNMENT;
    if (padding > 0) await this.#put(new Uint8Array(padding));
    const place = { location: basename(this.#path), offset: String(this.#at), length: String(bytes.length) };
    await this.#put(bytes);
    return {
      data_location: EXTERNAL,
      external_data: Object.entries(place).map(([key, value]) => ({ key, value })),
    };
  }

  /** Nothing more is written. */
  close(): Promise<void> {
    return this.#file.close();
  }

  /** Gives the file its name. */
  keep(): Promise<void> {
    return rename(`${this.#path}.part`, this.#path);
  }

  /** Removes what was written. */
  async discard(): Promise<void> {
    await this.#file.close();
    await rm(`${this.#path}.part`, { force: true });
  }

  async #put(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
    this.#at += bytes.length;
  }
}
