/**
 * The same values, of which up to `count` are made before they are asked for, so that who makes them and who uses them
 * work at the same time. Leaving early ends the source; a value on its way then is dropped.
 * @throws what the source throws, when its turn comes
 */
export async function* readAhead<T>(source: AsyncIterable<T>, count: number): AsyncGenerator<T, void> {
  const iterator = source[Symbol.asyncIterator]();
  const waiting: Promise<IteratorResult<T, unknown>>[] = [];
  let ended = false;
  const ask = (): void => {
    const step = iterator.next();
    // Whoever takes it sees the error; left untaken, it is none.
    step.catch(() => {});
    waiting.push(step);
  };
  try {
    for (;;) {
      while (waiting.length < count) ask();
      const step = await (waiting.shift() as Promise<IteratorResult<T, unknown>>);
      ended = step.done === true;
      if (step.done) return;
      yield step.value;
    }
  } catch (error) {
    ended = true;
    throw error;
  } finally {
    if (!ended) await iterator.return?.();
    await Promise.allSettled(waiting);
  }
}
