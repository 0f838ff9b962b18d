import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Where the weights of `NAME.onnx` lie beside it, as we write graphs, as PyTorch does, and as Hugging Face does. */
const BESIDE = [
  (stem: string) => `${stem}.bin`,
  (stem: string) => `${stem}.onnx.data`,
  (stem: string) => `${stem}.onnx_data`,
];

/** Bytes of a network: of its file with the weights beside it, 0 where there is none, or of the bytes that are it. */
export async function modelBytes(model: string | Uint8Array): Promise<number> {
  if (typeof model !== "string") return model.byteLength;
  const stem = basename(model, ".onnx");
  const files = [model, ...BESIDE.map((name) => join(dirname(model), name(stem)))];
  const sizes = await Promise.all(files.map(async (file) => (await stat(file).catch(() => undefined))?.size ?? 0));
  return sizes.reduce((sum, size) => sum + size, 0);
}
