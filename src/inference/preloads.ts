import type { Log } from "../log.ts";
import type { Leases } from "./model-cache.ts";

/** Leases what one name of TALKBOX_PRELOAD stands for; what it gives is disposed of when all is loaded. */
export type Preload = (leases: Leases, signal: AbortSignal) => Promise<AsyncDisposable | undefined>;

/** Networks that the deployment has loaded at the start, by the names that TALKBOX_PRELOAD may have. */
export class Preloads {
  readonly #leases: Leases;
  readonly #log: Log | undefined;
  readonly #known = new Map<string, Preload>();

  /** @param leases such as keep networks open: see `ModelCache.pinned` */
  constructor(leases: Leases, log?: Log) {
    this.#leases = leases;
    this.#log = log;
  }

  /** Makes a name known, and how its networks are leased. */
  register(name: string, preload: Preload): void {
    this.#known.set(name, preload);
  }

  /** Loads networks by their names, one after the other. One that does not load is logged, and keeps no job from running. */
  async load(names: readonly string[], signal: AbortSignal): Promise<void> {
    for (const name of names) {
      const preload = this.#known.get(name);
      if (!preload) {
        const known = [...this.#known.keys()].join(", ") || "none";
        this.#log?.warn({ model: name }, `TALKBOX_PRELOAD names a network that there is not. Known: ${known}.`);
        continue;
      }
      try {
        await using _ = await preload(this.#leases, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#log?.warn({ model: name, err: error }, "a network of TALKBOX_PRELOAD did not load");
      }
    }
  }
}
