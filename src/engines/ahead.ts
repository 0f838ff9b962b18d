/**
 * `make` of every item, in order, with up to `depth` of them under way at once; so much of `source` is read ahead.
 * When the reader stops early or one fails, `stop` is called, and what is under way is waited for.
 */
export async function* ahead<Item, Result>(
  source: AsyncIterable<Item>,
  depth: number,
  make: (item: Item) => Promise<Result>,
  stop: () => void,
): AsyncGenerator<Result, void> {
  const items = source[Symbol.asyncIterator]();
  const pending: Promise<Result>[] = [];
  let ended = false;
  try {
    for (;;) {
      while (!ended && pending.length < depth) {
        const next = await items.next();
        if (next.done) {
          ended = true;
          break;
        }
        const made = make(next.value);
        // It may fail before anybody waits for it.
        made.catch(() => {});
        pending.push(made);
      }
      const first = pending.shift();
      if (!first) return;
      yield await first;
    }
  } finally {
    if (!ended || pending.length > 0) {
      stop();
      await Promise.allSettled(pending);
      if (!ended) await items.return?.();
    }
  }
}
