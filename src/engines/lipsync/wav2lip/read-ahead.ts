/** Something in a line whose `picture` is in the making. */
type Made = { readonly picture: Promise<unknown> };

/**
 * What `source` gives, in its order, each when its picture is made or nothing more can be begun. Meanwhile up to `most`
 * are begun; one that waits is not held up by a source that is slow.
 */
export async function* readAhead<T extends Made>(
  source: AsyncGenerator<T, void>,
  most: number,
): AsyncGenerator<T, void> {
  const line: T[] = [];
  let next = ask(source);
  let ended = false;
  for (;;) {
    const [first] = line;
    const mayBegin = !ended && line.length < most;
    if (first && (!mayBegin || (await isSooner(first.picture, next)))) {
      line.shift();
      yield first;
      continue;
    }
    if (ended) return;
    const step = await next;
    if (step.done) ended = true;
    else {
      line.push(step.value);
      next = ask(source);
    }
  }
}

function ask<T>(source: AsyncGenerator<T, void>): Promise<IteratorResult<T, void>> {
  const next = source.next();
  // Awaited in its turn, or never where the reader leaves.
  next.catch(() => {});
  return next;
}

function isSooner(one: Promise<unknown>, other: Promise<unknown>): Promise<boolean> {
  const settled = (promise: Promise<unknown>, answer: boolean): Promise<boolean> =>
    promise.then(
      () => answer,
      () => answer,
    );
  return Promise.race([settled(one, true), settled(other, false)]);
}
