import { AppError } from "../errors.ts";
import type { Lease, Leases } from "../inference/model-cache.ts";
import type { FindModel } from "../inference/model-loader.ts";
import type { Network } from "../inference/session.ts";
import type { Provider } from "../inference/tensor.ts";
import { type GraphCache, READY_GRAPH } from "../library/models/graph-cache.ts";
import type { ModelEntry } from "../library/models/model-entry.ts";
import type { ModelLibrary } from "../library/models/model-library.ts";
import type { Availability } from "./engine.ts";
import { dressed, dressOf } from "./ready/ready-network.ts";

/** What engines whose weights are files need: the files, the graphs made of them, and the networks that are open. */
export type CheckpointModels = {
  readonly library: Pick<ModelLibrary, "find">;
  readonly graphs: Pick<GraphCache, "graphOf">;
  readonly cache: Leases;
};

/** Which network of a model. */
export type NetworkRequest = {
  readonly entry: ModelEntry;
  readonly part: string;
  /** Called while a graph is made that was not there, with the share that is done. */
  readonly progress?: ((share: number) => void) | undefined;
  /** Holds as little memory as it can: for runs that are few and large. */
  readonly lean?: boolean;
  /** Runs it as it will be run, before anybody gets it. */
  readonly warmUp?: (network: Network) => Promise<unknown>;
};

/** Providers that compute with half the bits at twice the speed. */
const HALF: ReadonlySet<Provider> = new Set(["tensorrt", "cuda"]);

/** Whether a network runs on a GPU. */
export const onGpu = ({ provider }: Network): boolean => provider !== "cpu";

/**
 * A lease of one of a model's networks: in float16 where a GPU of NVIDIA's takes it, else in float32 wherever the
 * deployment's order says. The graph is made when it is first asked for.
 * @throws AppError as `GraphCache.graphOf` and `ModelCache.lease` do
 */
export async function leaseNetwork(
  { graphs, cache }: Pick<CheckpointModels, "graphs" | "cache">,
  { entry, part, progress, warmUp, lean = false }: NetworkRequest,
  signal: AbortSignal,
): Promise<Lease> {
  // A file that is replaced is another network.
  const file = `${entry.path}|${await entry.sha256({ signal })}`;
  const dress = await dressOf(entry, part);
  if (dress) {
    const ready = { key: file, name: entry.name, model: readyGraph(graphs, entry), progress, lean };
    const dressedUp = warmUp && { warmUp: (network: Network) => warmUp(dress(network)) };
    return dressed(await cache.lease({ ...ready, ...dressedUp }, signal), dress);
  }
  const model: FindModel = async (provider, loading, making) => {
    const precision = HALF.has(provider) ? "fp16" : "fp32";
    return (await graphs.graphOf(entry, { part, precision }, { signal: loading, progress: making })).path;
  };
  const name = `${entry.name} (${part})`;
  return cache.lease({ key: `${file}|${part}`, name, model, progress, lean, ...(warmUp ? { warmUp } : {}) }, signal);
}

/** Finds the graph of a file that is one. Where runs can not be stopped, on GPUs, which end them soon, it is run as it is. */
export function readyGraph(graphs: CheckpointModels["graphs"], entry: ModelEntry): FindModel {
  return async (provider, signal, progress) =>
    provider === "cpu" ? (await graphs.graphOf(entry, READY_GRAPH, { signal, progress })).path : entry.path;
}

/** Whether there is a model of a family that can be used; `pull` is the name by which it is downloaded. */
export async function modelAvailability(
  { library }: Pick<CheckpointModels, "library">,
  family: string,
  title: string,
  pull: string,
): Promise<Availability> {
  const remedy = `Put its file into the models folder, or run \`talkbox models pull ${pull}\`.`;
  try {
    if (await library.find(family)) return { available: true };
    return { available: false, reason: `There are no weights of ${title}.`, remedy };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { available: false, reason: error.message, remedy };
  }
}
