import { z } from "zod";
import { MAX_SAFETENSORS_HEADER_BYTES } from "../limits/checkpoints.ts";
import type { ByteSource } from "./byte-source.ts";
import type { CheckpointTensor } from "./checkpoint.ts";
import type { Dtype } from "./dtype.ts";
import { bytesOf } from "./shape.ts";
import { unusable } from "./unusable.ts";

const DTYPES: Readonly<Record<string, Dtype>> = {
  F64: "f64",
  F32: "f32",
  F16: "f16",
  BF16: "bf16",
  I64: "i64",
  I32: "i32",
  I16: "i16",
  I8: "i8",
  U64: "u64",
  U32: "u32",
  U16: "u16",
  U8: "u8",
  BOOL: "bool",
};

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** What a file of safetensors holds. */
export type Safetensors = {
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  readonly metadata: ReadonlyMap<string, string>;
};

/** Whether a file looks like safetensors: a length, which may be a lie, then JSON. */
export function isSafetensors(source: ByteSource): boolean {
  if (source.size < 10) return false;
  const head = source.readSync(0, 10);
  return head.readBigUInt64LE() >= 2n && /^\{[\s"}]$/.test(head.toString("latin1", 8));
}

/**
 * Reads a file's header: a length of eight bytes, JSON, then the data, which must be filled without gap or overlap.
 * @throws AppError `model_unusable`
 */
export function readSafetensors(source: ByteSource): Safetensors {
  const length = Number(source.readSync(0, 8).readBigUInt64LE());
  if (length > MAX_SAFETENSORS_HEADER_BYTES) throw broken(source, `its header would have ${length} bytes`);
  if (length > source.size - 8) throw broken(source, `it is cut short: its header alone has ${length} bytes`);
  const start = 8 + length;
  const entries = parseObject(source, source.readSync(8, length).toString("utf8"));
  const tensors = new Map<string, CheckpointTensor>();
  const metadata = new Map<string, string>();
  const ranges: [number, number, string][] = [];
  for (const [name, value] of Object.entries(entries)) {
    if (name === "__metadata__") {
      for (const [key, text] of Object.entries(value as object)) if (typeof text === "string") metadata.set(key, text);
      continue;
    }
    const parsed = entrySchema.safeParse(value);
    if (!parsed.success) throw broken(source, `its entry "${name.slice(0, 100)}" is broken`);
    const {
      shape,
      data_offsets: [begin, end],
    } = parsed.data;
    const dtype = DTYPES[parsed.data.dtype];
    if (dtype === undefined) throw broken(source, `"${name}" has elements of type ${parsed.data.dtype.slice(0, 20)}`);
    const size = bytesOf({ shape, dtype });
    if (end - begin !== size) throw broken(source, `"${name}" has ${end - begin} bytes instead of ${size}`);
    ranges.push([begin, end, name]);
    const read = async (): Promise<Uint8Array> => new Uint8Array(await source.read(start + begin, size));
    tensors.set(name, { name, dtype, shape, read });
  }
  let at = 0;
  for (const [begin, end, name] of ranges.toSorted(([a, aEnd], [b, bEnd]) => a - b || aEnd - bEnd)) {
    if (begin !== at) throw broken(source, `"${name}" does not lie where the tensor before it ends`);
    at = end;
  }
  if (start + at !== source.size) throw broken(source, `it has ${source.size} bytes instead of ${start + at}`);
  return { tensors, metadata };
}

/**
 * The files that an index of shards names (`model.safetensors.index.json`), each with its tensors' names.
 * @throws AppError `model_unusable`
 */
export function readShardIndex(source: ByteSource): ReadonlyMap<string, readonly string[]> {
  if (source.size > MAX_SAFETENSORS_HEADER_BYTES) throw broken(source, `its index has ${source.size} bytes`);
  const parsed = indexSchema.safeParse(parseObject(source, source.readSync(0, source.size).toString("utf8")));
  if (!parsed.success) throw broken(source, "it is no index of shards");
  const files = new Map<string, string[]>();
  for (const [tensor, file] of Object.entries(parsed.data.weight_map)) {
    if (!/^[\w.-]+\.safetensors$/.test(file) || file.startsWith(".")) {
      throw broken(source, `it names the file "${file.slice(0, 100)}", which is none beside it`);
    }
    const names = files.get(file) ?? [];
    names.push(tensor);
    files.set(file, names);
  }
  return files;
}

function parseObject(source: ByteSource, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw broken(source, "its header is no JSON", cause);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw broken(source, "its header is no object");
}

function broken(source: ByteSource, problem: string, cause?: unknown): Error {
  return unusable(source.name, problem, "Download it again.", cause);
}
