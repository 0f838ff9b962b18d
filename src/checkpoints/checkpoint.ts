import { type Dtype, toFloat32 } from "./dtype.ts";
import type { PickleValue } from "./pickle/values.ts";

/** How a file is laid out. */
export type CheckpointFormat =
  | "torch-zip"
  | "torch-legacy"
  | "torchscript"
  | "pickle"
  | "safetensors"
  | "npy"
  | "npz"
  | "onnx";

/** One tensor of a checkpoint; its data is read when asked for. */
export type CheckpointTensor = {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The elements in C order, little-endian, in memory of their own. @throws AppError `model_unusable` */
  read(): Promise<Uint8Array>;
};

/** An input or an output of a graph; a side that is known when it runs is 0. */
export type GraphValue = {
  readonly name: string;
  readonly shape: readonly number[];
  /** Undefined for a type that no tensor of weights has. */
  readonly dtype?: Dtype | undefined;
};

/** A file of weights, open. */
export type Checkpoint = Disposable & {
  /** Base name. */
  readonly file: string;
  readonly format: CheckpointFormat;
  /** By the name that a module gives them: prefixes of wrappers (`module.`) are gone. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /** What else stood beside the weights, such as an RVC voice's `config`, `sr` and `version`; no tensors. */
  readonly fields: ReadonlyMap<string, PickleValue>;
  /** The whole object of a pickle; undefined for other forms. */
  readonly root: PickleValue | undefined;
  /** Of an ONNX file: what goes in and out of its graph. */
  readonly onnx?: { readonly inputs: readonly GraphValue[]; readonly outputs: readonly GraphValue[] };
};

/** A tensor's elements as float32, in C order. */
export async function readFloat32(tensor: CheckpointTensor): Promise<Float32Array> {
  return toFloat32(await tensor.read(), tensor.dtype);
}
