/** Element types of tensors, as safetensors and NumPy are read into. */
export type Dtype =
  | "f64"
  | "f32"
  | "f16"
  | "bf16"
  | "i64"
  | "i32"
  | "i16"
  | "i8"
  | "u64"
  | "u32"
  | "u16"
  | "u8"
  | "bool";

/** Bytes of one element. */
export const DTYPE_BYTES: Readonly<Record<Dtype, 1 | 2 | 4 | 8>> = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  i64: 8,
  i32: 4,
  i16: 2,
  i8: 1,
  u64: 8,
  u32: 4,
  u16: 2,
  u8: 1,
  bool: 1,
};

/** What looks at elements that JavaScript has numbers for. */
const VIEWS = {
  f64: Float64Array,
  f32: Float32Array,
  f16: Float16Array,
  i32: Int32Array,
  i16: Int16Array,
  i8: Int8Array,
  u32: Uint32Array,
  u16: Uint16Array,
  u8: Uint8Array,
  bool: Uint8Array,
} as const;

/**
 * Elements as float32. Integers beyond 2^24 and doubles are rounded to the nearest.
 * @param bytes little-endian elements
 */
export function toFloat32(bytes: Uint8Array, dtype: Dtype): Float32Array {
  const { buffer, byteOffset, byteLength } = aligned(bytes, DTYPE_BYTES[dtype]);
  const count = Math.floor(byteLength / DTYPE_BYTES[dtype]);
  if (dtype === "f32") return new Float32Array(buffer, byteOffset, count);
  if (dtype === "i64") return Float32Array.from(new BigInt64Array(buffer, byteOffset, count), Number);
  if (dtype === "u64") return Float32Array.from(new BigUint64Array(buffer, byteOffset, count), Number);
  if (dtype === "bf16") {
    // The upper half of a float32.
    const words = new Uint16Array(buffer, byteOffset, count);
    return new Float32Array(Uint32Array.from(words, (word) => word << 16).buffer);
  }
  return Float32Array.from(new VIEWS[dtype](buffer, byteOffset, count));
}

/** Turns the bytes of every element around, in place. */
export function swapBytes(bytes: Uint8Array, dtype: Dtype): Uint8Array {
  const size = DTYPE_BYTES[dtype];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 8) buffer.swap64();
  else if (size === 4) buffer.swap32();
  else if (size === 2) buffer.swap16();
  return bytes;
}

/** The same bytes where a typed array of such elements can look at them. */
function aligned(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const fits = bytes.byteOffset % size === 0 && bytes.buffer instanceof ArrayBuffer;
  return fits ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
