import { setTimeout as sleep } from "node:timers/promises";

/** Doubling pauses with jitter: between half of the nominal time and all of it, so that workers do not march in step. */
export class Backoff {
  readonly #first: number;
  readonly #most: number;
  #next: number;

  constructor(firstMs: number, mostMs: number) {
    this.#first = firstMs;
    this.#most = mostMs;
    this.#next = firstMs;
  }

  /** The next pause, in milliseconds. */
  next(): number {
    const nominal = this.#next;
    this.#next = Math.min(this.#most, nominal * 2);
    return nominal * (0.5 + Math.random() / 2);
  }

  /** Something worked: begin again with the shortest pause. */
  reset(): void {
    this.#next = this.#first;
  }
}

/** Waits; an abort ends the wait early and is no error. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await sleep(ms, undefined, signal ? { signal } : {}).catch(() => {});
}

/**
 * What a throttled answer asks for, in milliseconds: its Retry-After in seconds, at most `most`, else `fallback`; with
 * up to a fifth more, so that workers do not come back together.
 */
export function throttlePause(retryAfter: string | undefined, fallback: number, most: number): number {
  const seconds = Number(retryAfter);
  const ms = retryAfter !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : fallback;
  return Math.min(ms, most) * (1 + Math.random() / 5);
}

/** Settles like `promise`, or with `undefined` after `ms`. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([promise, pause(ms, timer.signal).then(() => undefined)]);
  } finally {
    timer.abort();
  }
}
