import { isOutOfMemory } from "./out-of-memory.ts";
import type { ThreadUse } from "./inference-threads.ts";
import type { InferenceThread, Network, Session } from "./session.ts";
import type { Provider, Refusal, Tensors } from "./tensor.ts";
import { inferenceUsage } from "./usage.ts";

/** A network that the cache holds. After the thread that it is in ended, it is opened again. */
export class LoadedModel implements Network, AsyncDisposable {
  readonly provider: Provider;
  readonly refusals: readonly Refusal[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly #in: ThreadUse;
  readonly #openAgain: (thread: InferenceThread) => Promise<Session>;
  readonly #makeRoom: () => Promise<void>;
  readonly #shared = new Map<string, unknown>();
  #session: Session;
  #reopening: Promise<Session> | undefined;
  #closed = false;

  /**
   * @param reopen opens the network in its thread as it was opened before
   * @param makeRoom frees memory of the same kind, when a run found none
   */
  constructor(parts: {
    readonly in: ThreadUse;
    readonly session: Session;
    readonly refusals: readonly Refusal[];
    readonly reopen: (thread: InferenceThread) => Promise<Session>;
    readonly makeRoom: () => Promise<void>;
  }) {
    this.#in = parts.in;
    this.#session = parts.session;
    this.#openAgain = parts.reopen;
    this.#makeRoom = parts.makeRoom;
    this.provider = parts.session.provider;
    this.refusals = parts.refusals;
    this.inputs = parts.session.inputs;
    this.outputs = parts.session.outputs;
  }

  /**
   * As every network. A run whose thread ends fails with a retryable `engine_failed`, since its feeds went with the
   * thread; the next run opens the network again.
   */
  async run(feeds: Tensors, signal?: AbortSignal): Promise<Tensors> {
    const session = await this.#current();
    try {
      return await session.run(feeds, signal);
    } catch (error) {
      if (isOutOfMemory(error)) await this.#makeRoom();
      throw error;
    }
  }

  /** What all users of the network share, made by the first who asks: a batcher. It is disposed of with the network. */
  shared<T>(name: string, make: () => T): T {
    if (!this.#shared.has(name)) this.#shared.set(name, make());
    return this.#shared.get(name) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const each of this.#shared.values()) await (each as Partial<AsyncDisposable>)[Symbol.asyncDispose]?.();
    await this.#reopening?.catch(() => {});
    await this.#session.close();
    await this.#in[Symbol.asyncDispose]();
  }

  async #current(): Promise<Session> {
    if (this.#session.alive || this.#closed) return this.#session;
    this.#reopening ??= this.#reopen().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #reopen(): Promise<Session> {
    this.#session = await this.#openAgain(this.#in.thread);
    inferenceUsage.reopened += 1;
    return this.#session;
  }
}
