import { MAX_TENSORS } from "../../limits/checkpoints.ts";
import type { ByteSource } from "../byte-source.ts";
import { numpyNames } from "../numpy/names.ts";
import { unpickle } from "../pickle/unpickler.ts";
import type { Bytes, PickleValue } from "../pickle/values.ts";
import { unusable } from "../unusable.ts";
import { storageOf, torchNames } from "./names.ts";
import { Storage } from "./storage.ts";

/** How such a stream begins: protocol 2 and a long integer that is PyTorch's magic number. */
export const LEGACY_MAGIC: Buffer = Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex");

const PROTOCOL = 1001;

/**
 * Reads a stream as `torch.save` wrote it before version 1.6: five pickles, then each storage after its element count.
 * @param inert names that become inert records
 * @throws AppError `model_unusable`
 */
export function readTorchLegacy(source: ByteSource, inert: (name: string) => boolean): PickleValue {
  const plain = { allowed: new Map<string, PickleValue>() };
  const protocol = unpickle(source, LEGACY_MAGIC.length, plain);
  if (protocol.value !== PROTOCOL) throw broken(source, `it is of another protocol than ${PROTOCOL}`);
  const system = unpickle(source, protocol.end, plain);
  const storages = new Map<string, Storage>();
  const object = unpickle(source, system.end, {
    allowed: new Map([...torchNames(), ...numpyNames()]),
    inert,
    persistent: (id) => storageOf(id, () => undefined, storages),
  });
  const keys = unpickle(source, object.end, plain);
  if (!Array.isArray(keys.value) || keys.value.length > MAX_TENSORS)
    throw broken(source, "its list of storages is broken");
  let at = keys.end;
  for (const key of keys.value as PickleValue[]) {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    if (!storage) throw broken(source, `it holds a storage that nothing names`);
    // PyTorch writes these streams little-endian on every machine, whatever they say of the machine.
    const said = Number(source.readSync(at, 8).readBigInt64LE());
    if (said !== storage.count)
      throw broken(source, `storage ${storage.key} has ${said} elements, not ${storage.count}`);
    storage.place = { source, offset: at + 8, bigEndian: false };
    at += 8 + storage.bytes;
    if (at > source.size) throw broken(source, `it is cut short within storage ${storage.key}`);
  }
  for (const { key, place } of storages.values()) if (!place) throw broken(source, `storage ${key} is missing`);
  return object.value;
}

/** A storage that was pickled by itself: its bytes are a legacy stream whose object is that storage. */
export function readPickledStorage(bytes: Bytes, slice: (bytes: Bytes) => ByteSource): Storage {
  const source = slice(bytes);
  const head = source.readSync(0, LEGACY_MAGIC.length);
  if (!head.equals(LEGACY_MAGIC)) throw new Error("a storage within it is in a form that is not known");
  const root = readTorchLegacy(source, () => false);
  if (!(root instanceof Storage)) throw new Error("what should be a storage within it is none");
  return root;
}

function broken(source: ByteSource, problem: string): Error {
  return unusable(source.name, problem, "Download it again, or save it anew with torch.save.");
}
