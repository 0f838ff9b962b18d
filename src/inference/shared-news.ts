/**
 * What becomes known of something that several wait for. Whoever comes later hears at once what was told last, unless that
 * was undefined.
 */
export class SharedNews<T> {
  readonly #listeners = new Set<(news: T) => void>();
  #last: T | undefined;

  get last(): T | undefined {
    return this.#last;
  }

  tell(news: T): void {
    this.#last = news;
    for (const listener of this.#listeners) listener(news);
  }

  /** Waits for a promise; meanwhile a listener is told. */
  async tellWhile<R>(promise: Promise<R>, listener: ((news: T) => void) | undefined): Promise<R> {
    if (!listener) return promise;
    // One of its own: the same function may listen for two callers.
    const own = (news: T): void => listener(news);
    this.#listeners.add(own);
    try {
      if (this.#last !== undefined) own(this.#last);
      return await promise;
    } finally {
      this.#listeners.delete(own);
    }
  }
}

/** How far something is that several wait for: the share of the work that is done, 0 to 1. */
export class SharedProgress extends SharedNews<number> {
  /** @param share one that is no larger than before is left out */
  override tell(share: number): void {
    if (share > (this.last ?? 0)) super.tell(share);
  }
}
