/** How far something is that several wait for. Whoever comes later hears at once how far it is. */
export class SharedProgress {
  readonly #listeners = new Set<(share: number) => void>();
  #share = 0;

  /** @param share of the work that is done, 0 to 1; one that is smaller than before is left out */
  tell(share: number): void {
    if (share <= this.#share) return;
    this.#share = share;
    for (const listener of this.#listeners) listener(share);
  }

  /** Waits for a promise; meanwhile a listener is told. */
  async tellWhile<T>(promise: Promise<T>, listener: ((share: number) => void) | undefined): Promise<T> {
    if (!listener) return promise;
    // One of its own: the same function may listen for two callers.
    const own = (share: number): void => listener(share);
    this.#listeners.add(own);
    try {
      if (this.#share > 0) own(this.#share);
      return await promise;
    } finally {
      this.#listeners.delete(own);
    }
  }
}
