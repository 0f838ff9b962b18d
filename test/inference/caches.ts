import assert from "node:assert/strict";
import { after, before } from "node:test";
import { AppError } from "../../src/errors.ts";
import { InferenceThreads } from "../../src/inference/inference-threads.ts";
import { type LeaseRequest, ModelCache, type ModelCacheOptions } from "../../src/inference/model-cache.ts";
import type { MemoryGauge, Pool } from "../../src/inference/model-memory.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import { TempDir } from "../../src/media/temp.ts";
import { row, scaleNetwork, valuesOf } from "./networks.ts";

/** Caches in a known memory, and networks of known size to put into them. */

export const isCode = (code: string, said?: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === code && (said?.test(error.message) ?? true);

/** A memory of so many bytes, in which nothing is ever measured: networks take what they are expected to. */
export class FixedMemory implements MemoryGauge {
  readonly #bytes: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  async poolOf(): Promise<Pool> {
    return "host";
  }

  async budget(): Promise<number> {
    return this.#bytes;
  }

  async used(): Promise<number> {
    return 0;
  }
}

export const MB = 1e6;
export let dir: TempDir;
/** Networks of 10 MB that multiply by 1, 2, 3 and 4. */
const files: string[] = [];

before(async () => {
  dir = await TempDir.create();
  for (const factor of [1, 2, 3, 4]) files.push(await scaleNetwork(dir, `scale-${factor}`, factor, 10 * MB));
});
after(() => dir[Symbol.asyncDispose]());

export const request = (factor: number, more: Partial<LeaseRequest> = {}): LeaseRequest => ({
  key: `scale ${factor}`,
  model: files[factor - 1] as string,
  providers: ["cpu"],
  threads: 1,
  expectBytes: 12 * MB,
  ...more,
});

/** A cache whose threads are counted. */
export function countedCache(
  options: ModelCacheOptions & { readonly bytes?: number; readonly thread?: () => InferenceThread } = {},
) {
  const threads: InferenceThread[] = [];
  const thread = (): InferenceThread => {
    const made = options.thread?.() ?? new InferenceThread();
    threads.push(made);
    return made;
  };
  const cache = new ModelCache({
    memory: new FixedMemory(options.bytes ?? 1000 * MB),
    ...options,
    threads: new InferenceThreads(thread),
  });
  const names = (): string[] => cache.list().map(({ name }) => name);
  return { cache, threads, names };
}

export async function use(cache: ModelCache, factor: number): Promise<void> {
  await using lease = await cache.lease(request(factor));
  assert.deepEqual(
    valuesOf(await lease.session.run(row(1, 2, 3, 4))),
    [1, 2, 3, 4].map((x) => x * factor),
  );
}
