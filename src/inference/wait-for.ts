import { AppError } from "../errors.ts";

/**
 * Waits for what others do, as long as one cares to.
 * @param ms longest wait; default any
 * @param late what to throw when it is over
 * @throws AppError `cancelled` on abort, at once; what the promise throws
 */
export async function waitFor<T>(
  promise: Promise<T>,
  { signal, ms, late }: { signal?: AbortSignal | undefined; ms?: number; late?: () => AppError } = {},
): Promise<T> {
  const gone = Promise.withResolvers<never>();
  const abort = (): void =>
    gone.reject(new AppError("cancelled", "The job was cancelled.", { cause: signal?.reason as unknown }));
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  const timer = ms === undefined || !late ? undefined : setTimeout(() => gone.reject(late()), Math.max(0, ms));
  try {
    return await Promise.race([promise, gone.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
