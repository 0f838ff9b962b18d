import { type Graph, GraphBuilder } from "./graph-builder.ts";

/**
 * Which rows of a table lie nearest to each query, by Euclidean distance, as one product of matrices: of ‖q − r‖² =
 * ‖q‖² − 2q·r + ‖r‖² the first part is the same for all rows. In float32, so of rows that are about as near the wrong one
 * may come first: ask for some more than are needed and measure those.
 *
 * - `queries` [queries, width] and `rows` [rows, width] float32, all finite
 * - `count` [1] int64, how many to find: no more than there are rows
 *
 * → `places` [queries, count] int64, the nearest first
 */
export function buildNearestRows(): Graph {
  const g = new GraphBuilder("nearest-rows");
  const queries = g.input("queries", "float32", ["queries", "width"]);
  const rows = g.input("rows", "float32", ["rows", "width"]);
  const count = g.input("count", "int64", [1]);
  const lengths = g.node("ReduceSumSquare", [rows], { shape: ["rows"] }, { axes: [1], keepdims: 0 });
  const minus = g.node("Neg", [lengths], lengths);
  const made = { shape: ["queries", "rows"] };
  const nearness = g.node("Gemm", [queries, rows, minus], made, { alpha: { float: 2 }, transB: 1 });
  const [, places] = g.nodes(
    "TopK",
    [nearness, count],
    [
      { type: "float32", shape: ["queries", "count"] },
      { type: "int64", shape: ["queries", "count"] },
    ],
  );
  if (places) g.output("places", places);
  return g.finish();
}
