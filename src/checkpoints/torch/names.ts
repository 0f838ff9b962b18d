import type { Dtype } from "../dtype.ts";
import { Bytes, describeValue, Known, type PickleValue, Tuple, Word } from "../pickle/values.ts";
import { Storage, type StoragePlace, StorageType, TensorRecord } from "./storage.ts";

/**
 * The names that files of PyTorch may hold, each with what is made of it. As `torch/_weights_only_unpickler.py` has them,
 * less what weights of the supported architectures have no need of.
 */

const STORAGES: Readonly<Record<string, Dtype>> = {
  DoubleStorage: "f64",
  FloatStorage: "f32",
  HalfStorage: "f16",
  BFloat16Storage: "bf16",
  LongStorage: "i64",
  IntStorage: "i32",
  ShortStorage: "i16",
  CharStorage: "i8",
  ByteStorage: "u8",
  BoolStorage: "bool",
};

/** `torch.float32` and the like. */
export const TORCH_DTYPES: Readonly<Record<string, Dtype>> = {
  float64: "f64",
  float32: "f32",
  float16: "f16",
  bfloat16: "bf16",
  int64: "i64",
  int32: "i32",
  int16: "i16",
  int8: "i8",
  uint64: "u64",
  uint32: "u32",
  uint16: "u16",
  uint8: "u8",
  bool: "bool",
};

/** @param loadStorage what reads the bytes of a storage that was pickled by itself, `torch.storage._load_from_bytes` */
export function torchNames(loadStorage?: (bytes: Bytes) => PickleValue): [string, PickleValue][] {
  const same = ([value]: readonly PickleValue[]): PickleValue => value ?? null;
  const entries: [string, PickleValue][] = [
    ["collections OrderedDict", new Known("OrderedDict", orderedDict)],
    ["torch._utils _rebuild_tensor", new Known("_rebuild_tensor", rebuildTensor)],
    ["torch._utils _rebuild_tensor_v2", new Known("_rebuild_tensor_v2", rebuildTensor)],
    ["torch._utils _rebuild_tensor_v3", new Known("_rebuild_tensor_v3", rebuildTyped)],
    ["torch._utils _rebuild_parameter", new Known("_rebuild_parameter", same)],
    ["torch._utils _rebuild_parameter_with_state", new Known("_rebuild_parameter_with_state", same)],
    ["torch.nn.parameter Parameter", new Known("Parameter", same)],
    ["torch Size", new Known("Size", ([sizes]) => sizes ?? new Tuple([]))],
    ["torch device", new Known("device", (args) => new Word(`device:${args.map(String).join(":").slice(0, 40)}`))],
    ["torch.storage UntypedStorage", new StorageType("UntypedStorage", null)],
    ["torch.storage TypedStorage", new StorageType("TypedStorage", null)],
    ["torch.jit._pickle build_intlist", new Known("build_intlist", same)],
    ["torch.jit._pickle build_doublelist", new Known("build_doublelist", same)],
    ["torch.jit._pickle build_boollist", new Known("build_boollist", same)],
    ["torch.jit._pickle build_tensorlist", new Known("build_tensorlist", same)],
    ["torch.jit._pickle restore_type_tag", new Known("restore_type_tag", same)],
  ];
  for (const [name, dtype] of Object.entries(STORAGES)) entries.push([`torch ${name}`, new StorageType(name, dtype)]);
  for (const name of Object.keys(TORCH_DTYPES)) entries.push([`torch ${name}`, new Word(`torch.${name}`)]);
  if (loadStorage) {
    const load = ([bytes]: readonly PickleValue[]): PickleValue => {
      if (!(bytes instanceof Bytes)) throw new Error(`a storage is ${describeValue(bytes)}`);
      return loadStorage(bytes);
    };
    entries.push(["torch.storage _load_from_bytes", new Known("_load_from_bytes", load)]);
  }
  return entries;
}

/**
 * A storage that a persistent id names: `("storage", type, key, location, count)`.
 * @param place where its elements are; undefined where that is told later
 */
export function storageOf(
  id: PickleValue,
  place: (key: string, bytes: number) => StoragePlace | undefined,
  known: Map<string, Storage>,
): Storage {
  const [kind, type, key, , count] = id instanceof Tuple ? id.items : [];
  if (kind !== "storage" || !(type instanceof StorageType) || typeof key !== "string") {
    throw new Error("it refers to something that is no storage");
  }
  if (typeof count !== "number" || !Number.isSafeInteger(count) || count < 0) {
    throw new Error(`storage ${key.slice(0, 40)} has no sensible size`);
  }
  const before = known.get(key);
  if (before) {
    const dtype = type.dtype ?? "u8";
    if (before.dtype !== dtype || before.count !== count) throw new Error(`storage ${key.slice(0, 40)} has two forms`);
    return before;
  }
  const storage = new Storage(key, type.dtype ?? "u8", count);
  storage.place = place(key, storage.bytes);
  known.set(key, storage);
  return storage;
}

/** Whether a module of TorchScript's own namespace is named: their objects hold the weights, as attributes. */
export function isScriptClass(name: string): boolean {
  return name.startsWith("__torch__");
}

/** Empty, or of the pairs that Python 2 gave it. */
function orderedDict([pairs]: readonly PickleValue[]): PickleValue {
  const dict = new Map<PickleValue, PickleValue>();
  for (const pair of Array.isArray(pairs) ? (pairs as PickleValue[]) : []) {
    const [key, value] = pair instanceof Tuple ? pair.items : Array.isArray(pair) ? (pair as PickleValue[]) : [];
    if (key === undefined || value === undefined) throw new Error("an ordered dict has something that is no pair");
    dict.set(key, value);
  }
  return dict;
}

function rebuildTensor([storage, offset, shape, strides]: readonly PickleValue[]): PickleValue {
  if (!(storage instanceof Storage)) throw new Error(`a tensor's storage is ${describeValue(storage)}`);
  return new TensorRecord(storage, integer(offset), integers(shape), integers(strides));
}

/** As above, of a storage of bytes whose element type comes with the tensor. */
function rebuildTyped(args: readonly PickleValue[]): PickleValue {
  const [storage, offset, shape, strides] = args;
  const word = args.find((arg) => arg instanceof Word);
  const dtype = TORCH_DTYPES[word?.name.replace("torch.", "") ?? ""];
  if (!(storage instanceof Storage) || dtype === undefined) throw new Error("a tensor has no element type");
  return new TensorRecord(storage.viewAs(dtype), integer(offset), integers(shape), integers(strides));
}

function integer(value: PickleValue | undefined): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new Error(`${describeValue(value)} stands where a number should`);
}

function integers(value: PickleValue | undefined): number[] {
  const items = value instanceof Tuple ? value.items : value;
  if (Array.isArray(items)) return (items as PickleValue[]).map(integer);
  throw new Error(`${describeValue(value)} stands where a shape should`);
}
