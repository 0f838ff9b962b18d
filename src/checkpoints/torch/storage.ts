import type { ByteSource } from "../byte-source.ts";
import { type Dtype, DTYPE_BYTES, swapBytes } from "../dtype.ts";
import { MAX_TENSOR_SIDES, MAX_UNBACKED_ELEMENTS } from "../../limits/checkpoints.ts";
import { Made } from "../pickle/values.ts";
import { countOf } from "../shape.ts";
import { unusable } from "../unusable.ts";

/** A class of storages: what its elements are; null for bytes whose type the tensor knows. */
export class StorageType extends Made {
  readonly name: string;
  readonly dtype: Dtype | null;

  constructor(name: string, dtype: Dtype | null) {
    super();
    this.name = name;
    this.dtype = dtype;
  }
}

/** Where a storage's elements lie; legacy streams tell after the pickle that names it. */
export type StoragePlace = { readonly source: ByteSource; readonly offset: number; readonly bigEndian: boolean };

/** Elements that tensors look into. */
export class Storage extends Made {
  readonly key: string;
  readonly dtype: Dtype;
  /** Elements. */
  readonly count: number;
  readonly #base: Storage | undefined;
  #place: StoragePlace | undefined;

  constructor(key: string, dtype: Dtype, count: number, base?: Storage) {
    super();
    this.key = key;
    this.dtype = dtype;
    this.count = count;
    this.#base = base;
  }

  /** The same bytes as elements of another type. */
  viewAs(dtype: Dtype): Storage {
    return new Storage(this.key, dtype, Math.floor(this.bytes / DTYPE_BYTES[dtype]), this);
  }

  get place(): StoragePlace | undefined {
    return this.#base?.place ?? this.#place;
  }

  set place(place: StoragePlace | undefined) {
    this.#place = place;
  }

  get bytes(): number {
    return this.count * DTYPE_BYTES[this.dtype];
  }
}

/** A tensor: a look into a storage. Offset and strides are in elements. */
export class TensorRecord extends Made {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  /** @throws Error when the tensor reaches beyond its storage, or would be far larger than it */
  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    super();
    const whole = [offset, ...shape, ...strides].every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!whole || shape.length !== strides.length || shape.length > MAX_TENSOR_SIDES) {
      throw new Error(`a tensor of shape [${shape.join(", ").slice(0, 100)}] makes no sense`);
    }
    const count = countOf(shape);
    const last = shape.reduce((at, side, i) => at + (side - 1) * (strides[i] as number), offset);
    if (count > 0 && (!Number.isSafeInteger(last) || last >= storage.count)) {
      throw new Error(
        `a tensor of shape [${shape.join(", ")}] reaches beyond its storage of ${storage.count} elements`,
      );
    }
    // Strides of zero let a small storage look like an endless tensor.
    if (count > Math.max(storage.count, MAX_UNBACKED_ELEMENTS)) {
      throw new Error(`a tensor of shape [${shape.join(", ")}] repeats ${storage.count} elements`);
    }
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }

  /** The elements in C order, little-endian. @throws AppError `model_unusable` */
  async read(): Promise<Uint8Array> {
    const { storage, shape, strides, offset } = this;
    const { place, dtype } = storage;
    const size = DTYPE_BYTES[dtype];
    const count = countOf(shape);
    if (count === 0) return new Uint8Array(0);
    if (!place) throw unusable("checkpoint", `storage ${storage.key} has no data`, "Download the file again.");
    const reach = shape.reduce((sum, side, i) => sum + (side - 1) * (strides[i] as number), 1);
    const read = await place.source.read(place.offset + offset * size, reach * size);
    // What is read from memory is a part of it, and not the caller's to change.
    const own = read.byteLength === read.buffer.byteLength ? read : new Uint8Array(read);
    const bytes = place.bigEndian ? swapBytes(own, dtype) : own;
    return isContiguous(shape, strides) ? bytes : gather(bytes, shape, strides, size);
  }
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const side = shape[i] as number;
    if (side !== 1 && strides[i] !== expected) return false;
    expected *= side;
  }
  return true;
}

/** Puts elements that lie apart into C order. */
function gather(bytes: Uint8Array, shape: readonly number[], strides: readonly number[], size: number): Uint8Array {
  const out = new Uint8Array(countOf(shape) * size);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to += size) {
    for (let byte = 0; byte < size; byte++) out[to + byte] = bytes[from * size + byte] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] as number) + 1;
      if (next < (shape[axis] as number)) {
        index[axis] = next;
        from += strides[axis] as number;
        break;
      }
      from -= (next - 1) * (strides[axis] as number);
      index[axis] = 0;
    }
  }
  return out;
}
