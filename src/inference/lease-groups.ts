import { AppError } from "../errors.ts";
import { waitFor } from "./wait-for.ts";

/** There is no room for a network at once. */
export class NoRoomNow extends Error {}

/** Takes a lease; `patient` waits for room, else it throws `NoRoomNow`. */
export type TakeLease<Request, Lease> = (request: Request, signal: AbortSignal, patient: boolean) => Promise<Lease>;

/** Takes several leases with what it is given. */
type Take<Request, Lease, T> = (lease: (request: Request, signal?: AbortSignal) => Promise<Lease>) => Promise<T>;

/**
 * Lets jobs take several networks each without waiting for each other for ever. A job that finds no room for one of its
 * networks lets go of the others; then it waits for its turn, and of all jobs that have taken a part of theirs only the one
 * whose turn it is waits for room. What it waits for is with jobs that have all they need, and end.
 */
export class LeaseGroups<Request, Lease extends AsyncDisposable> {
  readonly #lease: TakeLease<Request, Lease>;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(lease: TakeLease<Request, Lease>) {
    this.#lease = lease;
  }

  /** @throws AppError `cancelled`; what `take` throws */
  async take<T>(take: Take<Request, Lease, T>, signal: AbortSignal): Promise<T> {
    try {
      return await this.#try(take, signal, false);
    } catch (error) {
      if (!(error instanceof NoRoomNow)) throw error;
    }
    const before = this.#turn;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    this.#turn = before.then(() => over);
    try {
      await waitFor(before, { signal });
      if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
      return await this.#try(take, signal, true);
    } finally {
      resolve();
    }
  }

  /** All leases that are taken, or none. */
  async #try<T>(take: Take<Request, Lease, T>, signal: AbortSignal, patient: boolean): Promise<T> {
    const stop = new AbortController();
    const asked: Promise<Lease>[] = [];
    try {
      return await take((request, abort = signal) => {
        const lease = this.#lease(request, AbortSignal.any([abort, stop.signal]), patient);
        asked.push(lease);
        return lease;
      });
    } catch (error) {
      stop.abort();
      for (const each of await Promise.allSettled(asked)) {
        if (each.status === "fulfilled") await each.value[Symbol.asyncDispose]();
      }
      throw error;
    }
  }
}
