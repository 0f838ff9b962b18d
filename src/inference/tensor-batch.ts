/** Joins tensors on their first axis, and cuts them apart again. */

import { AppError } from "../errors.ts";
import type { Network } from "./session.ts";
import type { Tensor, Tensors } from "./tensor.ts";

const rowsOf = ({ dims }: Tensor): number => dims[0] ?? 1;

/** Says which tensors can be joined: those of the same names, types and shapes, but for the first axis. */
export function shapeOf(item: Tensors): string {
  return Object.entries(item)
    .map(([name, { type, dims }]) => `${name}:${type}[${dims.slice(1).join(",")}]`)
    .join(";");
}

/**
 * Joins tensors of the same type and shape on axis 0.
 * @param size rows of the result; those beyond the tensors' own are zeros. Default as many as there are.
 * @throws AppError `engine_failed` for tensors that do not go together, or more of them than `size`
 */
export function stackTensors(tensors: readonly Tensor[], size?: number): Tensor {
  const [first] = tensors;
  if (!first) throw new AppError("engine_failed", "There is nothing to run the network on.");
  const shape = shapeOf({ first });
  if (tensors.some((tensor) => shapeOf({ first: tensor }) !== shape)) {
    throw new AppError("engine_failed", "Inputs of different shapes cannot be run together.");
  }
  const rows = tensors.reduce((sum, tensor) => sum + rowsOf(tensor), 0);
  const all = size ?? rows;
  if (rows > all) throw new AppError("engine_failed", `${rows} rows do not fit a batch of ${all}.`);
  const width = first.dims.slice(1).reduce((product, side) => product * side, 1);
  const data = emptyLike(first, all * width);
  let at = 0;
  for (const tensor of tensors) {
    data.set(tensor.data as never, at);
    at += tensor.data.length;
  }
  return { type: first.type, dims: [all, ...first.dims.slice(1)], data } as Tensor;
}

/** Cuts the first `count` rows apart, each with a buffer of its own, so that one kept does not keep the others. */
export function splitTensor(tensor: Tensor, count: number): Tensor[] {
  const { type, dims, data } = tensor;
  if (rowsOf(tensor) < count) {
    throw new AppError("engine_failed", `The network gave ${rowsOf(tensor)} rows for ${count}.`);
  }
  const width = dims.slice(1).reduce((product, side) => product * side, 1);
  const rest = dims.slice(1);
  return Array.from(
    { length: count },
    (_, row) => ({ type, dims: [1, ...rest], data: data.slice(row * width, (row + 1) * width) }) as Tensor,
  );
}

/**
 * A batcher's `run` on a network whose inputs and outputs all have the batch as first axis: items are tensors of one row.
 * The items' own buffers stay theirs, so that a batch that failed can be run again.
 */
export function runTogether(network: Network) {
  return async (items: readonly Tensors[], signal: AbortSignal, size: number): Promise<Tensors[]> => {
    const feeds: Record<string, Tensor> = {};
    for (const name of Object.keys(items[0] ?? {})) {
      const parts = items.map((item) => item[name]).filter((tensor) => tensor !== undefined);
      feeds[name] = stackTensors(parts, size);
    }
    const outputs = await network.run(feeds, signal);
    const rows: Record<string, Tensor>[] = items.map(() => ({}));
    for (const [name, tensor] of Object.entries(outputs)) {
      for (const [i, row] of splitTensor(tensor, items.length).entries())
        (rows[i] as Record<string, Tensor>)[name] = row;
    }
    return rows;
  };
}

function emptyLike({ type }: Tensor, length: number): Tensor["data"] {
  switch (type) {
    case "float32":
      return new Float32Array(length);
    case "float16":
      return new Uint16Array(length);
    case "int32":
      return new Int32Array(length);
    case "int64":
      return new BigInt64Array(length);
    default:
      return new Uint8Array(length);
  }
}
