import { toAppError } from "../errors.ts";
import type { Log } from "../log.ts";

/** How fit the server is to take jobs. */
export type Health = "starting" | "ready" | "stopping" | "unfit";

/** Warms up what the first job would otherwise wait for, and says when that is done. */
export class Readiness {
  readonly #warmUp: (signal: AbortSignal) => Promise<void>;
  readonly #log: Log;
  readonly #stopped = new AbortController();
  #health: Health = "starting";
  /** Settles when the warm-up has ended, one way or the other. */
  warm: Promise<void> = Promise.resolve();

  constructor(warmUp: (signal: AbortSignal) => Promise<void>, log: Log) {
    this.#warmUp = warmUp;
    this.#log = log;
  }

  get health(): Health {
    return this.#health;
  }

  /** Begins the warm-up. An engine that is not installed does not keep the server from being ready: other jobs run. */
  start(): void {
    const began = performance.now();
    this.warm = this.#warmUp(this.#stopped.signal).then(
      () => {
        if (this.#health !== "starting") return;
        this.#health = "ready";
        this.#log.info({ duration_ms: Math.round(performance.now() - began) }, "ready");
      },
      (thrown: unknown) => {
        if (this.#health !== "starting") return;
        const error = toAppError(thrown);
        this.#health = error.code === "engine_unavailable" ? "ready" : "unfit";
        this.#log.error({ code: error.code, err: error.cause }, `warm-up failed: ${error.message}`);
      },
    );
  }

  /** The server takes no more jobs. */
  async stop(): Promise<void> {
    this.#health = "stopping";
    this.#stopped.abort();
    await this.warm;
  }
}
