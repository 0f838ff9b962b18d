/** One way out for what somebody makes: the maker waits until what was given before is taken. */
export class Outlet<T> implements AsyncIterable<T> {
  #given = Promise.withResolvers<IteratorResult<T, undefined>>();
  #taken = Promise.withResolvers<void>();
  #closed = false;

  /** Returns when it is taken, or nobody takes any more. */
  async put(value: T): Promise<void> {
    if (this.#closed) return;
    this.#given.resolve({ done: false, value });
    await this.#taken.promise;
  }

  /** No more will come. */
  end(): void {
    this.#given.resolve({ done: true, value: undefined });
  }

  /** No more will come, for this reason; whoever takes gets it. */
  fail(reason: unknown): void {
    const { promise, reject } = this.#given;
    reject(reason);
    // It may be that nobody takes any more.
    promise.catch(() => {});
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    try {
      for (;;) {
        const step = await this.#given.promise;
        if (step.done) return;
        const taken = this.#taken;
        this.#given = Promise.withResolvers();
        this.#taken = Promise.withResolvers();
        taken.resolve();
        yield step.value;
      }
    } finally {
      this.#closed = true;
      this.#taken.resolve();
    }
  }
}
