import { AppError } from "../errors.ts";
import { MODEL_MEMORY_FACTOR } from "../limits/networks.ts";
import type { Log } from "../log.ts";
import type { InferenceThreads } from "./inference-threads.ts";
import { LoadedModel } from "./loaded-model.ts";
import { modelBytes } from "./model-bytes.ts";
import type { ModelRoom, Place, RoomNeed } from "./model-room.ts";
import { isOutOfMemory } from "./out-of-memory.ts";
import { probeProvider, providerStates, reasonOf } from "./providers.ts";
import type { InferenceThread, Network, Session } from "./session.ts";
import type { Provider, Refusal } from "./tensor.ts";
import { inferenceUsage } from "./usage.ts";

/** A network's file, or its bytes. */
export type ModelSource = string | Uint8Array;

/** Finds or makes a network's file for a provider, and says how far that is, from 0 to 1. */
export type FindModel = (
  provider: Provider,
  signal: AbortSignal,
  progress: (share: number) => void,
) => Promise<ModelSource>;

/** What is to be loaded, where, and how. */
export type LoadRequest = {
  readonly name: string;
  readonly model: ModelSource | FindModel;
  readonly providers: readonly Provider[];
  /** Why providers that would come first are not tried. */
  readonly passedOver: readonly Refusal[];
  readonly threads: number;
  readonly device: number;
  /** See `SessionOptions`. */
  readonly lean?: boolean | undefined;
  readonly expectBytes?: number | undefined;
  readonly warmUp?: ((network: Network) => Promise<unknown>) | undefined;
  /** Told how far `model` is. */
  readonly onProgress: (share: number) => void;
  /** Told what for when it has to wait for room, and whenever it still has to. */
  readonly onWait: (need: RoomNeed) => void;
  /** Told when there is room for it: from then on it is loaded, whoever still wants it. */
  readonly onBegin: () => void;
};

export type Loaded = { readonly model: LoadedModel; readonly place: Place };

/** Opens networks: on the first provider that takes them, in the room that there is. */
export class ModelLoader {
  readonly #room: ModelRoom;
  readonly #threads: InferenceThreads;
  readonly #log: Log | undefined;

  constructor(room: ModelRoom, threads: InferenceThreads, log: Log | undefined) {
    this.#room = room;
    this.#threads = threads;
    this.#log = log;
  }

  /**
   * Loads a network.
   * @param signal ends a wait for room; a load that has begun is finished
   * @throws AppError as `ModelCache.lease`
   */
  async load(request: LoadRequest, signal: AbortSignal): Promise<Loaded> {
    const { name, providers } = request;
    const refusals = [...request.passedOver];
    for (const provider of providers) {
      const state = providerStates.get(provider);
      if (state?.works === false) {
        refusals.push({ provider, reason: state.reason });
        continue;
      }
      const began = performance.now();
      const loaded = await this.#loadOn(provider, request, refusals, signal);
      if (!loaded) continue;
      const loadMs = performance.now() - began;
      inferenceUsage.loads += 1;
      inferenceUsage.loadMs += loadMs;
      const { bytes } = loaded.place;
      const told = { model: name, provider, bytes, duration_ms: Math.round(loadMs) };
      this.#log?.info(refusals.length > 0 ? { ...told, refusals } : told, "network loaded");
      return loaded;
    }
    const said = refusals.map(({ provider, reason }) => `${provider}: ${reason}`).join("; ");
    throw new AppError("engine_failed", `No provider takes the network "${name}". The log of this job says why.`, {
      cause: new Error(said),
    });
  }

  /** Undefined where the provider does not take it; why is then the last of `refusals`. */
  async #loadOn(
    provider: Provider,
    request: LoadRequest,
    refusals: Refusal[],
    signal: AbortSignal,
  ): Promise<Loaded | undefined> {
    const find = async (abort: AbortSignal): Promise<ModelSource> =>
      typeof request.model === "function" ? request.model(provider, abort, request.onProgress) : request.model;
    const model = await find(signal);
    const fileBytes = await modelBytes(model);
    const expected = request.expectBytes ?? fileBytes * MODEL_MEMORY_FACTOR.expected;
    const pool = await this.#room.poolOf(provider);
    const place = await this.#room.reserve(request.name, pool, expected, signal, request.onWait);
    request.onBegin();
    const within = await this.#threads.use(provider, request.lean);
    const open = (inThread: InferenceThread): Promise<Session> => openAndWarmUp(inThread, model, provider, request);
    // A file that was made may be gone when the network has to be opened again.
    const reopen = async (inThread: InferenceThread): Promise<Session> =>
      openAndWarmUp(inThread, await find(new AbortController().signal), provider, request);
    const most = pool === "host" ? fileBytes * MODEL_MEMORY_FACTOR.most : Number.MAX_SAFE_INTEGER;
    const makeRoom = (): Promise<void> => this.#room.makeRoom(pool);
    try {
      const work = (): Promise<Session> => withRoom(() => open(within.thread), makeRoom);
      const session = await this.#room.measure(place, fileBytes, most, work);
      providerStates.set(provider, { works: true });
      return { model: new LoadedModel({ in: within, session, refusals, reopen, makeRoom }), place };
    } catch (error) {
      const refusal = refused(error, provider, within.thread, request.device);
      this.#room.leave(
        place,
        refusal.catch(() => {}).then(() => within[Symbol.asyncDispose]()),
      );
      refusals.push(await refusal);
      return undefined;
    }
  }
}

/** The reason why a provider did not take a network; what no other provider would help against is thrown on. */
async function refused(error: unknown, provider: Provider, thread: InferenceThread, device: number): Promise<Refusal> {
  if (isOutOfMemory(error)) {
    const remedy = "Try again when other jobs are done, or use a device with more memory.";
    throw new AppError("engine_failed", `The device's memory is full. ${remedy}`, { cause: error });
  }
  if (error instanceof AppError && error.code !== "engine_failed") throw error;
  // Whether it is the network that it does not take, or nothing at all, decides whether it is asked for the next one.
  if (provider !== "cpu") {
    const state = await probeProvider(thread, provider, device);
    if (!state.works) return { provider, reason: state.reason };
  }
  return { provider, reason: reasonOf(error, provider) };
}

async function openAndWarmUp(
  thread: InferenceThread,
  model: ModelSource,
  provider: Provider,
  { threads, device, lean = false, warmUp }: LoadRequest,
): Promise<Session> {
  const session = await thread.open(model, { providers: [provider], threads, device, lean });
  try {
    await warmUp?.(session);
  } catch (error) {
    await session.close();
    throw error;
  }
  return session;
}

/** Tries once more with the memory of networks that nobody uses, where there was too little. */
async function withRoom<T>(work: () => Promise<T>, makeRoom: () => Promise<void>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    await makeRoom();
    return work();
  }
}
