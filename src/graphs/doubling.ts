import type { GraphBuilder } from "./graph-builder.ts";
import { concat, type ConvOptions } from "./nn.ts";
import type { Value } from "./onnx/types.ts";
import { type Numbers, weightOf, type Weights } from "./weights.ts";

/** Side of the filter that a doubling layer has. */
const KERNEL = 3;

/** Which of the filter's rows (or columns) an output row of each parity takes, from the input's row and the next. */
const TAPS = [[1], [2, 0]] as const;

/**
 * `torch.nn.ConvTranspose2d` with a kernel of 3, a stride of 2, a padding of 1 and an output padding of 1, which doubles
 * both sides, as ordinary convolutions: pixels of even and of odd rows and columns come from one, two or four of the
 * input's, and are put in their places (Shi et al. 2016, "sub-pixel convolution"). The sums are the same, and so many;
 * a runtime's convolutions are better made than its transposed ones.
 * @param options `out`, and the batch normalisation to fold
 * @throws AppError `model_unusable` for a weight that is missing or of another shape
 */
export function doublingConv(
  g: GraphBuilder,
  w: Weights,
  x: Value,
  key: string,
  { out, norm }: Pick<ConvOptions, "out" | "norm">,
): Value {
  const [batch, channels, height, width] = x.shape;
  if (batch === undefined || typeof channels !== "number" || typeof height !== "number" || typeof width !== "number") {
    throw new Error(`${key}: the sides of what is doubled must be known`);
  }
  const weight = w.numbers(`${key}.weight`, [channels, out, KERNEL, KERNEL]);
  const given = w.numbers(`${key}.bias`, [out]);
  const bias: Numbers = async () => {
    const values = await given();
    if (!norm) return values;
    const [scales, shifts] = await Promise.all([norm.scale(), norm.shift()]);
    return values.map((value, i) => value * (scales[i] as number) + (shifts[i] as number));
  };
  return g.scope(key, () => {
    const shift = weightOf(g, `${key}.bias`, [out], bias);
    const parts = TAPS.flatMap((rows, a) =>
      TAPS.map((columns, b) => {
        const shape = [out, channels, rows.length, columns.length];
        const filter: Numbers = async () => picked(await weight(), channels, out, rows, columns, await norm?.scale());
        const filters = weightOf(g, `${key}.weight/${a}${b}`, shape, filter);
        return g.node(
          "Conv",
          [x, filters, shift],
          { shape: [batch, out, height, width] },
          {
            kernel_shape: [rows.length, columns.length],
            strides: [1, 1],
            // Beyond the last row and column there is nothing.
            pads: [0, 0, rows.length - 1, columns.length - 1],
            dilations: [1, 1],
            group: 1,
          },
        );
      }),
    );
    const all = concat(g, parts, 1);
    return g.node("DepthToSpace", [all], { shape: [batch, out, 2 * height, 2 * width] }, { blocksize: 2, mode: "DCR" });
  });
}

/** The filters of one parity of rows and columns: [in, out, 3, 3] → [out, in, rows, columns], scaled for each output. */
function picked(
  values: Float32Array,
  channels: number,
  out: number,
  rows: readonly number[],
  columns: readonly number[],
  scales: Float32Array | undefined,
): Float32Array {
  const filters = new Float32Array(out * channels * rows.length * columns.length);
  let to = 0;
  for (let o = 0; o < out; o++) {
    const scale = scales?.[o] ?? 1;
    for (let c = 0; c < channels; c++) {
      const from = (c * out + o) * KERNEL * KERNEL;
      for (const row of rows) {
        for (const column of columns) filters[to++] = scale * (values[from + row * KERNEL + column] as number);
      }
    }
  }
  return filters;
}
