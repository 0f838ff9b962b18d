/**
 * Begins several works at once and waits for all. When one fails the others are ended, and what they made is disposed of.
 * @param works are given a signal that is aborted then, and with `signal`
 * @throws what the first that failed threw
 */
export async function atOnce<T extends readonly (AsyncDisposable | undefined)[]>(
  works: { readonly [K in keyof T]: (signal: AbortSignal) => Promise<T[K]> },
  signal: AbortSignal,
): Promise<T> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  let failure: { readonly error: unknown } | undefined;
  const settled = await Promise.all(
    works.map(async (work) => {
      try {
        return await work(either);
      } catch (error) {
        failure ??= { error };
        stop.abort();
        return undefined;
      }
    }),
  );
  if (!failure) return settled as unknown as T;
  for (const each of settled) await each?.[Symbol.asyncDispose]();
  throw failure.error;
}
