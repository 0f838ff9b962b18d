/** Leases of several networks that one job takes together. */

import { AppError } from "../errors.ts";
import { neverTogether, type Place, type RoomNeed } from "./model-room.ts";
import { waitFor } from "./wait-for.ts";

/** There is no room for a network at once. */
class NoRoomNow extends Error {}

/** What a group has to know of a lease. */
export interface GroupLease extends AsyncDisposable {
  /** What messages call the network. */
  readonly name: string;
  readonly place: Place;
  /** It was not disposed of. */
  readonly held: boolean;
}

/**
 * Told what a network waits for when it has to wait for room, and whenever it still has to; undefined when it has to no
 * more.
 */
export type OnWait = (need: RoomNeed | undefined) => void;

export type TakeLease<Request, Lease> = (request: Request, signal: AbortSignal, onWait: OnWait) => Promise<Lease>;

/** Takes several leases with what it is given. */
type Take<Request, Lease, T> = (lease: (request: Request, signal?: AbortSignal) => Promise<Lease>) => Promise<T>;

/** What is known of the networks that a job asks for, by name: how much room each is expected to take. */
type Asked<Request> = Map<string, { readonly request: Request; readonly bytes: number }>;

/**
 * Lets jobs take several networks each without waiting for each other for ever. A job that finds no room for one of its
 * networks lets go of the others; then it waits for its turn, and of all jobs that have taken a part of theirs only the one
 * whose turn it is waits for room. What it waits for is with jobs that have all they need, and end.
 *
 * Where a job's own networks leave no room for another of its networks, no wait would help. It begins anew with the largest
 * first, since a network is expected to take more than it does once it is open; when that fails too, it is refused.
 */
export class LeaseGroups<Request, Lease extends GroupLease> {
  readonly #lease: TakeLease<Request, Lease>;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(lease: TakeLease<Request, Lease>) {
    this.#lease = lease;
  }

  /** @throws AppError `engine_unavailable` if they can never be open together; `cancelled`; what `take` throws */
  async take<T>(take: Take<Request, Lease, T>, signal: AbortSignal): Promise<T> {
    const asked: Asked<Request> = new Map();
    const atOnce = new Attempt(this.#lease, asked, false);
    try {
      return await atOnce.all(take, [], signal);
    } catch (error) {
      if (!(error instanceof NoRoomNow) && !atOnce.vain) throw error;
    }
    const before = this.#turn;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    this.#turn = before.then(() => over);
    try {
      await waitFor(before, { signal });
      if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
      return await this.#inTurn(take, asked, atOnce.vain ? largestFirst(asked) : [], signal);
    } finally {
      resolve();
    }
  }

  async #inTurn<T>(
    take: Take<Request, Lease, T>,
    asked: Asked<Request>,
    ahead: readonly Request[],
    signal: AbortSignal,
  ): Promise<T> {
    for (let first = ahead; ; first = largestFirst(asked)) {
      const attempt = new Attempt(this.#lease, asked, true);
      try {
        return await attempt.all(take, first, signal);
      } catch (error) {
        if (!attempt.vain || first.length === asked.size) throw error;
      }
    }
  }
}

function largestFirst<Request>(asked: Asked<Request>): Request[] {
  return [...asked.values()].toSorted((a, b) => b.bytes - a.bytes).map(({ request }) => request);
}

/** A job's leases while it takes them. */
class Attempt<Request, Lease extends GroupLease> {
  readonly #lease: TakeLease<Request, Lease>;
  readonly #asked: Asked<Request>;
  readonly #patient: boolean;
  readonly #stop = new AbortController();
  readonly #leases: Promise<Lease>[] = [];
  readonly #taken: Lease[] = [];
  /** What those wait for that wait for room, and what ends the wait with a reason. */
  readonly #waiting = new Map<AbortController, RoomNeed>();
  #vain = false;

  /** @param asked is told what becomes known */
  constructor(lease: TakeLease<Request, Lease>, asked: Asked<Request>, patient: boolean) {
    this.#lease = lease;
    this.#asked = asked;
    this.#patient = patient;
  }

  /** What was taken left no room for what else was asked for. */
  get vain(): boolean {
    return this.#vain;
  }

  /**
   * All leases that are taken, or none.
   * @param first taken before the others
   */
  async all<T>(take: Take<Request, Lease, T>, first: readonly Request[], signal: AbortSignal): Promise<T> {
    try {
      const ahead: Lease[] = [];
      for (const request of first) ahead.push(await this.#ask(request, signal));
      const all = await take((request, abort = signal) => this.#ask(request, abort));
      for (const lease of ahead) await lease[Symbol.asyncDispose]();
      return all;
    } catch (error) {
      this.#stop.abort();
      for (const each of await Promise.allSettled(this.#leases)) {
        if (each.status === "fulfilled") await each.value[Symbol.asyncDispose]();
      }
      throw error;
    }
  }

  #ask(request: Request, signal: AbortSignal): Promise<Lease> {
    const lease = this.#take(request, signal);
    this.#leases.push(lease);
    return lease;
  }

  async #take(request: Request, signal: AbortSignal): Promise<Lease> {
    const end = new AbortController();
    const onWait: OnWait = (need) => {
      if (!need) {
        this.#waiting.delete(end);
        return;
      }
      this.#asked.set(need.name, { request, bytes: need.bytes });
      this.#waiting.set(end, need);
      this.#endVainWaits();
      if (!this.#patient) end.abort(new NoRoomNow());
    };
    try {
      const lease = await this.#lease(request, AbortSignal.any([signal, this.#stop.signal, end.signal]), onWait);
      this.#asked.set(lease.name, { request, bytes: lease.place.expected });
      this.#taken.push(lease);
      return lease;
    } catch (error) {
      throw end.signal.aborted ? end.signal.reason : error;
    } finally {
      this.#waiting.delete(end);
      this.#endVainWaits();
    }
  }

  /** The sizes of networks that are open are known, and this job lets go of none of them before it has the others. */
  #endVainWaits(): void {
    for (const [end, need] of this.#waiting) {
      const beside = new Map<Place, Lease>();
      for (const lease of this.#taken) {
        if (lease.held && lease.place.pool === need.pool) beside.set(lease.place, lease);
      }
      const held = [...beside.keys()].reduce((sum, { bytes }) => sum + bytes, 0);
      if (held + need.bytes <= need.budget) continue;
      this.#vain = true;
      end.abort(neverTogether(need, [...beside.values()]));
    }
  }
}
