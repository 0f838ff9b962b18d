import type { GraphBuilder } from "./graph-builder.ts";
import { cast, permute } from "./nn.ts";
import type { Dim, Value } from "./onnx/types.ts";
import { type Numbers, weightOf, type Weights } from "./weights.ts";

/** Layers that go through a sequence step by step. */

/** PyTorch's endings of the two ways through a sequence. */
const WAYS = ["", "_reverse"];

/**
 * A bidirectional `torch.nn.GRU` of one layer: [batch, time, width] → [batch, time, 2 · hidden], forwards first. In float32
 * whatever the graph's precision: what a step rounds off, the next ones build on.
 */
export function biGru(g: GraphBuilder, w: Weights, x: Value, key: string, hidden: number): Value {
  const [batch, time, width] = x.shape as [Dim, Dim, number];
  const both = (name: string, shape: readonly number[]): Numbers => {
    const ways = WAYS.map((way) => w.numbers(`${key}.${name}_l0${way}`, shape));
    return async () => joined(await Promise.all(ways.map(async (numbers) => updateFirst(await numbers()))));
  };
  const rows = 3 * hidden;
  const input = weightOf(g, `${key}.weight_ih`, [2, rows, width], both("weight_ih", [rows, width]), "float32");
  const state = weightOf(g, `${key}.weight_hh`, [2, rows, hidden], both("weight_hh", [rows, hidden]), "float32");
  const [ofInput, ofState] = [both("bias_ih", [rows]), both("bias_hh", [rows])];
  const biases: Numbers = async () => {
    const [a, b] = await Promise.all([ofInput(), ofState()]);
    return joined([a.subarray(0, rows), b.subarray(0, rows), a.subarray(rows), b.subarray(rows)]);
  };
  const bias = weightOf(g, `${key}.bias`, [2, 2 * rows], biases, "float32");
  const stepsFirst = permute(g, cast(g, x, "float32"), [1, 0, 2]);
  // PyTorch adds the state's bias before the reset gate takes its share.
  const attributes = { hidden_size: hidden, direction: "bidirectional", linear_before_reset: 1 };
  return g.scope(key, () => {
    const made = g.node("GRU", [stepsFirst, input, state, bias], { shape: [time, 2, batch, hidden] }, attributes);
    const width2 = g.constant("both", "int64", [3], [0, 0, 2 * hidden]);
    const sides = { shape: [batch, time, 2 * hidden] };
    return cast(g, g.node("Reshape", [permute(g, made, [2, 0, 1, 3]), width2], sides), x.type);
  });
}

/** PyTorch has the gates as reset, update, new; ONNX as update, reset, new. */
function updateFirst(gates: Float32Array): Float32Array {
  const third = gates.length / 3;
  return joined([gates.subarray(third, 2 * third), gates.subarray(0, third), gates.subarray(2 * third)]);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
