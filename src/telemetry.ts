/** Where a job's time went. */

/** The engine and model that did a part of the work. */
export type EngineUse = {
  readonly kind: string;
  readonly engine: string;
  readonly model: string;
  readonly sha256?: string;
};

/** Travels with every result. All times are milliseconds of wall clock; the stages and `queue_ms` add up to `total_ms`. */
export type Receipt = {
  readonly job_id: string;
  readonly operation: string;
  readonly queue_ms: number;
  /** Age of the process when the job began, for the first job of a process; 0 for the others. */
  readonly cold_start_ms: number;
  readonly total_ms: number;
  readonly stages: readonly { readonly stage: string; readonly ms: number }[];
  readonly engines: readonly EngineUse[];
  readonly device: string;
  readonly seed: number | null;
  /** What was measured of the output, by name with its unit; absent where nothing was. */
  readonly measures?: Readonly<Record<string, number>>;
};

/**
 * Shares the wall clock out among stages without overlap: at each moment the innermost stage that is being waited for
 * is charged. So the sum is the whole, and a stage that hides behind another costs nothing.
 */
export class StageClock {
  readonly #now: () => number;
  readonly #totals = new Map<string, number>();
  readonly #stack: string[] = [];
  #since: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#since = now();
  }

  #charge(): void {
    const now = this.#now();
    const stage = this.#stack.at(-1) ?? "dispatch";
    this.#totals.set(stage, (this.#totals.get(stage) ?? 0) + now - this.#since);
    this.#since = now;
  }

  /** Charges `stage` until the returned function is called. Calls must nest. */
  enter(stage: string): () => void {
    this.#charge();
    this.#stack.push(stage);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#charge();
      const at = this.#stack.lastIndexOf(stage);
      if (at >= 0) this.#stack.splice(at, 1);
    };
  }

  /** Charges `stage` while `work` runs. */
  async time<T>(stage: string, work: () => Promise<T>): Promise<T> {
    const leave = this.enter(stage);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Charges `stage` for every wait for the next item of `source`. */
  async *timeEach<T>(stage: string, source: AsyncIterable<T>): AsyncGenerator<T, void> {
    const iterator = source[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await this.time(stage, () => iterator.next());
        if (step.done) return;
        yield step.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  /** The stages so far, in order of first use, in milliseconds rounded to a tenth. */
  stages(): { stage: string; ms: number }[] {
    this.#charge();
    return [...this.#totals].filter(([, ms]) => ms >= 0.05).map(([stage, ms]) => ({ stage, ms: round1(ms) }));
  }
}

/** Milliseconds to one decimal. */
export function round1(ms: number): number {
  return Math.round(ms * 10) / 10;
}
