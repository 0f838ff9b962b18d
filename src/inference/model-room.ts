import { AppError } from "../errors.ts";
import type { MemoryGauge, Pool } from "./model-memory.ts";
import type { Provider } from "./tensor.ts";
import { inferenceUsage } from "./usage.ts";
import { waitFor } from "./wait-for.ts";

/** Room in a memory that a network takes, or will take. */
export type Place = {
  readonly pool: Pool;
  bytes: number;
  /** What it was taken for. */
  readonly expected: number;
};

/** What a network waits for: room of so many bytes, where all networks may take so many. */
export type RoomNeed = { readonly name: string; readonly pool: Pool; readonly bytes: number; readonly budget: number };

/** An open network that nobody uses. */
export type IdleModel = { readonly place: Place; close(): Promise<void> };

/** Memory for networks: who has how much of it, and who has to wait. */
export class ModelRoom {
  readonly #memory: MemoryGauge;
  readonly #waitMs: number;
  readonly #idle: () => readonly IdleModel[];
  readonly #places = new Set<Place>();
  readonly #closing = new Set<Promise<void>>();
  /** Loads into one memory take turns: each is measured, and the runtime needs more while it loads than after. */
  readonly #turns = new Map<Pool, Promise<unknown>>();
  #change = Promise.withResolvers<void>();

  /** @param idle open networks that nobody uses, the one that was used longest ago first */
  constructor(memory: MemoryGauge, waitMs: number, idle: () => readonly IdleModel[]) {
    this.#memory = memory;
    this.#waitMs = waitMs;
    this.#idle = idle;
  }

  /** Where a provider's networks lie. */
  poolOf(provider: Provider): Promise<Pool> {
    return this.#memory.poolOf(provider);
  }

  /**
   * Takes room, for which networks that nobody uses are closed; waits where others use theirs.
   * @param onWait told what for before it waits, and whenever it looked again in vain
   * @throws AppError `engine_unavailable` if it is more than there is at all, `timeout`, `cancelled`
   */
  async reserve(
    name: string,
    pool: Pool,
    bytes: number,
    signal: AbortSignal,
    onWait: (need: RoomNeed) => void = () => {},
  ): Promise<Place> {
    const budget = await this.#memory.budget(pool);
    if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
    if (bytes > budget) throw tooLarge(name, pool, bytes, budget);
    const last = performance.now() + this.#waitMs;
    for (;;) {
      // From here to the reservation nothing else happens, so that no two take the same room.
      const victims = this.#victims(pool, budget - bytes);
      if (victims) {
        const place = { pool, bytes, expected: bytes };
        this.#add(place);
        for (const victim of victims) this.#evict(victim);
        await Promise.all(this.#closing);
        return place;
      }
      onWait({ name, pool, bytes, budget });
      const late = (): AppError => noRoom(name, pool, bytes, budget, this.#held(pool));
      await waitFor(this.#change.promise, { signal, ms: last - performance.now(), late });
    }
  }

  /** Closes what nobody uses of a memory: a run, or a load, found none left. */
  async makeRoom(pool: Pool): Promise<void> {
    for (const victim of this.#idle()) if (victim.place.pool === pool) this.#evict(victim);
    await Promise.all(this.#closing);
  }

  /**
   * Does what takes memory, and corrects the room taken by what it took.
   * @param least bytes that it takes at least, and `most` at most, whatever was measured: others use memory too
   */
  async measure<T>(place: Place, least: number, most: number, work: () => Promise<T>): Promise<T> {
    const { pool } = place;
    const turn = this.#turns.get(pool) ?? Promise.resolve();
    const done = turn.then(async () => {
      const before = await this.#memory.used(pool);
      const result = await work();
      const taken = (await this.#memory.used(pool)) - before;
      this.#resize(place, Math.min(Math.max(taken, least), Math.max(most, least)));
      return result;
    });
    this.#turns.set(
      pool,
      done.catch(() => {}),
    );
    return done;
  }

  /** Gives room back while a network is being closed: whoever gets it waits for that. */
  leave(place: Place, closing: Promise<void> = Promise.resolve()): void {
    if (this.#places.delete(place)) inferenceUsage.cacheBytes[place.pool] -= place.bytes;
    const settled = closing
      .catch(() => {})
      .then(() => {
        this.#closing.delete(settled);
        this.changed();
      });
    this.#closing.add(settled);
    this.changed();
  }

  /** Somebody let go of a network: those who wait look again. */
  changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  /** Settles when all that was being closed is closed. */
  async closed(): Promise<void> {
    await Promise.all(this.#closing);
  }

  #add(place: Place): void {
    this.#places.add(place);
    inferenceUsage.cacheBytes[place.pool] += place.bytes;
  }

  #resize(place: Place, bytes: number): void {
    if (this.#places.has(place)) inferenceUsage.cacheBytes[place.pool] += bytes - place.bytes;
    const less = bytes < place.bytes;
    place.bytes = bytes;
    if (less) this.changed();
  }

  #evict(victim: IdleModel): void {
    inferenceUsage.evictions += 1;
    this.leave(victim.place, victim.close());
  }

  #held(pool: Pool): number {
    return [...this.#places].reduce((sum, place) => (place.pool === pool ? sum + place.bytes : sum), 0);
  }

  /** Those to close so that no more than `room` is held; undefined where that is not enough. */
  #victims(pool: Pool, room: number): IdleModel[] | undefined {
    let held = this.#held(pool);
    const victims: IdleModel[] = [];
    for (const idle of this.#idle()) {
      if (held <= room) break;
      if (idle.place.pool !== pool) continue;
      held -= idle.place.bytes;
      victims.push(idle);
    }
    return held <= room ? victims : undefined;
  }
}

const MEMORY = { gpu: "the GPU's memory", host: "this machine's memory" } as const;
const REMEDY = "raise TALKBOX_MODEL_MEMORY, or use a device with more memory";

function tooLarge(name: string, pool: Pool, bytes: number, budget: number): AppError {
  const sizes = `needs ${sizeText(bytes)}, and networks may take ${sizeText(budget)} of ${MEMORY[pool]}`;
  return new AppError("engine_unavailable", `The network "${name}" ${sizes}: ${REMEDY}.`);
}

/** @param beside networks that the same job uses */
export function neverTogether(
  { name, pool, bytes, budget }: RoomNeed,
  beside: readonly { readonly name: string; readonly place: Place }[],
): AppError {
  const others = beside.map((other) => `"${other.name}" (${sizeText(other.place.bytes)})`).join(", ");
  const sizes = `needs ${sizeText(bytes)} beside ${others}, which the same job uses, and networks may take`;
  return new AppError(
    "engine_unavailable",
    `The network "${name}" ${sizes} ${sizeText(budget)} of ${MEMORY[pool]}: ${REMEDY}.`,
  );
}

function noRoom(name: string, pool: Pool, bytes: number, budget: number, held: number): AppError {
  const sizes = `${sizeText(bytes)}, others hold ${sizeText(held)} of the ${sizeText(budget)} of ${MEMORY[pool]}`;
  return new AppError(
    "timeout",
    `There was no room for the network "${name}" (${sizes}). Try again when other jobs are done, or ${REMEDY}.`,
  );
}

/** `850 MB`, `3.2 GB`. */
export function sizeText(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
