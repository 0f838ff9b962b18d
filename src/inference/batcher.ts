/** Joins items of jobs that run at the same time into runs of a network. */

import { AppError } from "../errors.ts";
import { BATCH_WAIT_FOR_ITEMS_MS } from "../limits/networks.ts";
import { BatchItem } from "./batch-item.ts";
import { bucketFor, largestUnder } from "./buckets.ts";
import { FairQueue } from "./fair-queue.ts";
import { isOutOfMemory } from "./out-of-memory.ts";

export type BatcherOptions<I, O> = {
  /** Most items in one run. */
  readonly maxItems: number;
  /** Longest that an item waits for company while nothing runs, in milliseconds; default 4. */
  readonly waitMs?: number;
  /**
   * Runs items and answers with as many outputs, in their order. It must leave the items as they are: after a failure they
   * are run again. `signal` is aborted when nobody waits for any of them.
   * @param size how many rows to run at: the bucket that holds the items, or as many as there are
   */
  readonly run: (items: readonly I[], signal: AbortSignal, size: number) => Promise<readonly O[]>;
  /** Fixed sizes of runs, ascending; default any. */
  readonly buckets?: readonly number[] | undefined;
  /** Only items with the same answer are run together; default all. */
  readonly groupOf?: (item: I) => string;
  /** Runs under way at once; default 2, so that one is put together while another computes. */
  readonly concurrency?: number;
  /** What a ceiling is remembered under when memory runs out, such as a model and its device; default this batcher alone. */
  readonly ceilingKey?: string;
};

export type ItemOptions = {
  /** Whose it is: jobs take turns. Anything that is the same for one job. */
  readonly job: unknown;
  readonly signal?: AbortSignal;
  /** Longest wait until it is run, in milliseconds; default any. */
  readonly deadlineMs?: number;
};

/** Most items per run that memory has room for, where it once had not enough; for as long as the process lives. */
const ceilings = new Map<string, number>();

/**
 * A run that fails is not the end of its items: each is run once more, by itself, so that one that cannot be run does not
 * touch its neighbours, and one whose thread ended is run again. A run that finds no memory lowers the ceiling to half
 * its size and goes on.
 */
export class Batcher<I, O> implements AsyncDisposable {
  readonly #options: BatcherOptions<I, O>;
  readonly #queue = new FairQueue<I, O>();
  /** Those that failed in company, to be run alone. */
  readonly #alone: BatchItem<I, O>[] = [];
  readonly #running = new Set<Promise<void>>();
  #ceiling: number;
  #turnOfAlone = true;
  #oneIsAlone = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: BatcherOptions<I, O>) {
    this.#options = options;
    this.#ceiling = options.maxItems;
  }

  /** Most items that one run has at present. */
  get ceiling(): number {
    const { maxItems, ceilingKey, buckets } = this.#options;
    const known = ceilingKey === undefined ? undefined : ceilings.get(ceilingKey);
    return largestUnder(Math.min(maxItems, this.#ceiling, known ?? maxItems), buckets);
  }

  /** Items that wait. */
  get waiting(): number {
    return this.#queue.size + this.#alone.length;
  }

  /**
   * Runs an item, with others if there are any.
   * @throws AppError `cancelled` on abort, at once; `timeout` past the deadline; `shutting_down`; what its run throws
   */
  submit(input: I, options: ItemOptions): Promise<O> {
    if (this.#closed) return Promise.reject(closing());
    if (options.signal?.aborted) {
      return Promise.reject(new AppError("cancelled", "The job was cancelled.", { cause: options.signal.reason }));
    }
    const group = this.#options.groupOf?.(input) ?? "";
    const item = new BatchItem<I, O>(input, group, options, (gone) => this.#remove(gone));
    this.#queue.add(item);
    this.#pump();
    return item.result;
  }

  /**
   * Runs items as they come and gives their outputs in the same order.
   * @param ahead items that are read before the first of them has its output: what bounds memory
   * @throws as `submit`; what `items` throws
   */
  async *map(
    items: AsyncIterable<I> | Iterable<I>,
    options: ItemOptions & { readonly ahead: number },
  ): AsyncIterable<O> {
    const stop = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
    const line: Promise<O>[] = [];
    try {
      for await (const item of items) {
        const output = this.submit(item, { ...options, signal });
        // Awaited in its turn; until then nobody looks.
        output.catch(() => {});
        line.push(output);
        if (line.length >= options.ahead) yield await (line.shift() as Promise<O>);
      }
      while (line.length > 0) yield await (line.shift() as Promise<O>);
    } finally {
      stop.abort();
    }
  }

  /** Refuses what waits, and waits for what runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const item of [...this.#queue.drain(), ...this.#alone.splice(0)]) item.fail(closing());
    await Promise.all(this.#running);
  }

  #pump(): void {
    clearTimeout(this.#timer);
    const { concurrency = 2, waitMs = BATCH_WAIT_FOR_ITEMS_MS } = this.#options;
    while (!this.#oneIsAlone && this.#running.size < concurrency && this.waiting > 0) {
      // Those to be run alone take turns with batches, so that neither waits for all of the others.
      if (this.#alone.length > 0 && (this.#turnOfAlone || this.#queue.size === 0)) {
        // What runs beside it would end with it, if it ends the thread.
        if (this.#running.size === 0) this.#start([this.#alone.shift() as BatchItem<I, O>], true);
        return;
      }
      if (this.#queue.size < this.ceiling) {
        // While one is computed, those that come meanwhile are the company.
        if (this.#running.size > 0) return;
        const left = (this.#queue.waitsSince() ?? 0) + waitMs - performance.now();
        if (left > 0) {
          this.#timer = setTimeout(() => this.#pump(), left);
          return;
        }
      }
      this.#start(this.#queue.take(this.ceiling), false);
    }
  }

  #start(items: readonly BatchItem<I, O>[], alone: boolean): void {
    this.#oneIsAlone = alone;
    this.#turnOfAlone = !alone;
    const run = this.#run(items).finally(() => {
      this.#oneIsAlone = false;
      this.#running.delete(run);
      this.#pump();
    });
    this.#running.add(run);
  }

  async #run(items: readonly BatchItem<I, O>[]): Promise<void> {
    for (const item of items) item.begin();
    const stop = new AbortController();
    const gone = (): void => {
      if (items.every(({ settled }) => settled)) stop.abort();
    };
    for (const item of items) item.result.then(gone, gone);
    const size = bucketFor(items.length, this.#options.buckets);
    try {
      const inputs = items.map(({ input }) => input);
      const outputs = await this.#options.run(inputs, stop.signal, size);
      if (outputs.length !== items.length) {
        throw new AppError("engine_failed", `A run gave ${outputs.length} outputs for ${items.length} items.`);
      }
      for (const [i, item] of items.entries()) if (!item.settled) item.succeed(outputs[i] as O);
    } catch (error) {
      this.#failed(
        items.filter(({ settled }) => !settled),
        size,
        error,
      );
    }
  }

  #failed(items: readonly BatchItem<I, O>[], size: number, error: unknown): void {
    if (this.#closed) {
      for (const item of items) item.fail(closing());
      return;
    }
    if (isOutOfMemory(error) && size > 1) {
      this.#lower(Math.floor(size / 2));
      this.#queue.putBack(items);
      return;
    }
    for (const item of items) {
      item.failures += 1;
      if (item.failures < 2) this.#alone.push(item);
      else item.fail(isOutOfMemory(error) ? tooLarge(error) : error);
    }
  }

  #lower(ceiling: number): void {
    this.#ceiling = Math.min(this.#ceiling, ceiling);
    const { ceilingKey } = this.#options;
    if (ceilingKey !== undefined) ceilings.set(ceilingKey, Math.min(ceilings.get(ceilingKey) ?? ceiling, ceiling));
  }

  #remove(item: BatchItem<I, O>): void {
    this.#queue.remove(item);
    const at = this.#alone.indexOf(item);
    if (at >= 0) this.#alone.splice(at, 1);
  }
}

const tooLarge = (cause: unknown): AppError =>
  new AppError("engine_failed", "The device's memory does not hold what one run needs. Try again, or ask for less.", {
    cause,
  });

const closing = (): AppError => new AppError("shutting_down", "The network is being closed. Try again.");
