import { MAX_NPY_HEADER_BYTES } from "../../limits/checkpoints.ts";
import type { ByteSource } from "../byte-source.ts";
import { unusable } from "../unusable.ts";
import { NumpyArray, NumpyDtype } from "./array.ts";

/** How such a file begins. */
export const NPY_MAGIC: Buffer = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]);

/**
 * Reads the header of an array that `numpy.save` wrote (format 1.0 to 3.0).
 * @throws AppError `model_unusable`, also for arrays of Python objects
 */
export function readNpy(source: ByteSource): NumpyArray {
  const head = source.readSync(0, 12);
  const wide = (head[6] as number) >= 2;
  const length = wide ? head.readUInt32LE(8) : head.readUInt16LE(8);
  const start = wide ? 12 : 10;
  if (!head.subarray(0, 6).equals(NPY_MAGIC) || length > MAX_NPY_HEADER_BYTES)
    throw broken(source, "it is no array of NumPy's");
  const header = source.readSync(start, length).toString("latin1");
  const code = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const fortran = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const sides = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (code === undefined || fortran === undefined || sides === undefined)
    throw broken(source, "its header is not known");
  const array = new NumpyArray(() => {
    throw new Error("not in a pickle");
  });
  try {
    const shape = sides
      .split(",")
      .map((side) => side.trim())
      .filter((side) => side !== "")
      .map(Number);
    const offset = start + length;
    array.set(shape, new NumpyDtype(code), fortran === "True", { source, offset, length: source.size - offset });
  } catch (cause) {
    throw broken(source, cause instanceof Error ? cause.message : "its header makes no sense", cause);
  }
  return array;
}

function broken(source: ByteSource, problem: string, cause?: unknown): Error {
  return unusable(source.name, problem, "Save it anew with numpy.save, numbers only.", cause);
}
