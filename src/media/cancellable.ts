import { AppError } from "../errors.ts";

/** The error for a call whose signal aborted. @param signal the aborted one; its reason goes to `cause` */
export function cancelled(signal: AbortSignal): AppError {
  return new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
}

/**
 * Walks `source` and stops the moment `signal` aborts, even while the source is still working on its next value.
 * The source is told to finish (`return`), but not waited for; a value that it yields later goes to `discard`.
 *
 * @throws the signal's reason on abort, and whatever the source throws
 */
export async function* untilAborted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
  discard: (value: T) => void = () => undefined,
): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let interrupt: ((reason: unknown) => void) | undefined;
  const onAbort = () => interrupt?.(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  let finished = false;
  try {
    while (true) {
      signal.throwIfAborted();
      const next = iterator.next();
      // One promise per value: a race against one promise for all would remember every value until the abort.
      const step = await new Promise<IteratorResult<T, unknown>>((resolve, reject) => {
        interrupt = (reason) => {
          next.then((late) => (late.done ? undefined : discard(late.value))).catch(() => undefined);
          reject(reason);
        };
        next.then(resolve, (error: unknown) => {
          finished = true;
          reject(error);
        });
      });
      interrupt = undefined;
      if (step.done) {
        finished = true;
        return;
      }
      yield step.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (!finished) void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

/** Waits for `work`, but not longer than until `signal` aborts. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
