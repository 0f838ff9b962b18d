import type { GraphBuilder } from "./graph-builder.ts";
import { describeShape, type Dim, type ElementType, type Value } from "./onnx/types.ts";
import { paddedChannels } from "./padded-channels.ts";
import { type Numbers, type ScaleShift, weightOf, type Weights } from "./weights.ts";

/**
 * Layers, each as PyTorch has it: tensors are [batch, channels, …], weights come by the checkpoint's keys. Every layer
 * checks what goes in and says the shape that comes out.
 */

/** One number for all axes, or one for each. */
export type PerAxis = number | readonly number[];

export type ConvOptions = {
  readonly out: number;
  readonly kernel: PerAxis;
  readonly stride?: PerAxis;
  readonly padding?: PerAxis;
  /** Padding at the ends of the sides, where it is another than at their beginnings; not for transposed ones. */
  readonly paddingAfter?: PerAxis;
  readonly dilation?: PerAxis;
  readonly groups?: number;
  readonly bias?: boolean;
  /** Batch normalisation that follows, folded into the weights. */
  readonly norm?: ScaleShift;
  /** The filters and the bias, where they are not just what the checkpoint has under the key. */
  readonly filters?: Numbers;
  readonly offsets?: Numbers;
  /** What the sides that come out are called, where those that go in are known by name alone. */
  readonly sides?: readonly Dim[];
};

/** `torch.nn.Conv1d`, `Conv2d`: weight [out, in / groups, …kernel]. */
export function conv(g: GraphBuilder, w: Weights, x: Value, key: string, options: ConvOptions): Value {
  const { out, groups = 1, bias = true, norm } = options;
  const [batch, channels, ...sides] = spatial(x, key);
  const kernel = perAxis(options.kernel, sides.length);
  const stride = perAxis(options.stride ?? 1, sides.length);
  const padding = perAxis(options.padding ?? 0, sides.length);
  const after = perAxis(options.paddingAfter ?? padding, sides.length);
  const dilation = perAxis(options.dilation ?? 1, sides.length);
  const asked = [out, channels / groups, ...kernel];
  const whole = { x, shape: asked, filters: options.filters ?? w.numbers(`${key}.weight`, asked) };
  const { shape, ...fed } = groups === 1 ? paddedChannels(g, key, whole) : whole;
  const perOut = shape.slice(1).reduce((a, b) => a * b, 1);
  const offsets = bias ? (options.offsets ?? w.numbers(`${key}.bias`, [out])) : undefined;
  const inputs = [fed.x, ...filters(g, key, shape, fed.filters, offsets, norm, (i) => Math.floor(i / perOut))];
  const made =
    options.sides ??
    sides.map((side, i) =>
      along(
        side,
        ({ n }) =>
          Math.floor((n + at(padding, i) + at(after, i) - at(dilation, i) * (at(kernel, i) - 1) - 1) / at(stride, i)) +
          1,
        `conv(${describe([side])},${at(kernel, i)},${at(stride, i)},${at(padding, i)},${at(dilation, i)})`,
        at(stride, i) === 1 && at(padding, i) + at(after, i) === at(dilation, i) * (at(kernel, i) - 1),
      ),
    );
  const attributes = {
    kernel_shape: kernel,
    strides: stride,
    pads: [...padding, ...after],
    dilations: dilation,
    group: groups,
  };
  return g.scope(key, () => g.node("Conv", inputs, { shape: [batch, out, ...made] }, attributes));
}

/** `torch.nn.ConvTranspose1d`, `ConvTranspose2d`: weight [in, out / groups, …kernel]. */
export function convTranspose(
  g: GraphBuilder,
  w: Weights,
  x: Value,
  key: string,
  options: ConvOptions & { readonly outputPadding?: PerAxis },
): Value {
  const { out, groups = 1, bias = true, norm } = options;
  const [batch, channels, ...sides] = spatial(x, key);
  const kernel = perAxis(options.kernel, sides.length);
  const stride = perAxis(options.stride ?? 1, sides.length);
  const padding = perAxis(options.padding ?? 0, sides.length);
  const extra = perAxis(options.outputPadding ?? 0, sides.length);
  const shape = [channels, out / groups, ...kernel];
  const perChannel = kernel.reduce((a, b) => a * b, 1);
  if (norm && groups > 1) throw new Error(`${key}: a norm cannot be folded into groups`);
  const weight = options.filters ?? w.numbers(`${key}.weight`, shape);
  const offsets = bias ? (options.offsets ?? w.numbers(`${key}.bias`, [out])) : undefined;
  // Here the outputs are the second axis.
  const channelOf = (i: number): number => Math.floor(i / perChannel) % out;
  const inputs = [x, ...filters(g, key, shape, weight, offsets, norm, channelOf)];
  const made =
    options.sides ??
    sides.map((side, i) =>
      along(
        side,
        ({ n }) => (n - 1) * at(stride, i) - 2 * at(padding, i) + at(kernel, i) + at(extra, i),
        `convT(${describe([side])},${at(kernel, i)},${at(stride, i)},${at(padding, i)},${at(extra, i)})`,
        false,
      ),
    );
  const attributes = {
    kernel_shape: kernel,
    strides: stride,
    pads: [...padding, ...padding],
    output_padding: extra,
    group: groups,
  };
  return g.scope(key, () => g.node("ConvTranspose", inputs, { shape: [batch, out, ...made] }, attributes));
}

export const relu = (g: GraphBuilder, x: Value): Value => g.node("Relu", [x], x);
export const leakyRelu = (g: GraphBuilder, x: Value, slope: number): Value =>
  g.node("LeakyRelu", [x], x, { alpha: { float: slope } });
export const tanh = (g: GraphBuilder, x: Value): Value => g.node("Tanh", [x], x);
export const sigmoid = (g: GraphBuilder, x: Value): Value => g.node("Sigmoid", [x], x);
export const cast = (g: GraphBuilder, x: Value, type: ElementType): Value =>
  x.type === type ? x : g.node("Cast", [x], { type, shape: x.shape }, { to: CAST[type] });

/** The sum of two values of one shape. */
export function add(g: GraphBuilder, a: Value, b: Value): Value {
  if (describe(a.shape) !== describe(b.shape))
    throw new Error(`${describe(a.shape)} and ${describe(b.shape)} are added`);
  return g.node("Add", [a, b], a);
}

/** The product with a value that fits by broadcasting. */
export const multiply = (g: GraphBuilder, x: Value, factor: Value): Value => g.node("Mul", [x, factor], x);

/** The product with a constant that fits by broadcasting. */
export function scaleBy(g: GraphBuilder, x: Value, factor: number): Value {
  return g.node("Mul", [x, g.constant("scale", floatOf(x), [], [factor])], x);
}

export function concat(g: GraphBuilder, parts: readonly Value[], axis: number): Value {
  const [first] = parts;
  if (!first) throw new Error("nothing is put together");
  const shape = [...first.shape];
  for (const part of parts.slice(1)) {
    const fits = part.shape.every((side, i) => i === axis || side === shape[i]);
    if (!fits) throw new Error(`${describe(first.shape)} and ${describe(part.shape)} are put together along ${axis}`);
    shape[axis] = along(
      shape[axis] as Dim,
      ({ n }) => n + Number(part.shape[axis]),
      `${describe([shape[axis] as Dim])}+${describe([part.shape[axis] as Dim])}`,
      false,
    );
  }
  return g.node("Concat", parts, { shape }, { axis });
}

/** A part of an axis, from `start` (kept) to `end` (not kept). */
export function slice(g: GraphBuilder, x: Value, axis: number, start: number, end: number): Value {
  const shape = x.shape.map((side, i) => (i === axis ? end - start : side));
  const int = (name: string, value: number): Value => g.constant(name, "int64", [1], [value]);
  return g.node("Slice", [x, int("start", start), int("end", end), int("axis", axis)], { shape });
}

export function permute(g: GraphBuilder, x: Value, order: readonly number[]): Value {
  return g.node("Transpose", [x], { shape: order.map((axis) => x.shape[axis] as Dim) }, { perm: order });
}

export function maxPool(g: GraphBuilder, x: Value, kernel: number, stride = kernel): Value {
  const [batch, channels, ...sides] = x.shape;
  const made = sides.map((side) =>
    along(
      side,
      ({ n }) => Math.floor((n - kernel) / stride) + 1,
      `pool(${describe([side])},${kernel},${stride})`,
      false,
    ),
  );
  const attributes = { kernel_shape: sides.map(() => kernel), strides: sides.map(() => stride) };
  return g.node("MaxPool", [x], { shape: [batch as Dim, channels as Dim, ...made] }, attributes);
}

/** Means of squares that lie beside each other. @param sides what comes out: half, a third, … of what went in */
export function averagePool(g: GraphBuilder, x: Value, kernel: number, sides: readonly Dim[]): Value {
  const square = sides.map(() => kernel);
  const shape = [...x.shape.slice(0, 2), ...sides];
  return g.node("AveragePool", [x], { shape }, { kernel_shape: square, strides: square });
}

/** The largest of an axis, which stays with one element. */
export function reduceMax(g: GraphBuilder, x: Value, axis: number): Value {
  const shape = x.shape.map((side, i) => (i === axis ? 1 : side));
  return g.node("ReduceMax", [x], { shape }, { axes: [axis], keepdims: 1 });
}

/** x / (√Σx² + ε) · weight over the channels, in float32 whatever the graph's precision: squares overflow float16. */
export function channelL2Norm(g: GraphBuilder, w: Weights, x: Value, key: string, epsilon = 1e-10): Value {
  const channels = spatial(x, key)[1];
  const wide = cast(g, x, "float32");
  const one = wide.shape.map((side, i) => (i === 1 ? 1 : side));
  return g.scope(key, () => {
    const length = g.node("ReduceL2", [wide], { shape: one }, { axes: [1], keepdims: 1 });
    const safe = g.node("Add", [length, g.constant("epsilon", "float32", [], [epsilon])], { shape: one });
    const unit = g.node("Div", [wide, safe], wide);
    const weight = weightOf(g, `${key}.weight`, [1, channels, 1, 1], w.numbers(`${key}.weight`, [channels]), "float32");
    return cast(g, g.node("Mul", [unit, weight], wide), x.type);
  });
}

const CAST: Readonly<Record<ElementType, number>> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 };

/** Weight and bias of a convolution, the norm after it folded in. */
function filters(
  g: GraphBuilder,
  key: string,
  shape: readonly number[],
  weight: Numbers,
  bias: Numbers | undefined,
  norm: ScaleShift | undefined,
  channelOf: (element: number) => number,
): Value[] {
  const out = channelOf(shape.reduce((a, b) => a * b, 1) - 1) + 1;
  const folded = async (): Promise<Float32Array> => {
    if (!norm) return weight();
    const [values, scales] = await Promise.all([weight(), norm.scale()]);
    return values.map((value, i) => value * (scales[channelOf(i)] as number));
  };
  const shifted = async (): Promise<Float32Array> => {
    const values = (await bias?.()) ?? new Float32Array(out);
    if (!norm) return values;
    const [scales, shifts] = await Promise.all([norm.scale(), norm.shift()]);
    return values.map((value, i) => value * (scales[i] as number) + (shifts[i] as number));
  };
  const made = [weightOf(g, `${key}.weight`, shape, folded)];
  if (bias || norm) made.push(weightOf(g, `${key}.bias`, [out], shifted));
  return made;
}

/** Batch, channels (a number) and the sides after them. */
function spatial(x: Value, key: string): [Dim, number, ...Dim[]] {
  const [batch, channels, ...sides] = x.shape;
  if (batch === undefined || typeof channels !== "number") {
    throw new Error(`${key}: the channels of ${describe(x.shape)} must be known`);
  }
  return [batch, channels, ...sides];
}

/** A side after a layer: computed where it is known, else described, or the same where the layer keeps it. */
function along(side: Dim, count: (known: { readonly n: number }) => number, text: string, keeps: boolean): Dim {
  if (typeof side === "number") {
    const n = count({ n: side });
    if (!Number.isInteger(n) || n < 1) throw new Error(`nothing is left of a side of ${side}: ${text}`);
    return n;
  }
  return keeps ? side : text;
}

function perAxis(value: PerAxis, axes: number): number[] {
  return typeof value === "number" ? Array.from({ length: axes }, () => value) : [...value];
}

function at(values: readonly number[], i: number): number {
  return values[i] as number;
}

function floatOf({ type }: Value): "float32" | "float16" {
  if (type === "float32" || type === "float16") return type;
  throw new Error(`${type} is multiplied`);
}

function describe(shape: readonly Dim[]): string {
  return shape.length === 1 ? String(shape[0]) : describeShape(shape);
}
