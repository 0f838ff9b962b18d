import type { JobRecord } from "./job.ts";

/** The heavy jobs at hand. */
export type JobQueue = { readonly underWay: readonly JobRecord[]; readonly waiting: readonly JobRecord[] };

/**
 * Seconds until each waiting job is begun, by its id: each place goes to the next in line when the job on it has taken as
 * long as such jobs lately did.
 * @param places heavy jobs at once
 * @param runMs milliseconds that an operation's jobs took lately; undefined makes the wait behind such a job unknown
 */
export function estimateWaits(
  { underWay, waiting }: JobQueue,
  places: number,
  runMs: (operation: string) => number | undefined,
  now: number = Date.now(),
): ReadonlyMap<string, number | null> {
  // When each place is free, in milliseconds from now; infinity where nobody knows.
  const free = underWay.map(({ operation, startedAt }) =>
    Math.max(0, (runMs(operation) ?? Number.POSITIVE_INFINITY) - (now - (startedAt ?? now))),
  );
  while (free.length < places) free.push(0);
  const waits = new Map<string, number | null>();
  for (const { id, operation } of waiting) {
    const soonest = free.reduce((best, ms, place) => (ms < (free[best] as number) ? place : best), 0);
    const wait = Math.min(...free);
    waits.set(id, wait === Number.POSITIVE_INFINITY ? null : Math.round(wait / 100) / 10);
    free[soonest] = wait + (runMs(operation) ?? Number.POSITIVE_INFINITY);
  }
  return waits;
}
