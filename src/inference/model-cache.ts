/** Networks that are open: each loaded once however many use it, within a budget of memory. */

import { AppError, isAbort } from "../errors.ts";
import { MODEL_IDLE_MS, MODEL_WAIT_MS } from "../limits/networks.ts";
import type { Log } from "../log.ts";
import { type InferenceThreads, inferenceThreads } from "./inference-threads.ts";
import { type GroupLease, LeaseGroups, type OnWait } from "./lease-groups.ts";
import { type Loaded, type LoadRequest, ModelLoader } from "./model-loader.ts";
import { cpuThreads, DeviceMemory, type MemoryGauge } from "./model-memory.ts";
import { type IdleModel, ModelRoom, type RoomNeed } from "./model-room.ts";
import { type ProviderOrder, readProviders } from "./providers.ts";
import type { Network } from "./session.ts";
import { SharedNews, SharedProgress } from "./shared-news.ts";
import type { Provider, Refusal } from "./tensor.ts";
import { inferenceUsage } from "./usage.ts";
import { waitFor } from "./wait-for.ts";

/** Which network, and how it is to be opened. */
export type LeaseRequest = {
  /** Says which network it is: two requests with the same key, providers and threads share one. */
  readonly key: string;
  /** What it is called in messages and logs; default the key. */
  readonly name?: string;
  /**
   * Its file, or its bytes; or what finds or makes the one for a provider that is about to be tried, as half the bits on
   * CUDA. What that throws ends the load. Its signal is aborted when nobody wants the network any more; whoever waits
   * hears how far it says it is.
   */
  readonly model: LoadRequest["model"];
  /** Told how far that is, from 0 to 1, whoever asked first. */
  readonly progress?: ((share: number) => void) | undefined;
  /** Where it may run, in the order to try; default the deployment's order. */
  readonly providers?: readonly Provider[];
  /** Threads that one run may use on the CPU; default the cores. */
  readonly threads?: number;
  /** Holds as little memory as it can: see `SessionOptions`. All who lease it say the same. */
  readonly lean?: boolean;
  /** Bytes of memory that it will take; default a guess from the size of its file. */
  readonly expectBytes?: number;
  /** Runs it as it will be run, once it is open and before anybody gets it: see `warmUpBuckets`. */
  readonly warmUp?: (network: Network) => Promise<unknown>;
};

/** The right to use a network. It stays open until every lease is disposed of. */
export interface Lease extends AsyncDisposable {
  readonly session: Network;
  /** Bytes of memory that it takes, as measured. */
  readonly bytes: number;
  /** What all leases of the network share, made by the first who asks; disposed of with the network. */
  shared<T>(name: string, make: (session: Network) => T): T;
}

/** What those who use networks need of the cache. */
export type Leases = Pick<ModelCache, "lease" | "order">;

/** What those need of it who use several at once. */
export type GroupLeases = Leases & Pick<ModelCache, "together">;

/** An open network, as lists show it. */
export type OpenModel = {
  readonly name: string;
  readonly provider: Provider;
  readonly refusals: readonly Refusal[];
  readonly bytes: number;
  readonly leases: number;
};

export type ModelCacheOptions = {
  /** Where networks run that do not say; default as the devices here suggest. */
  readonly order?: ProviderOrder;
  readonly memory?: MemoryGauge;
  readonly log?: Log;
  /** Time without use after which a network is closed, in milliseconds. */
  readonly idleMs?: number;
  /** Longest wait for others to let go of theirs, in milliseconds. */
  readonly waitMs?: number;
  /** Threads to open networks in; default those of this process. */
  readonly threads?: InferenceThreads;
};

type HeldLease = Lease & GroupLease;

type Entry = {
  readonly name: string;
  readonly loading: Promise<Loaded>;
  readonly progress: SharedProgress;
  loaded: Loaded | undefined;
  /** Leases, and callers that wait for one. */
  wanted: number;
  /** What it waits for while there is no room for it. */
  readonly need: SharedNews<RoomNeed | undefined>;
  /** It waits for room no more. */
  begun: boolean;
  /** Not closed for idleness. */
  pinned: boolean;
  idle: NodeJS.Timeout | undefined;
  /** Ends a wait for room when nobody wants the network any more. */
  readonly abandoned: AbortController;
};

/** The one place that holds networks open; every engine takes leases from it. */
export class ModelCache implements AsyncDisposable {
  readonly order: ProviderOrder;
  /** Leases of networks that are not closed for idleness afterwards, only to make room. */
  readonly pinned: Leases;
  readonly #log: Log | undefined;
  readonly #idleMs: number;
  readonly #room: ModelRoom;
  readonly #loader: ModelLoader;
  /** By key; the one that was used longest ago comes first. */
  readonly #entries = new Map<string, Entry>();
  readonly #groups = new LeaseGroups<LeaseRequest, HeldLease>((request, signal, onWait) =>
    this.#take(request, signal, { onWait }),
  );
  #closed = false;

  constructor(options: ModelCacheOptions = {}) {
    this.order = options.order ?? readProviders("");
    this.pinned = { order: this.order, lease: (request, signal) => this.#take(request, signal, { pinned: true }) };
    this.#log = options.log;
    this.#idleMs = options.idleMs ?? MODEL_IDLE_MS;
    const memory = options.memory ?? new DeviceMemory(0, this.order.device);
    this.#room = new ModelRoom(memory, options.waitMs ?? MODEL_WAIT_MS, () => this.#idle());
    this.#loader = new ModelLoader(this.#room, options.threads ?? inferenceThreads, options.log);
  }

  /**
   * The right to use a network, which is loaded if it is not open. Take it with `await using`; who needs several at once
   * takes them `together`, since two jobs that wait for each other's wait until `timeout`.
   * @throws AppError `engine_unavailable` if it can never fit, or ONNX Runtime does not load; `timeout` if others held
   * what it needs for too long; `engine_failed` if no provider takes it; `cancelled`; `shutting_down`
   */
  lease(request: LeaseRequest, signal?: AbortSignal): Promise<Lease> {
    return this.#take(request, signal);
  }

  /**
   * Takes several leases so that no two jobs wait for each other's: all of them, or none. Where there is no room for one
   * at once, those that were taken are let go, and `take` is called once more when it is its turn to wait.
   * @param take takes them with what it is given, and answers with what holds them
   * @throws AppError as `lease`, `engine_unavailable` also if they can never fit together; what `take` throws
   */
  together<T>(take: (leases: Leases) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#groups.take((lease) => take({ order: this.order, lease }), signal);
  }

  async #take(
    request: LeaseRequest,
    signal: AbortSignal | undefined,
    { pinned = false, onWait }: { readonly pinned?: boolean; readonly onWait?: OnWait } = {},
  ): Promise<HeldLease> {
    if (this.#closed) throw closing();
    if (signal?.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
    const { providers = this.order.providers, threads = cpuThreads() } = request;
    const key = `${request.key}|${providers.join(",")}|${threads}`;
    let entry = this.#entries.get(key);
    if (entry) inferenceUsage.hits += 1;
    else this.#entries.set(key, (entry = this.#begin(key, request, providers, threads)));
    clearTimeout(entry.idle);
    entry.wanted += 1;
    try {
      const loading = entry.need.tellWhile(waitFor(entry.loading, { signal }), onWait);
      const loaded = await (entry.loaded ? loading : entry.progress.tellWhile(loading, request.progress));
      entry.pinned ||= pinned;
      return this.#leaseOf(key, entry, loaded);
    } catch (error) {
      this.#release(key, entry);
      throw this.#closed && isAbort(error) && signal?.aborted !== true ? closing(error) : error;
    }
  }

  /** The networks that are open. */
  list(): OpenModel[] {
    return [...this.#entries.values()].flatMap(({ name, loaded, wanted }) => {
      if (!loaded) return [];
      const { provider, refusals } = loaded.model;
      return [{ name, provider, refusals, bytes: loaded.place.bytes, leases: wanted }];
    });
  }

  /** Closes every network, held or not; those that are being loaded are waited for. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const entries = [...this.#entries];
    for (const [, entry] of entries) entry.abandoned.abort();
    await Promise.allSettled(entries.map(([, entry]) => entry.loading));
    for (const [key, entry] of entries) {
      if (entry.loaded) this.#room.leave(entry.loaded.place, this.#close(key, entry, entry.loaded));
    }
    await this.#room.closed();
  }

  #begin(key: string, request: LeaseRequest, providers: readonly Provider[], threads: number): Entry {
    const { name = request.key, model, expectBytes, warmUp, lean } = request;
    const { passedOver, device } = this.order;
    const asked = { name, model, providers, threads, lean, device, expectBytes, warmUp };
    const abandoned = new AbortController();
    const progress = new SharedProgress();
    const need = new SharedNews<RoomNeed | undefined>();
    const loading = this.#loader.load(
      {
        ...asked,
        passedOver: request.providers ? [] : passedOver,
        onProgress: (share) => progress.tell(share),
        onWait: (lacking) => need.tell(lacking),
        onBegin: () => {
          entry.begun = true;
          need.tell(undefined);
        },
      },
      abandoned.signal,
    );
    const state = { loaded: undefined, wanted: 0, begun: false, pinned: false, idle: undefined };
    const entry: Entry = { name, loading, progress, abandoned, need, ...state };
    loading.then(
      (loaded) => {
        entry.loaded = loaded;
        // Everybody went away meanwhile.
        if (entry.wanted === 0) this.#rest(key, entry);
      },
      () => this.#forget(key, entry),
    );
    return entry;
  }

  #leaseOf(key: string, entry: Entry, { model, place }: Loaded): HeldLease {
    let held = true;
    return {
      name: entry.name,
      place,
      get held() {
        return held;
      },
      session: model,
      get bytes() {
        return place.bytes;
      },
      shared: (name, make) => model.shared(name, () => make(model)),
      [Symbol.asyncDispose]: async () => {
        if (held) this.#release(key, entry);
        held = false;
      },
    };
  }

  #release(key: string, entry: Entry): void {
    entry.wanted -= 1;
    if (entry.wanted > 0) return;
    if (entry.loaded) this.#rest(key, entry);
    else if (!entry.begun) {
      // Whoever comes next begins anew rather than with what was given up.
      this.#forget(key, entry);
      entry.abandoned.abort();
    }
  }

  /** Nobody uses it: it may be closed for others at once, and for idleness after a while. */
  #rest(key: string, entry: Entry): void {
    if (this.#entries.get(key) !== entry) return;
    // Behind all others in the order of use.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#room.changed();
    if (entry.pinned || this.#closed) return;
    entry.idle = setTimeout(() => {
      if (entry.wanted > 0 || !entry.loaded) return;
      inferenceUsage.unloads += 1;
      this.#log?.info({ model: entry.name }, "network closed: nobody used it for long");
      this.#room.leave(entry.loaded.place, this.#close(key, entry, entry.loaded));
    }, this.#idleMs).unref();
  }

  #forget(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }

  async #close(key: string, entry: Entry, { model }: Loaded): Promise<void> {
    clearTimeout(entry.idle);
    this.#forget(key, entry);
    await model[Symbol.asyncDispose]();
  }

  /** Open networks that nobody uses, the one used longest ago first; what was preloaded comes last. */
  #idle(): IdleModel[] {
    const free = [...this.#entries].filter(([, { loaded, wanted }]) => loaded && wanted === 0);
    return free
      .toSorted(([, a], [, b]) => Number(a.pinned) - Number(b.pinned))
      .map(([key, entry]) => {
        const loaded = entry.loaded as Loaded;
        return { place: loaded.place, close: () => this.#close(key, entry, loaded) };
      });
  }
}

const closing = (cause?: unknown): AppError =>
  new AppError("shutting_down", "Networks are being closed. Try again later.", { cause });
