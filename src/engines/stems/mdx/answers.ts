import { AppError } from "../../../errors.ts";
import { Batcher } from "../../../inference/batcher.ts";
import type { Lease } from "../../../inference/model-cache.ts";
import { isOutOfMemory } from "../../../inference/out-of-memory.ts";
import { runTogether } from "../../../inference/tensor-batch.ts";
import type { Network } from "../../../inference/session.ts";
import type { Tensors } from "../../../inference/tensor.ts";
import type { MdxGeometry } from "./geometry.ts";

/** Most spectra in one run on a GPU: two windows, each with its sign turned. The processor is no faster with several. */
const MOST_ON_GPU = 4;

/** Sizes of runs: a window and its turned one are two. */
const SIZES = [1, 2, 4, 8] as const;

type Spectrum = Float32Array<ArrayBuffer>;

/**
 * A network's answers to spectra; on a GPU those of several windows and jobs are run together, where the graph takes
 * more than one.
 * @param most in one run, where that is not to be what suits the network's place
 * @throws AppError `engine_failed`, `cancelled`
 */
export async function answersOf(
  lease: Lease,
  spectra: readonly Spectrum[],
  { bins, frames }: MdxGeometry,
  signal: AbortSignal,
  most = lease.session.provider === "cpu" ? 1 : MOST_ON_GPU,
): Promise<readonly Spectrum[]> {
  const { session } = lease;
  const feeds = spectra.map(
    (data): Tensors => ({
      [session.inputs[0] ?? "input"]: { type: "float32", dims: [1, 4, bins, frames], data },
    }),
  );
  const answers: Tensors[] = [];
  if (most === 1) {
    for (const feed of feeds) answers.push(await session.run(feed, signal));
  } else {
    const batcher = lease.shared("batcher", (network) => batcherOf(network, most));
    answers.push(...(await Promise.all(feeds.map((feed) => batcher.submit(feed, { job: signal, signal })))));
  }
  return answers.map((outputs) => {
    const answer = outputs[session.outputs[0] ?? "output"];
    if (answer?.type === "float32" && answer.data.length === 4 * bins * frames) return answer.data;
    throw new AppError("engine_failed", "The network's answer has another shape than its input. Use another file.");
  });
}

function batcherOf(network: Network, most: number): Batcher<Tensors, Tensors> {
  const together = runTogether(network);
  /** Some files are of graphs for one spectrum at a time. */
  let takesSeveral = true;
  const oneByOne = async (items: readonly Tensors[], signal: AbortSignal): Promise<Tensors[]> => {
    const outputs: Tensors[] = [];
    for (const item of items) outputs.push(...(await together([item], signal, 1)));
    return outputs;
  };
  return new Batcher<Tensors, Tensors>({
    maxItems: most,
    buckets: SIZES.filter((size) => size <= most),
    async run(items, signal, size) {
      if (size === 1 || !takesSeveral) return oneByOne(items, signal);
      try {
        return await together(items, signal, size);
      } catch (error) {
        if (signal.aborted || isOutOfMemory(error)) throw error;
        const outputs = await oneByOne(items, signal);
        takesSeveral = false;
        return outputs;
      }
    },
  });
}
