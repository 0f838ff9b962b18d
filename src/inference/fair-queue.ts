import type { BatchItem } from "./batch-item.ts";

/** Items that wait, by job. Jobs take turns: one with a thousand items does not hold up one with a single one. */
export class FairQueue<I, O> {
  /** Jobs in the order of their turns. */
  readonly #jobs = new Map<unknown, BatchItem<I, O>[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: BatchItem<I, O>): void {
    const line = this.#jobs.get(item.job);
    if (line) line.push(item);
    else this.#jobs.set(item.job, [item]);
    this.#size += 1;
  }

  /** Puts items back to where they were taken from. */
  putBack(items: readonly BatchItem<I, O>[]): void {
    for (const item of items.toReversed()) {
      const line = this.#jobs.get(item.job);
      if (line) line.unshift(item);
      else this.#jobs.set(item.job, [item]);
    }
    this.#size += items.length;
  }

  remove(item: BatchItem<I, O>): void {
    const line = this.#jobs.get(item.job);
    const at = line?.indexOf(item) ?? -1;
    if (!line || at < 0) return;
    line.splice(at, 1);
    this.#size -= 1;
    if (line.length === 0) this.#jobs.delete(item.job);
  }

  /** Since when the next in turn has waited, on the clock of `performance.now()`. */
  waitsSince(): number | undefined {
    let oldest: number | undefined;
    for (const [item] of this.#jobs.values()) {
      if (item && (oldest === undefined || item.since < oldest)) oldest = item.since;
    }
    return oldest;
  }

  /**
   * Takes up to `most` items of one group, one of each job in turn. The group is that of the job whose turn it is; jobs
   * that gave go to the end of the line.
   */
  take(most: number): BatchItem<I, O>[] {
    const group = this.#jobs.values().next().value?.[0]?.group;
    const taken: BatchItem<I, O>[] = [];
    for (let found = true; found && taken.length < most; ) {
      found = false;
      for (const [job, line] of Array.from(this.#jobs)) {
        if (taken.length >= most) break;
        if (line[0]?.group !== group) continue;
        taken.push(line.shift() as BatchItem<I, O>);
        found = true;
        this.#jobs.delete(job);
        if (line.length > 0) this.#jobs.set(job, line);
      }
    }
    this.#size -= taken.length;
    return taken;
  }

  /** Takes all. */
  drain(): BatchItem<I, O>[] {
    const all = [...this.#jobs.values()].flat();
    this.#jobs.clear();
    this.#size = 0;
    return all;
  }
}
