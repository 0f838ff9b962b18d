/** Where the runs of a graph that others made can be stopped. */

/** What is known of a node of such a graph. */
export type ReadyNode = {
  /** ONNX's name; with a domain for one of a runtime's own. */
  readonly op: string;
  /** "" for one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** It has graphs of its own, which may use values by name that are no inputs of it. */
  readonly nested: boolean;
};

/** Nodes that have work to do: of what they hear and of weights. */
const HEARS: ReadonlySet<string> = new Set(["MatMul", "Gemm", "GRU", "LSTM", "InstanceNormalization"]);
const FILTERS: ReadonlySet<string> = new Set(["Conv", "ConvTranspose"]);

/**
 * Filters follow each other in an order of values that suits them, which a place between them would undo: of so many in
 * a row one has it before it.
 */
const FILTERS_IN_A_ROW = 2;

/**
 * Chooses values behind which a run can be stopped: those that the nodes with the most work hear. The values that
 * attention compares with each other are left alone, since turning them is one with their product.
 * @param nodes in the order in which they run
 * @param weights names of what is the same in every run
 * @returns by place in `nodes`, the first input of those that are to hear it from behind such a place
 */
export function stopPlaces(nodes: readonly ReadyNode[], weights: Iterable<string>): ReadonlyMap<number, string> {
  const fixed = new Set(weights);
  const places = new Map<number, string>();
  const stopped = new Set<string>();
  let filters = FILTERS_IN_A_ROW;
  for (const [i, { op, inputs, outputs, nested }] of nodes.entries()) {
    if (!nested && inputs.every((name) => name === "" || fixed.has(name))) {
      for (const name of outputs) fixed.add(name);
      continue;
    }
    const [heard = "", weight = ""] = inputs;
    const filter = FILTERS.has(op);
    if ((!filter && !HEARS.has(op)) || fixed.has(heard) || !fixed.has(weight)) continue;
    if (filter) filters += 1;
    if (filter && filters < FILTERS_IN_A_ROW && !stopped.has(heard)) continue;
    filters = 0;
    stopped.add(heard);
    places.set(i, heard);
  }
  return places;
}
