import { gelu, linear } from "./attention.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import { add, cast, sigmoid } from "./nn.ts";
import type { Dim, Value } from "./onnx/types.ts";
import type { RoformerConfig } from "./roformer-config.ts";
import { type Numbers, weightOf, type Weights } from "./weights.ts";

/** Layers of RoFormers: values are [rows, width], a row for each moment and band. */

/** Far below anything that is heard, and above the smallest number there is: silence is divided by it. */
const EPSILON = 1e-30;

/** Turns of the pairs of a head's numbers, at θ^(−2i/d) a step (Su et al. 2021), where a file does not keep them. */
const THETA = 10_000;

/** How far speeds may be off that were computed in another order, and those that were rounded to bfloat16. */
const EXACT = 1e-5;
const ROUNDED = 2 ** -7;

/** Parts that the sequences of a transformer go through it in. */
const GROUPS = 4;

/** Fewest frames of a window, and fewest bands: each part has a sequence at least. */
export const ROFORMER_LEAST = GROUPS;

/** Cosines and sines of the turns at each place, [places, head / 2]. */
export type Turns = { readonly cos: Value; readonly sin: Value };

/**
 * x / √(mean of squares) · gamma over the last axis, in float32 whatever the graph's precision; written as ONNX Runtime
 * looks for it, which makes one node of it.
 */
export function rmsNorm(g: GraphBuilder, w: Weights, x: Value, key: string): Value {
  const width = x.shape.at(-1) as number;
  const wide = cast(g, x, "float32");
  const one = { shape: [...wide.shape.slice(0, -1), 1] };
  return g.scope(key, () => {
    const scalar = (name: string, value: number): Value => g.constant(name, "float32", [], [value]);
    const squares = g.node("Pow", [wide, scalar("two", 2)], wide);
    const mean = g.node("ReduceMean", [squares], one, { axes: [-1], keepdims: 1 });
    const root = g.node("Sqrt", [g.node("Add", [mean, scalar("epsilon", EPSILON)], one)], one);
    const gamma = weightOf(g, `${key}.gamma`, [width], w.numbers(`${key}.gamma`, [width]), "float32");
    return cast(g, g.node("Mul", [g.node("Div", [wide, root], wide), gamma], wide), g.precision);
  });
}

/**
 * The turns of a transformer's heads.
 * @param key of its first layer: files without repeated tensors keep them once, or not at all
 * @param places how many there are, [1] int64
 */
export function turnsOf(g: GraphBuilder, w: Weights, key: string, head: number, places: Value): Turns {
  const pairs = head / 2;
  const named = `places of ${key}`;
  const stored = `${key}.rotary_embed.freqs`;
  const numbers = w.has(stored) ? unrounded(w.numbers(stored, [pairs])) : async () => usualSpeeds(pairs);
  return g.scope(key, () => {
    const speeds = weightOf(g, w.has(stored) ? stored : `constant/${stored}`, [1, pairs], numbers, "float32");
    const int = (name: string, shape: readonly number[], value: number): Value =>
      g.constant(name, "int64", shape, [value]);
    const count = g.node("Squeeze", [places, int("first", [1], 0)], { shape: [] });
    const all = g.node("Range", [int("zero", [], 0), count, int("one", [], 1)], { type: "int64", shape: [named] });
    const column = g.node("Unsqueeze", [cast(g, all, "float32"), int("axis", [1], 1)], { shape: [named, 1] });
    const angles = g.node("Mul", [column, speeds], { shape: [named, pairs] });
    const [cos, sin] = ["Cos", "Sin"].map((op) => cast(g, g.node(op, [angles], angles), g.precision));
    return { cos: cos as Value, sin: sin as Value };
  });
}

function usualSpeeds(pairs: number): Float32Array {
  return Float32Array.from({ length: pairs }, (_, i) => THETA ** (-i / pairs));
}

/** Of a file of half precision the speeds as they were: rounded ones are wrong by whole radians a thousand places on. */
function unrounded(stored: Numbers): Numbers {
  return async () => {
    const speeds = await stored();
    const usual = usualSpeeds(speeds.length);
    const off = Math.max(...usual.map((speed, i) => Math.abs((speeds[i] as number) / speed - 1)));
    return off > EXACT && off < ROUNDED ? usual : speeds;
  };
}

/** Sequences that a transformer looks at: how rows become [sequences, places, …], and its turns. */
export type Sequences = {
  /** [sequences, places, `width`] as an int64 tensor, −1 for what follows from the rest. */
  readonly shape: (width: number) => Value;
  readonly places: Dim;
  /** How many those are, [1] int64. */
  readonly count: Value;
  readonly turns: Turns;
};

/**
 * A transformer: attention along the sequences and thoughts about each place, by turns. A part of the sequences goes
 * through at a time, so that what lies between takes little memory, and a run can be stopped between them.
 */
export function transformer(
  g: GraphBuilder,
  w: Weights,
  input: Value,
  key: string,
  layers: number,
  sequences: Sequences,
  config: RoformerConfig,
): Value {
  const rows = input.shape;
  const groups = g.scope(key, () => {
    const int = (name: string, values: readonly number[]): Value => g.constant(name, "int64", [values.length], values);
    const all = g.node("Shape", [input], { type: "int64", shape: [1] }, { start: 0, end: 1 });
    const many = g.node("Div", [all, sequences.count], all);
    const each = g.node("Mul", [g.node("Div", [many, int("groups", [GROUPS])], all), sequences.count], all);
    const before = g.node("Mul", [each, int("others", [GROUPS - 1])], all);
    const last = g.node("Sub", [all, before], all);
    const sizes = [...Array.from({ length: GROUPS - 1 }, () => each), last];
    const cut = g.node("Concat", sizes, { shape: [GROUPS] }, { axis: 0 });
    const made = sizes.map((_, i) => ({ type: input.type, shape: [`part ${i} of ${key}`, config.width] }));
    return g.nodes("Split", [input, cut], made, { axis: 0 });
  });
  const made = groups.map((group) => {
    let x = group;
    for (let layer = 0; layer < layers; layer++) {
      const at = `${key}.layers.${layer}`;
      x = g.stoppable(add(g, attend(g, w, x, `${at}.0`, sequences, config), x));
      x = g.stoppable(add(g, think(g, w, x, `${at}.1.net`), x));
    }
    return config.norms.each ? rmsNorm(g, w, x, `${key}.norm`) : x;
  });
  return g.node("Concat", made, { shape: rows }, { axis: 0 });
}

/** Attention of each place to all of its sequence, the answer of each head through a gate. */
function attend(
  g: GraphBuilder,
  w: Weights,
  x: Value,
  key: string,
  { shape, places, turns }: Sequences,
  { width, heads, head }: RoformerConfig,
): Value {
  // Kept by most files for every layer, though all are one.
  if (w.has(`${key}.rotary_embed.freqs`)) w.numbers(`${key}.rotary_embed.freqs`, [head / 2]);
  const inner = heads * head;
  const heard = rmsNorm(g, w, x, `${key}.norm`);
  const rows = x.shape[0] as Dim;
  const lined = { shape: [`sequences of ${rows}`, places, inner] };
  const start = g.constant("start", "int64", [1], [0]);
  const project = (part: number): Value => {
    const options = { bias: false, rows: [part * inner, (part + 1) * inner] as const };
    const made = linear(g, w, heard, `${key}.to_qkv`, [3 * inner, width], options);
    return g.node("Reshape", [made, shape(inner)], lined);
  };
  // The runtime's own operators: written out, scores of all pairs of places would take gigabytes.
  const turned = (value: Value): Value =>
    g.node("com.microsoft:RotaryEmbedding", [value, start, turns.cos, turns.sin], lined, { interleaved: 1 });
  const [query, keys, values] = [turned(project(0)), turned(project(1)), project(2)];
  const mixed = g.node("com.microsoft:MultiHeadAttention", [query, keys, values], lined, { num_heads: heads });
  const gates = sigmoid(g, linear(g, w, heard, `${key}.to_gates`, [heads, width]));
  const byHead = (value: Value, each: number): Value =>
    g.node("Reshape", [value, g.constant("heads", "int64", [3], [-1, heads, each])], { shape: [rows, heads, each] });
  const gated = g.node("Mul", [byHead(mixed, head), byHead(gates, 1)], { shape: [rows, heads, head] });
  const joined = g.node("Reshape", [gated, g.constant("width", "int64", [2], [-1, inner])], { shape: [rows, inner] });
  return linear(g, w, joined, `${key}.to_out.0`, [width, inner], { bias: false });
}

function think(g: GraphBuilder, w: Weights, x: Value, key: string): Value {
  const [wide = 0, width = 0] = w.shape(`${key}.1.weight`);
  const wider = gelu(g, linear(g, w, rmsNorm(g, w, x, `${key}.0`), `${key}.1`, [wide, width]));
  return linear(g, w, wider, `${key}.4`, [width, wide]);
}
