import PQueue from "p-queue";

/** What jobs share, in the order in which a job takes it. */
export const LANES = ["gpu", "cpu", "encode", "upload"] as const;

export type Lane = (typeof LANES)[number];

/** One lane now. `over` are jobs that run beside the permits, since waiting could have held up others for good. */
export type LaneCount = {
  readonly permits: number;
  readonly taken: number;
  readonly waiting: number;
  readonly over: number;
};

/** Settles when the permit is free for the next. */
type Permit = { release(): Promise<void> };

/** Permits for what jobs share: a graphics card, the processor, encoders, the way to a bucket. */
export class Lanes {
  readonly #queues = new Map<Lane, PQueue>();
  readonly #over = new Map<Lane, number>();

  /** @param permits of each lane, 1 or more */
  constructor(permits: Readonly<Record<Lane, number>>) {
    for (const lane of LANES) this.#queues.set(lane, new PQueue({ concurrency: permits[lane] }));
  }

  count(lane: Lane): LaneCount {
    const { concurrency, pending, size } = this.#queue(lane);
    return { permits: concurrency, taken: pending, waiting: size, over: this.#over.get(lane) ?? 0 };
  }

  /**
   * The lanes as one job sees them.
   * @param onWait told when the job begins to wait; what it returns is called when the wait is over
   */
  forJob(signal: AbortSignal, onWait: () => () => void = () => () => {}): JobLanes {
    return new JobLanes(
      (lane, promoted) => this.#take(lane, signal, promoted),
      (lane) => {
        const { pending, concurrency } = this.#queue(lane);
        return pending < concurrency ? undefined : onWait();
      },
    );
  }

  /** Waits for a permit, or for the end of the wait by `promoted`. @throws the signal's reason */
  async #take(lane: Lane, signal: AbortSignal, promoted: Promise<void>): Promise<Permit> {
    const granted = Promise.withResolvers<Permit>();
    const released = Promise.withResolvers<void>();
    // The queue lets go of a running task as soon as its signal is aborted; the work keeps its permit until it is over.
    const waiting = new AbortController();
    const onAbort = (): void => waiting.abort(signal.reason);
    let waits = true;
    const stopWaiting = (): void => {
      waits = false;
      signal.removeEventListener("abort", onAbort);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    const task = (): Promise<void> => {
      stopWaiting();
      granted.resolve({
        release: () => {
          released.resolve();
          return queued;
        },
      });
      return released.promise;
    };
    void promoted.then(() => {
      if (!waits) return;
      stopWaiting();
      granted.resolve(this.#beside(lane));
      waiting.abort();
    });
    const queued = this.#queue(lane)
      .add(task, { signal: waiting.signal })
      .catch((error: unknown) => {
        stopWaiting();
        granted.reject(error);
      });
    return granted.promise;
  }

  #beside(lane: Lane): Permit {
    this.#over.set(lane, (this.#over.get(lane) ?? 0) + 1);
    return {
      release: async () => {
        this.#over.set(lane, (this.#over.get(lane) ?? 0) - 1);
      },
    };
  }

  #queue(lane: Lane): PQueue {
    return this.#queues.get(lane) as PQueue;
  }
}

type Held = {
  users: number;
  readonly permit: Promise<Permit>;
  granted: boolean;
  promote(): void;
};

/** One job's permits: one of a lane at most, however many of its branches use it. */
export class JobLanes {
  readonly #take: (lane: Lane, promoted: Promise<void>) => Promise<Permit>;
  readonly #onWait: (lane: Lane) => (() => void) | undefined;
  readonly #held = new Map<Lane, Held>();

  constructor(
    take: (lane: Lane, promoted: Promise<void>) => Promise<Permit>,
    onWait: (lane: Lane) => (() => void) | undefined,
  ) {
    this.#take = take;
    this.#onWait = onWait;
  }

  /**
   * Does work that uses these lanes, when there is room in each. The permits are free when the promise settles.
   *
   * Jobs take lanes in the order of `LANES`, so that no two wait for each other. A job that holds a later lane already
   * does not wait for an earlier one: it goes beside the permits.
   *
   * @throws what `work` throws; the job's signal's reason when that is aborted before there is room
   */
  async hold<T>(lanes: readonly Lane[], work: () => Promise<T>): Promise<T> {
    const used: Held[] = [];
    try {
      for (const lane of LANES) if (lanes.includes(lane)) used.push(await this.#enter(lane));
      return await work();
    } finally {
      await Promise.all(used.map((held) => this.#leave(held)));
    }
  }

  async #enter(lane: Lane): Promise<Held> {
    let held = this.#held.get(lane);
    if (!held) {
      const { promise: promoted, resolve: promote } = Promise.withResolvers<void>();
      const waited = this.#onWait(lane);
      const permit = this.#take(lane, promoted).finally(waited);
      held = { users: 0, permit, granted: false, promote };
      this.#held.set(lane, held);
      if (this.#holdsAfter(lane)) promote();
    }
    held.users += 1;
    try {
      await held.permit;
    } catch (error) {
      await this.#leave(held);
      throw error;
    }
    held.granted = true;
    // A branch that waits for an earlier lane may be what this one lives on.
    for (const earlier of LANES.slice(0, LANES.indexOf(lane))) {
      const other = this.#held.get(earlier);
      if (other && !other.granted) other.promote();
    }
    return held;
  }

  async #leave(held: Held): Promise<void> {
    held.users -= 1;
    if (held.users > 0) return;
    for (const [lane, each] of this.#held) if (each === held) this.#held.delete(lane);
    const permit = await held.permit.catch(() => undefined);
    await permit?.release();
  }

  #holdsAfter(lane: Lane): boolean {
    return LANES.slice(LANES.indexOf(lane) + 1).some((later) => this.#held.get(later)?.granted === true);
  }
}
