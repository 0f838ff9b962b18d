/** Values that go in and out of networks. */

/** Where a session may run; tried in the order given. */
export const PROVIDERS = ["tensorrt", "cuda", "webgpu", "cpu"] as const;

export type Provider = (typeof PROVIDERS)[number];

/** A provider that did not take a model, and what it said. */
export type Refusal = { readonly provider: Provider; readonly reason: string };

/** Numbers of the types that networks are fed with. `float16` is raw bits. */
export type Tensor =
  | { readonly type: "float32"; readonly dims: readonly number[]; readonly data: Float32Array<ArrayBuffer> }
  | { readonly type: "float16"; readonly dims: readonly number[]; readonly data: Uint16Array<ArrayBuffer> }
  | { readonly type: "int32"; readonly dims: readonly number[]; readonly data: Int32Array<ArrayBuffer> }
  | { readonly type: "int64"; readonly dims: readonly number[]; readonly data: BigInt64Array<ArrayBuffer> }
  | { readonly type: "uint8"; readonly dims: readonly number[]; readonly data: Uint8Array<ArrayBuffer> }
  | { readonly type: "bool"; readonly dims: readonly number[]; readonly data: Uint8Array<ArrayBuffer> };

/** What a network is fed with, or gives: tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** Buffers to hand over with these tensors, each once. A view of a part of a buffer is copied instead. */
export function buffersOf(tensors: Tensors): ArrayBuffer[] {
  const whole = Object.values(tensors).filter(({ data }) => data.byteLength === data.buffer.byteLength);
  return [...new Set(whole.map(({ data }) => data.buffer))];
}
