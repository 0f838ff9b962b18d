/**
 * Fixed sizes of batches. On a GPU each new shape has cuDNN, or WebGPU's shader compiler, search for the fastest way
 * again, which takes longer than many runs: batches are padded to few sizes, each of which is run once at the start. The
 * CPU searches for nothing, and a padded row costs it as much as a real one: there, batches stay as they are.
 */

import { BATCH_BUCKETS } from "../limits/networks.ts";
import { isOutOfMemory } from "./out-of-memory.ts";
import type { Network } from "./session.ts";
import { stackTensors } from "./tensor-batch.ts";
import type { Provider, Tensor, Tensors } from "./tensor.ts";

/** The sizes for a provider; undefined where any will do. Ascending. */
export function bucketsOf(
  provider: Provider,
  most: number = Math.max(...BATCH_BUCKETS),
): readonly number[] | undefined {
  if (provider === "cpu") return undefined;
  const buckets = BATCH_BUCKETS.filter((size) => size < most);
  return [...buckets, most];
}

/** The size that so many items are run at: the next bucket that holds them. */
export function bucketFor(count: number, buckets: readonly number[] | undefined): number {
  return buckets?.find((size) => size >= count) ?? count;
}

/** Most items that are run at once under a ceiling: the largest bucket that keeps to it, or one. */
export function largestUnder(ceiling: number, buckets: readonly number[] | undefined): number {
  if (!buckets) return Math.max(1, ceiling);
  return buckets.findLast((size) => size <= ceiling) ?? 1;
}

/** Time that a first run of a size took, and a second one: what the warm-up saves a job. Milliseconds. */
export type WarmUp = { readonly size: number; readonly firstMs: number; readonly againMs: number };

/**
 * Runs a network twice at each size, as its batches will be. A size that the memory does not hold ends it.
 * @param item tensors of one row, by the names of the inputs, which stay the caller's; or what makes the feeds of a size
 * @param buckets sizes, ascending; undefined warms nothing up
 */
export async function warmUpBuckets(
  network: Network,
  item: Tensors | ((size: number) => Tensors),
  buckets: readonly number[] | undefined,
  signal?: AbortSignal,
): Promise<WarmUp[]> {
  const feedsOf = typeof item === "function" ? item : (size: number) => padded(item, size);
  const done: WarmUp[] = [];
  for (const size of buckets ?? []) {
    try {
      const firstMs = await timed(network, feedsOf(size), signal);
      done.push({ size, firstMs, againMs: await timed(network, feedsOf(size), signal) });
    } catch (error) {
      if (!isOutOfMemory(error) || done.length === 0) throw error;
      break;
    }
  }
  return done;
}

/** Feeds of a size whose first row is the item and whose others are zeros. */
function padded(item: Tensors, size: number): Tensors {
  const feeds: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(item)) feeds[name] = stackTensors([tensor], size);
  return feeds;
}

async function timed(network: Network, feeds: Tensors, signal?: AbortSignal): Promise<number> {
  const began = performance.now();
  await network.run(feeds, signal);
  return performance.now() - began;
}
