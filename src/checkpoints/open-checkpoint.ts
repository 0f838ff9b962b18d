import { dirname, join } from "node:path";
import { type ByteSource, fromBuffer, openFile } from "./byte-source.ts";
import type { Checkpoint, CheckpointTensor } from "./checkpoint.ts";
import { NPY_MAGIC, readNpy } from "./numpy/npy.ts";
import { isOnnx, readOnnx } from "./onnx.ts";
import { readPickleFile } from "./pickle-file.ts";
import type { PickleValue } from "./pickle/values.ts";
import { isSafetensors, readSafetensors, readShardIndex } from "./safetensors.ts";
import { stateDictOf } from "./state-dict.ts";
import { LEGACY_MAGIC, readTorchLegacy } from "./torch/torch-legacy.ts";
import { readTorchZip, torchPickle } from "./torch/torch-zip.ts";
import { unusable } from "./unusable.ts";
import { readMember, readZip, type ZipMember } from "./zip.ts";

export type OpenOptions = {
  /**
   * Names that may stand for objects without behaviour: for files alone whose sha256 a manifest pins, such as fairseq's.
   * Default none.
   */
  readonly inert?: (name: string) => boolean;
};

/** How pickles of protocol 0 begin that name something, or hold a list or a dict: weights are not saved so, attacks are. */
const TEXT_PICKLE = /^(?:c[A-Za-z_][\w.]*\n|\([dlc])/;

/**
 * Opens a file of weights, whatever its name says: it is known by its content. Nothing in it is run.
 * @throws AppError `model_unusable` with the file, what is wrong and what to do
 */
export async function openCheckpoint(path: string, options: OpenOptions = {}): Promise<Checkpoint> {
  if (path.endsWith(".index.json")) return openShards(path);
  const source = openFile(path);
  try {
    return await readCheckpoint(source, options);
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}

/** As `openCheckpoint`, from any source, which the checkpoint then owns. */
export async function readCheckpoint(
  source: ByteSource,
  { inert = () => false }: OpenOptions = {},
): Promise<Checkpoint> {
  const { name: file } = source;
  if (source.size === 0) throw unusable(file, "it is empty", "Download it again.");
  const base = { file, [Symbol.dispose]: () => source[Symbol.dispose]() };
  const none = new Map<string, PickleValue>();
  const head = source.readSync(0, Math.min(source.size, 16));
  if (head.readUInt32LE === undefined || source.size < 4) throw notKnown(file, head);
  if (head.subarray(0, 4).equals(Buffer.from("PK\x03\x04"))) {
    const members = readZip(source);
    const pickle = torchPickle(members);
    if (pickle === undefined) return { ...base, format: "npz", ...(await readNpz(source, members)), root: undefined };
    const { root, scripted } = readTorchZip(source, members, pickle, inert);
    return { ...base, format: scripted ? "torchscript" : "torch-zip", ...stateDictOf(root, file), root };
  }
  if (head.subarray(0, LEGACY_MAGIC.length).equals(LEGACY_MAGIC)) {
    const root = readTorchLegacy(source, inert);
    return { ...base, format: "torch-legacy", ...stateDictOf(root, file), root };
  }
  if (head.subarray(0, NPY_MAGIC.length).equals(NPY_MAGIC)) {
    const array = readNpy(source);
    const tensor = { name: "array", dtype: array.dtype, shape: array.shape, read: async () => array.read() };
    return { ...base, format: "npy", tensors: new Map([[tensor.name, tensor]]), fields: none, root: undefined };
  }
  if (isSafetensors(source)) {
    const { tensors, metadata } = readSafetensors(source);
    return { ...base, format: "safetensors", tensors, fields: new Map<string, PickleValue>(metadata), root: undefined };
  }
  if ((head[0] === 0x80 && (head[1] as number) <= 5) || TEXT_PICKLE.test(head.toString("latin1"))) {
    const root = readPickleFile(source, inert);
    return { ...base, format: "pickle", ...stateDictOf(root, file), root };
  }
  if (/\.onnx$/i.test(file) && isOnnx(source)) {
    const { tensors, ...onnx } = readOnnx(source);
    return { ...base, format: "onnx", tensors, fields: none, root: undefined, onnx };
  }
  throw notKnown(file, head);
}

/** Arrays that `numpy.savez` put into one file; a compressed one is unpacked when it is opened. */
async function readNpz(source: ByteSource, members: ReadonlyMap<string, ZipMember>) {
  const tensors = new Map<string, CheckpointTensor>();
  for (const member of members.values()) {
    if (!member.name.endsWith(".npy")) continue;
    const name = member.name.slice(0, -".npy".length);
    const array = readNpy(fromBuffer(source.name, await readMember(source, member)));
    tensors.set(name, { name, dtype: array.dtype, shape: array.shape, read: async () => array.read() });
  }
  if (tensors.size === 0) {
    throw unusable(source.name, "it is an archive without weights", "Unpack it and give the file inside.");
  }
  return { tensors, fields: new Map<string, PickleValue>() };
}

/** A model in several files of safetensors, by their index. */
async function openShards(path: string): Promise<Checkpoint> {
  const index = openFile(path);
  const opened: Checkpoint[] = [];
  const close = (): void => {
    for (const shard of opened) shard[Symbol.dispose]();
  };
  try {
    const tensors = new Map<string, CheckpointTensor>();
    for (const [file, names] of readShardIndex(index)) {
      const shard = await openCheckpoint(join(dirname(path), file));
      opened.push(shard);
      for (const name of names) {
        const tensor = shard.tensors.get(name);
        if (!tensor)
          throw unusable(index.name, `"${name}" is not in ${file}`, "Download the model again, all its files.");
        tensors.set(name, tensor);
      }
    }
    const fields = new Map<string, PickleValue>();
    return { file: index.name, format: "safetensors", tensors, fields, root: undefined, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  } finally {
    index[Symbol.dispose]();
  }
}

function notKnown(file: string, head: Buffer): Error {
  const text = head.toString("latin1");
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) {
    return unusable(
      file,
      "it is a web page, not a model",
      "Download the file itself: the link led to a page about it.",
    );
  }
  if (text.startsWith("version https:")) {
    return unusable(
      file,
      "it is a pointer of Git LFS, not the model",
      "Run git lfs pull, or download the file itself.",
    );
  }
  if (/^(ustar|\.\/)/.test(text))
    return unusable(file, "it is a tar archive", "Unpack it, or save it with a newer torch.");
  return unusable(
    file,
    `its form is not known (it begins with ${head.subarray(0, 4).toString("hex")})`,
    "Use the model's own file, of torch.save, TorchScript, safetensors or NumPy, or a pickle of tensors.",
  );
}
