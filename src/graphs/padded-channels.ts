import type { GraphBuilder } from "./graph-builder.ts";
import type { Value } from "./onnx/types.ts";
import type { Numbers } from "./weights.ts";

/** What a convolution is given: its input and its filters. */
type Fed = { readonly x: Value; readonly shape: readonly number[]; readonly filters: Numbers };

/**
 * Adds channels of zeros to the input of a convolution that ONNX Runtime's WebGPU computes wrong as it is: 1.30 reads 6, 9,
 * 18, 21 … channels (threes, but no fours) three at a time and steps over them by four, where the output has fours. Their
 * filters are zeros as well, so that nothing changes but a little work in the few layers that have such an input.
 * @param fed `shape` and `filters` are [out, in, …kernel]
 */
export function paddedChannels(g: GraphBuilder, key: string, fed: Fed): Fed {
  const { x, shape, filters } = fed;
  const [out = 0, channels = 0, ...kernel] = shape;
  const readWrong = channels > 3 && channels % 3 === 0 && channels % 4 !== 0 && out % 4 === 0;
  if (!readWrong || kernel.every((side) => side === 1)) return fed;
  const wide = Math.ceil(channels / 4) * 4;
  const around = x.shape.map((_, axis) => (axis === 1 ? wide - channels : 0));
  const pads = g.constant("pads", "int64", [2 * around.length], [...around.map(() => 0), ...around]);
  const padded = { type: x.type, shape: x.shape.map((side, axis) => (axis === 1 ? wide : side)) };
  const area = kernel.reduce((product, side) => product * side, 1);
  return {
    x: g.scope(key, () => g.node("Pad", [x, pads], padded, { mode: "constant" })),
    shape: [out, wide, ...kernel],
    filters: async () => {
      const values = await filters();
      const spread = new Float32Array(out * wide * area);
      for (let at = 0; at < out; at++) {
        spread.set(values.subarray(at * channels * area, (at + 1) * channels * area), at * wide * area);
      }
      return spread;
    },
  };
}
