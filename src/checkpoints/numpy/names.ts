import { fromBuffer } from "../byte-source.ts";
import { type Dtype, toFloat32 } from "../dtype.ts";
import { Bytes, describeValue, Known, type PickleValue } from "../pickle/values.ts";
import { type ArrayData, NumpyArray, NumpyDtype } from "./array.ts";

/** The names that pickles of NumPy's arrays and numbers hold. Before version 2 the module had no underscore. */
export function numpyNames(): [string, PickleValue][] {
  const ndarray = new Known("ndarray", () => {
    throw new Error("an array is made in a way that is not known");
  });
  const entries: [string, PickleValue][] = [
    ["numpy ndarray", ndarray],
    ["numpy dtype", new Known("dtype", makeDtype)],
    ["_codecs encode", new Known("encode", encodeLatin1)],
  ];
  for (const module of ["numpy.core.multiarray", "numpy._core.multiarray"]) {
    entries.push([`${module} _reconstruct`, new Known("_reconstruct", () => new NumpyArray(bytesOf))]);
    entries.push([`${module} scalar`, new Known("scalar", scalar)]);
  }
  return entries;
}

function makeDtype([code]: readonly PickleValue[]): PickleValue {
  if (typeof code !== "string") throw new Error(`a NumPy type is ${describeValue(code)}`);
  return new NumpyDtype(code);
}

/** Python writes bytes so in pickles of protocol 2: a text whose characters are the bytes. */
function encodeLatin1([text, encoding]: readonly PickleValue[]): PickleValue {
  if (typeof text !== "string" || (encoding !== "latin1" && encoding !== "latin-1")) {
    throw new Error("bytes are written in a way that is not known");
  }
  const bytes = Buffer.from(text, "latin1");
  return new Bytes(fromBuffer("bytes", bytes), 0, bytes.length);
}

/** One number, as a number. */
function scalar([dtype, raw]: readonly PickleValue[]): PickleValue {
  if (!(dtype instanceof NumpyDtype) || raw === undefined) throw new Error("a NumPy number has no type");
  const { source, offset, length } = bytesOf(raw);
  const bytes = source.readSync(offset, length);
  const ordered = dtype.bigEndian ? Buffer.from(bytes).reverse() : bytes;
  return numberOf(ordered, dtype.dtype);
}

function numberOf(bytes: Buffer, dtype: Dtype): PickleValue {
  if (dtype === "f64" && bytes.length === 8) return bytes.readDoubleLE();
  if ((dtype === "i64" || dtype === "u64") && bytes.length === 8) {
    const value = dtype === "i64" ? bytes.readBigInt64LE() : bytes.readBigUInt64LE();
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  const [value] = toFloat32Exactly(bytes, dtype);
  if (value === undefined) throw new Error("a NumPy number is cut short");
  return dtype === "bool" ? value !== 0 : value;
}

/** Integers of 32 bits do not fit into a float32. */
function toFloat32Exactly(bytes: Buffer, dtype: Dtype): readonly (number | undefined)[] {
  if (dtype === "i32" && bytes.length === 4) return [bytes.readInt32LE()];
  if (dtype === "u32" && bytes.length === 4) return [bytes.readUInt32LE()];
  return bytes.length > 8 ? [] : [...toFloat32(new Uint8Array(bytes), dtype)];
}

function bytesOf(value: PickleValue): ArrayData & { readonly length: number } {
  if (value instanceof Bytes) return value;
  // As Python 2 wrote them.
  if (typeof value === "string") {
    const bytes = Buffer.from(value, "latin1");
    return { source: fromBuffer("bytes", bytes), offset: 0, length: bytes.length };
  }
  throw new Error(`a NumPy array's elements are ${describeValue(value)}`);
}
