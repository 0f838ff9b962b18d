import type { ByteSource } from "../byte-source.ts";
import { type Dtype, DTYPE_BYTES, swapBytes } from "../dtype.ts";
import { MAX_TENSOR_SIDES } from "../../limits/checkpoints.ts";
import { describeValue, Made, type PickleValue, Tuple } from "../pickle/values.ts";
import { countOf } from "../shape.ts";

const DTYPES: Readonly<Record<string, Dtype>> = {
  f8: "f64",
  f4: "f32",
  f2: "f16",
  i8: "i64",
  i4: "i32",
  i2: "i16",
  i1: "i8",
  u8: "u64",
  u4: "u32",
  u2: "u16",
  u1: "u8",
  b1: "bool",
};

/** An element type of NumPy's, with its byte order. */
export class NumpyDtype extends Made {
  readonly dtype: Dtype;
  bigEndian: boolean;

  /** @param code such as `f4`, `<f4` or `>i8` @throws Error for types that are no numbers */
  constructor(code: string) {
    super();
    const [, order = "", type = ""] = /^([<>|=]?)([a-z]\d+|\?)$/.exec(code) ?? [];
    const dtype = type === "?" ? "bool" : DTYPES[type];
    if (dtype === undefined) throw new Error(`the NumPy type "${code.slice(0, 40)}" is not supported`);
    this.dtype = dtype;
    this.bigEndian = order === ">";
  }

  /** As pickles have it: `(version, order, …)`. */
  setState(state: PickleValue): void {
    const order = state instanceof Tuple ? state.items[1] : undefined;
    if (typeof order !== "string") throw new Error(`a NumPy type's state is ${describeValue(state)}`);
    this.bigEndian = order === ">";
  }
}

/** Where an array's elements are. */
export type ArrayData = { readonly source: ByteSource; readonly offset: number };

/** An array of NumPy's. In a pickle it is made empty and then given its state. */
export class NumpyArray extends Made {
  dtype: Dtype = "u8";
  shape: readonly number[] = [0];
  #fortran = false;
  #bigEndian = false;
  #data: ArrayData | undefined;
  readonly #bytesOf: (value: PickleValue) => ArrayData & { readonly length: number };

  /** @param bytesOf where the bytes are that a pickle gives as the elements */
  constructor(bytesOf: (value: PickleValue) => ArrayData & { readonly length: number }) {
    super();
    this.#bytesOf = bytesOf;
  }

  /** As pickles have it: `(version, shape, dtype, is_fortran, bytes)`. @throws Error when they do not fit together */
  setState(state: PickleValue): void {
    const [, shape, dtype, fortran, raw] = state instanceof Tuple ? state.items : [];
    if (!(shape instanceof Tuple) || !(dtype instanceof NumpyDtype) || raw === undefined) {
      throw new Error("a NumPy array has no state");
    }
    const bytes = this.#bytesOf(raw);
    this.set(shape.items as number[], dtype, fortran === true, bytes);
  }

  /** @throws Error when the elements do not fill the shape */
  set(
    shape: readonly number[],
    { dtype, bigEndian }: NumpyDtype,
    fortran: boolean,
    data: ArrayData & { readonly length: number },
  ): void {
    const sensible = shape.every((side) => Number.isSafeInteger(side) && side >= 0) && shape.length <= MAX_TENSOR_SIDES;
    if (!sensible || countOf(shape) * DTYPE_BYTES[dtype] !== data.length) {
      throw new Error(
        `a NumPy array of shape [${shape.map(String).join(", ").slice(0, 100)}] has ${data.length} bytes`,
      );
    }
    this.dtype = dtype;
    this.shape = shape;
    this.#fortran = fortran && shape.length > 1;
    this.#bigEndian = bigEndian;
    this.#data = data;
  }

  /** The elements in C order, little-endian. */
  async read(): Promise<Uint8Array> {
    if (!this.#data) return new Uint8Array(0);
    const { source, offset } = this.#data;
    const bytes = new Uint8Array(await source.read(offset, countOf(this.shape) * DTYPE_BYTES[this.dtype]));
    const ordered = this.#bigEndian ? swapBytes(bytes, this.dtype) : bytes;
    return this.#fortran ? toC(ordered, this.shape, DTYPE_BYTES[this.dtype]) : ordered;
  }
}

/** From Fortran's order, the first index fastest, to C's. */
function toC(bytes: Uint8Array, shape: readonly number[], size: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const strides: number[] = [];
  let stride = 1;
  for (const side of shape) {
    strides.push(stride);
    stride *= side;
  }
  const index = shape.map(() => 0);
  for (let to = 0; to < out.length; to += size) {
    const from = index.reduce((at, i, axis) => at + i * (strides[axis] as number), 0) * size;
    for (let byte = 0; byte < size; byte++) out[to + byte] = bytes[from + byte] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
  return out;
}
