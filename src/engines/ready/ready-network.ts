import type { Lease } from "../../inference/model-cache.ts";
import type { ModelEntry } from "../../library/models/model-entry.ts";
import { readyContentVec } from "./contentvec.ts";
import type { Dress } from "./dress.ts";
import { readyRmvpe } from "./rmvpe.ts";

/** By family: how the part of a ready graph is run. @throws AppError `model_unusable` for a part that it does not have */
const DRESSES: Readonly<Record<string, (entry: ModelEntry, part: string) => Promise<Dress>>> = {
  contentvec: readyContentVec,
  rmvpe: readyRmvpe,
};

/** How a file that is the graph itself is run; undefined for one that graphs are made of. */
export async function dressOf(entry: ModelEntry, part: string): Promise<Dress | undefined> {
  return entry.format === "onnx" ? DRESSES[entry.family]?.(entry, part) : undefined;
}

/** A lease whose network is dressed. */
export function dressed(lease: Lease, dress: Dress): Lease {
  const session = dress(lease.session);
  return {
    session,
    get bytes() {
      return lease.bytes;
    },
    shared: (name, make) => lease.shared(name, () => make(session)),
    [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
  };
}
