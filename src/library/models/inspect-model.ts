import { type ByteSource, openFile } from "../../checkpoints/byte-source.ts";
import type { Checkpoint, CheckpointTensor } from "../../checkpoints/checkpoint.ts";
import { NPY_MAGIC } from "../../checkpoints/numpy/npy.ts";
import { isSafetensors } from "../../checkpoints/safetensors.ts";
import { bytesOf } from "../../checkpoints/shape.ts";
import { LEGACY_MAGIC } from "../../checkpoints/torch/torch-legacy.ts";
import { readZip } from "../../checkpoints/zip.ts";
import { toAppError } from "../../errors.ts";
import { recognise, type Recognised } from "./architectures.ts";
import type { ModelFacts } from "./model-entry.ts";
import { openModel } from "./open-model.ts";

/** Whether a file begins as files of weights do; its name says nothing. */
export function looksLikeWeights(path: string): boolean {
  if (path.endsWith(".safetensors.index.json")) return true;
  using source = openFile(path);
  if (source.size < 64) return false;
  const head = source.readSync(0, 16);
  return (
    (head.subarray(0, 4).equals(Buffer.from("PK\x03\x04")) && !holdsVoice(path, source)) ||
    head.subarray(0, LEGACY_MAGIC.length).equals(LEGACY_MAGIC) ||
    head.subarray(0, NPY_MAGIC.length).equals(NPY_MAGIC) ||
    (head[0] === 0x80 && (head[1] as number) >= 2 && (head[1] as number) <= 5) ||
    isSafetensors(source)
  );
}

/** An archive in which a voice was shared is unpacked where voices are looked for: it is no file of weights itself. */
function holdsVoice(path: string, source: ByteSource): boolean {
  if (!/\.zip$/i.test(path)) return false;
  try {
    return [...readZip(source).keys()].some((name) => /\.pth$/i.test(name));
  } catch {
    return false;
  }
}

/** Whether a file's name says that it is to be weights: one that is none is told what it is. */
export function isNamedAsWeights(path: string): boolean {
  return /\.(pth|pt|pk1|ckpt|safetensors)$/i.test(path);
}

/** Whether a file's name says that it is a graph. Most are other programs': one that no engine here runs is none of ours. */
export function isNamedAsGraph(path: string): boolean {
  return /\.onnx$/i.test(path);
}

/** Says what a file of weights is, by its content. What cannot be used is told, not thrown. */
export async function inspectModel(path: string): Promise<ModelFacts> {
  let checkpoint: Checkpoint | undefined;
  try {
    checkpoint = await openModel(path);
    return factsOf(checkpoint, recognise(checkpoint));
  } catch (error) {
    const { format = "", tensors } = checkpoint ?? {};
    const problem = toAppError(error).message;
    const size = { tensors: tensors?.size ?? 0, weightBytes: tensors ? sumOf(tensors.values()) : 0 };
    return { family: "", variant: "", licence: "", format, ...size, state: "unusable", problem };
  } finally {
    checkpoint?.[Symbol.dispose]();
  }
}

/** What is known of a checkpoint that is open. */
export function factsOf({ format, tensors, file }: Checkpoint, recognised: Recognised): ModelFacts {
  const { architecture, variant, problem } = recognised;
  const { family, title, licence, graphs, ready } = architecture;
  const weightBytes = sumOf(tensors.values());
  const facts = { family, variant, format, tensors: tensors.size, weightBytes, licence };
  if (problem !== undefined) return { ...facts, state: "unusable", problem };
  if (graphs || ready) return { ...facts, state: "ready" };
  const name = variant === "" ? title : `${title} (${variant})`;
  return { ...facts, state: "unusable", problem: `${file}: it is ${name}, which no engine here uses yet.` };
}

function sumOf(tensors: Iterable<CheckpointTensor>): number {
  let bytes = 0;
  for (const tensor of tensors) bytes += bytesOf(tensor);
  return bytes;
}
