import { readFile } from "node:fs/promises";
import { buildNearestRows } from "../../../graphs/nearest-rows.ts";
import { writeModel } from "../../../graphs/onnx/write-model.ts";
import type { Lease, Leases } from "../../../inference/model-cache.ts";
import { TempDir } from "../../../media/temp.ts";

/** The right to ask which rows of a table are the nearest. */
export type NearestRows = AsyncDisposable & {
  /**
   * Places of the rows that come nearest to each query, [queries, count]; float32's error may swap such as are about as
   * near.
   * @param queries [queries, width] and @param rows [rows, width], all finite; both stay the caller's
   * @param count how many, at most as many as there are rows
   * @throws AppError `cancelled`, `engine_failed`
   */
  find(
    queries: Float32Array,
    rows: Float32Array,
    width: number,
    count: number,
    signal: AbortSignal,
  ): Promise<BigInt64Array>;
};

/**
 * Leases the network, which is the same for all tables: rows come in with the queries, so that no table is held twice. It
 * runs on the CPU, where float32 is float32: GPUs may round to ten bits, and then answer otherwise than faiss.
 * @throws AppError as `ModelCache.lease`
 */
export async function leaseNearestRows(cache: Leases, signal: AbortSignal): Promise<NearestRows> {
  const lease = await cache.lease({ key: "nearest-rows", model: networkBytes, providers: ["cpu"], lean: true }, signal);
  return { find: finder(lease), [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose]() };
}

function finder({ session }: Lease): NearestRows["find"] {
  return async (queries, rows, width, count, signal) => {
    const matrix = (data: Float32Array) =>
      ({ type: "float32", dims: [data.length / width, width], data: data.slice() }) as const;
    const feeds = {
      queries: matrix(queries),
      rows: matrix(rows),
      count: { type: "int64", dims: [1], data: BigInt64Array.of(BigInt(count)) },
    } as const;
    const { places } = await session.run(feeds, signal);
    if (places?.type !== "int64") throw new Error("the network of nearest rows gave no places");
    return places.data;
  };
}

/** The network has no weights: its file is all of it. */
async function networkBytes(): Promise<Uint8Array> {
  await using folder = await TempDir.create();
  return readFile(await writeModel(buildNearestRows(), folder.path, "nearest-rows"));
}
