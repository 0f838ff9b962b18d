import { MAX_PICKLE_BYTES } from "../../limits/checkpoints.ts";
import type { ByteSource } from "../byte-source.ts";
import { numpyNames } from "../numpy/names.ts";
import { unpickle } from "../pickle/unpickler.ts";
import type { PickleValue } from "../pickle/values.ts";
import { unusable } from "../unusable.ts";
import { storedMember, type ZipMember } from "../zip.ts";
import { isScriptClass, storageOf, torchNames } from "./names.ts";
import type { Storage } from "./storage.ts";

/** What was read of an archive of `torch.save` or `torch.jit.save`. */
export type TorchArchive = { readonly root: PickleValue; readonly scripted: boolean };

/** The pickle of an archive that PyTorch wrote; undefined when it is another kind of archive. */
export function torchPickle(members: ReadonlyMap<string, ZipMember>): string | undefined {
  return [...members.keys()].find((name) => name === "data.pkl" || /^[^/]+\/data\.pkl$/.test(name));
}

/**
 * Reads the object of an archive of PyTorch's (since version 1.6), storages left where they are.
 * @param inert names besides TorchScript's own that become inert records
 * @throws AppError `model_unusable`
 */
export function readTorchZip(
  source: ByteSource,
  members: ReadonlyMap<string, ZipMember>,
  pickle: string,
  inert: (name: string) => boolean,
): TorchArchive {
  const top = pickle.slice(0, -"data.pkl".length);
  const member = (name: string): ZipMember | undefined => members.get(`${top}${name}`);
  const text = (name: string): string | undefined => {
    const found = member(name);
    return found && found.size < 100
      ? storedMember(source, found).readSync(0, found.size).toString().trim()
      : undefined;
  };
  const bigEndian = text("byteorder") === "big";
  const scripted = member("constants.pkl") !== undefined;
  const storages = new Map<string, Storage>();
  const body = storedMember(source, members.get(pickle) as ZipMember);
  if (body.size > MAX_PICKLE_BYTES) {
    throw unusable(source.name, `its pickle has ${body.size} bytes`, "It is no file of weights.");
  }
  const { value } = unpickle(body, 0, {
    allowed: new Map([...torchNames(), ...numpyNames()]),
    inert: (name) => (scripted && isScriptClass(name)) || inert(name),
    persistent: (id) =>
      storageOf(
        id,
        (key, bytes) => {
          const data = member(`data/${key}`);
          if (!data) throw new Error(`storage ${key.slice(0, 40)} is missing`);
          const stored = storedMember(source, data);
          if (stored.size !== bytes) throw new Error(`storage ${key} has ${stored.size} bytes instead of ${bytes}`);
          return { source: stored, offset: 0, bigEndian };
        },
        storages,
      ),
  });
  return { root: value, scripted };
}
