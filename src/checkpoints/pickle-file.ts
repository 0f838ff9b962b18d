import { type ByteSource, sliceOf } from "./byte-source.ts";
import { numpyNames } from "./numpy/names.ts";
import { unpickle } from "./pickle/unpickler.ts";
import { Known, type PickleValue } from "./pickle/values.ts";
import { torchNames } from "./torch/names.ts";
import { readPickledStorage } from "./torch/torch-legacy.ts";

/**
 * Reads a plain pickle (`pickle.dump`) of tensors and arrays; their data stay where they are.
 * @param inert names that become inert records
 * @throws AppError `model_unusable`
 */
export function readPickleFile(source: ByteSource, inert: (name: string) => boolean): PickleValue {
  const loadStorage = (bytes: Parameters<typeof readPickledStorage>[0]): PickleValue =>
    readPickledStorage(bytes, (found) => sliceOf(found.source, found.offset, found.length));
  const set = new Known("set", ([items]) => new Set(Array.isArray(items) ? (items as PickleValue[]) : []));
  const allowed = new Map<string, PickleValue>([
    ...torchNames(loadStorage),
    ...numpyNames(),
    ["builtins set", set],
    ["__builtin__ set", set],
  ]);
  return unpickle(source, 0, { allowed, inert }).value;
}
