import type { GraphBuilder } from "./graph-builder.ts";
import { add, cast, permute, scaleBy } from "./nn.ts";
import type { Dim, Value } from "./onnx/types.ts";
import { type Numbers, weightOf, type Weights } from "./weights.ts";

/** Layers of transformers: tensors are [batch, time, width]. */

export type LinearOptions = {
  /** Default true. */
  readonly bias?: boolean;
  /** Outputs that are wanted of all that the weight has, from (kept) and to (not kept). */
  readonly rows?: readonly [from: number, to: number];
};

/**
 * `torch.nn.Linear`, and `Conv1d` of one tap: x · weightᵀ + bias.
 * @param shape of the weight, outputs first; [out, in, 1] for a convolution
 */
export function linear(
  g: GraphBuilder,
  w: Weights,
  x: Value,
  key: string,
  shape: readonly number[],
  { bias: biased = true, rows }: LinearOptions = {},
): Value {
  const [all, width] = shape as [number, number];
  const [from, to] = rows ?? [0, all];
  const out = to - from;
  const part = rows ? `[${from}:${to}]` : "";
  const cut = (numbers: Numbers, each: number): Numbers =>
    rows ? async () => (await numbers()).slice(from * each, to * each) : numbers;
  const numbers = transposed(cut(w.numbers(`${key}.weight`, shape), width), out, width);
  const weight = weightOf(g, `${key}.weight${part}`, [width, out], numbers);
  const made = { shape: [...x.shape.slice(0, -1), out] };
  if (!biased) return g.scope(key, () => g.node("MatMul", [x, weight], made));
  const bias = weightOf(g, `${key}.bias${part}`, [out], cut(w.numbers(`${key}.bias`, [all]), 1));
  return g.scope(key, () => g.node("Add", [g.node("MatMul", [x, weight], made), bias], made));
}

/**
 * `torch.nn.LayerNorm` over the last axis, in float32 whatever the graph's precision.
 * @param names what scale and shift are called
 */
export function layerNorm(
  g: GraphBuilder,
  w: Weights,
  x: Value,
  key: string,
  names: readonly [scale: string, shift: string] = ["weight", "bias"],
): Value {
  const width = x.shape.at(-1) as number;
  const [scale, shift] = names.map((name) =>
    weightOf(g, `${key}.${name}`, [width], w.numbers(`${key}.${name}`, [width]), "float32"),
  );
  const wide = cast(g, x, "float32");
  return g.scope(key, () =>
    cast(g, g.node("LayerNormalization", [wide, scale, shift], wide, { axis: -1, epsilon: { float: 1e-5 } }), x.type),
  );
}

/** x · Φ(x), by the error function; written as ONNX Runtime looks for it, which makes one node of it. */
export function gelu(g: GraphBuilder, x: Value): Value {
  const type = x.type as "float32" | "float16";
  const erf = g.node("Erf", [g.node("Div", [x, g.constant("root", type, [], [Math.SQRT2])], x)], x);
  const one = g.constant("one", type, [], [1]);
  return scaleBy(g, g.node("Mul", [x, g.node("Add", [erf, one], x)], x), 0.5);
}

export type AttentionOptions = {
  readonly heads: number;
  /** Keys of the projections. */
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly out: string;
  /** Whether the projections are convolutions of one tap. */
  readonly taps?: boolean;
  /** What is added to the scores, [batch, 1, 1, time]: −10⁴ where a place is not to be looked at. */
  readonly bias?: Value;
  /** Embeddings of how far a place is away, [1, 2 · window + 1, width / heads], which all heads share (Shaw et al. 2018). */
  readonly relative?: { readonly key: string; readonly value: string; readonly window: number };
};

/** Attention of a sequence to itself. */
export function attention(g: GraphBuilder, w: Weights, x: Value, options: AttentionOptions): Value {
  const { heads, taps = false, bias, relative } = options;
  const [batch, time, width] = x.shape as [Dim, Dim, number];
  const each = width / heads;
  const shape = taps ? [width, width, 1] : [width, width];
  const ofHeads = { shape: [batch, time, heads, each] };
  const split = g.constant("heads", "int64", [4], [0, 0, heads, each]);
  const project = (key: string, order: readonly number[], scale = 1): Value => {
    const made = linear(g, w, x, key, shape);
    return permute(g, g.node("Reshape", [scale === 1 ? made : scaleBy(g, made, scale), split], ofHeads), order);
  };
  const query = project(options.query, [0, 2, 1, 3], 1 / Math.sqrt(each));
  const key = project(options.key, [0, 2, 3, 1]);
  const value = project(options.value, [0, 2, 1, 3]);
  const square = [batch, heads, time, time];
  const steps = relative && g.node("Shape", [x], { type: "int64", shape: [1] }, { start: 1, end: 2 });

  let scores = g.node("MatMul", [query, key], { shape: square });
  if (relative && steps) {
    const near = embedding(g, w, relative.key, relative.window, each, true);
    const distances = g.node("MatMul", [query, near], { shape: [batch, heads, time, 2 * relative.window + 1] });
    scores = add(g, scores, byPlace(g, distances, steps, relative.window, square));
  }
  if (bias) scores = g.node("Add", [scores, bias], scores);
  const shares = g.node("Softmax", [scores], scores, { axis: -1 });
  let mixed = g.node("MatMul", [shares, value], { shape: [batch, heads, time, each] });
  if (relative && steps) {
    const near = embedding(g, w, relative.value, relative.window, each, false);
    mixed = add(g, mixed, g.node("MatMul", [byDistance(g, shares, steps, relative.window), near], mixed));
  }
  const joined = g.constant("width", "int64", [3], [0, 0, width]);
  const all = g.node("Reshape", [permute(g, mixed, [0, 2, 1, 3]), joined], { shape: [batch, time, width] });
  return linear(g, w, all, options.out, shape);
}

/** Embeddings by distance, [distances, width], or the other way around. */
function embedding(g: GraphBuilder, w: Weights, key: string, window: number, width: number, turned: boolean): Value {
  const distances = 2 * window + 1;
  const numbers = w.numbers(key, [1, distances, width]);
  if (!turned) return weightOf(g, key, [distances, width], numbers);
  return weightOf(g, key, [width, distances], transposed(numbers, distances, width));
}

/**
 * Scores by distance, [batch, heads, time, 2 · window + 1], as scores by place, [batch, heads, time, time], zero beyond the
 * window: rows that are `time` longer are read as if they were one shorter, which moves each by one place to the right.
 */
function byPlace(g: GraphBuilder, x: Value, steps: Value, window: number, square: readonly Dim[]): Value {
  const [batch, heads] = square as [Dim, Dim];
  const wide = padEnd(g, x, steps, [batch, heads, square[2] as Dim, "longer"]);
  const flat = reshape(g, wide, [0, 0, -1], [batch, heads, "flat"]);
  const cut = sliceEnd(g, flat, 2, 0, g.node("Neg", [steps], steps), [batch, heads, "cut"]);
  const rows = g.node("Reshape", [cut, rowsOf(g, steps)], { shape: [batch, heads, square[2] as Dim, "shorter"] });
  const end = g.constant("end", "int64", [1], [-window]);
  return sliceEnd(g, rows, 3, window, end, square);
}

/** The other way around: of what each place gets, [batch, heads, time, time], what lies within the window, by distance. */
function byDistance(g: GraphBuilder, x: Value, steps: Value, window: number): Value {
  const [batch, heads, time] = x.shape as [Dim, Dim, Dim, Dim];
  const sides = g.constant("sides", "int64", [8], [0, 0, 0, window, 0, 0, 0, window]);
  const wide = g.node("Pad", [x, sides], { shape: [batch, heads, time, "wider"] });
  const flat = reshape(g, wide, [0, 0, -1], [batch, heads, "flat"]);
  const longer = padEnd(g, flat, steps, [batch, heads, "longer"]);
  const rows = g.node("Reshape", [longer, rowsOf(g, steps)], { shape: [batch, heads, time, "skewed"] });
  const end = g.constant("end", "int64", [1], [2 * window + 1]);
  return sliceEnd(g, rows, 3, 0, end, [batch, heads, time, 2 * window + 1]);
}

/** Zeros after the last axis, as many as there are steps. */
function padEnd(g: GraphBuilder, x: Value, steps: Value, shape: readonly Dim[]): Value {
  const zeros = 2 * shape.length - 1;
  const before = g.constant(
    "zeros",
    "int64",
    [zeros],
    Array.from({ length: zeros }, () => 0),
  );
  const pads = g.node("Concat", [before, steps], { shape: [zeros + 1] }, { axis: 0 });
  return g.node("Pad", [x, pads], { shape });
}

/** The shape of rows, one for each step: [batch, heads, steps, what is left]. */
function rowsOf(g: GraphBuilder, steps: Value): Value {
  const same = g.constant("same", "int64", [2], [0, 0]);
  const rest = g.constant("rest", "int64", [1], [-1]);
  return g.node("Concat", [same, steps, rest], { type: "int64", shape: [4] }, { axis: 0 });
}

function reshape(g: GraphBuilder, x: Value, to: readonly number[], shape: readonly Dim[]): Value {
  return g.node("Reshape", [x, g.constant("shape", "int64", [to.length], to)], { shape });
}

/** A part of an axis that ends where the graph says when it runs. */
function sliceEnd(g: GraphBuilder, x: Value, axis: number, start: number, end: Value, shape: readonly Dim[]): Value {
  const int = (name: string, value: number): Value => g.constant(name, "int64", [1], [value]);
  return g.node("Slice", [x, int("start", start), end, int("axis", axis)], { shape });
}

function transposed(numbers: Numbers, rows: number, columns: number): Numbers {
  return async () => {
    const values = await numbers();
    const out = new Float32Array(values.length);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        out[column * rows + row] = values[row * columns + column] as number;
      }
    }
    return out;
  };
}
