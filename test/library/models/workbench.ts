import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GraphCache } from "../../../src/library/models/graph-cache.ts";
import { ModelLibrary } from "../../../src/library/models/model-library.ts";
import { silentLog } from "../../../src/log.ts";
import { TempDir } from "../../../src/media/temp.ts";
import { readReference } from "../../graphs/reference.ts";

/** Shapes of the keys of a network, as PyTorch had them. */
export function shapesOf(name: "wav2lip-96" | "wav2lip-256" | "s3fd"): Readonly<Record<string, readonly number[]>> {
  return readReference<object>(name).keys;
}

/**
 * A file of safetensors at full width. Its weights are zeros, which take no place on the disk, but for those that
 * `values` gives.
 */
export async function writeWeights(
  path: string,
  shapes: Readonly<Record<string, readonly number[]>>,
  values: (key: string, count: number) => Float32Array | undefined = () => undefined,
): Promise<void> {
  const header: Record<string, object> = {};
  let at = 0;
  for (const [key, shape] of Object.entries(shapes)) {
    const end = at + 4 * shape.reduce((product, side) => product * side, 1);
    header[key] = { dtype: "F32", shape, data_offsets: [at, end] };
    at = end;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "w");
  try {
    await file.write(Buffer.concat([length, text]));
    await file.truncate(8 + text.length + at);
    let place = 8 + text.length;
    for (const [key, shape] of Object.entries(shapes)) {
      const count = shape.reduce((product, side) => product * side, 1);
      const given = values(key, count);
      if (given)
        await file.write(new Uint8Array(given.buffer, given.byteOffset, given.byteLength), 0, 4 * count, place);
      place += 4 * count;
    }
  } finally {
    await file.close();
  }
}

/** A models folder and a cache of their own. */
export class Workbench implements AsyncDisposable {
  readonly #dir: TempDir;

  private constructor(dir: TempDir) {
    this.#dir = dir;
  }

  static async open(): Promise<Workbench> {
    return new Workbench(await TempDir.create());
  }

  get models(): string {
    return join(this.#dir.path, "models");
  }

  get cache(): string {
    return join(this.#dir.path, "cache");
  }

  model(name: string): string {
    return join(this.models, name);
  }

  /** A library as a process that starts now has it. */
  library(keptMs = 0): ModelLibrary {
    return new ModelLibrary({ folders: [{ path: this.models }], cacheDir: this.cache, log: silentLog(), keptMs });
  }

  graphs(limitBytes = 1e12): GraphCache {
    return new GraphCache({ cacheDir: this.cache, limitBytes, log: silentLog() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }
}
