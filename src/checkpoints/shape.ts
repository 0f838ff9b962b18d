import { type Dtype, DTYPE_BYTES } from "./dtype.ts";

/** Elements of a shape. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** Bytes of a tensor's elements. */
export function bytesOf({ shape, dtype }: { readonly shape: readonly number[]; readonly dtype: Dtype }): number {
  return countOf(shape) * DTYPE_BYTES[dtype];
}
