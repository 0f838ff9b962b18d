/** Limits of files of weights as they are read. Those that a deployment may set stand in `config.ts`. */

/** Most bytes of a pickle in an archive of PyTorch's; those of models have some tens of kilobytes. */
export const MAX_PICKLE_BYTES = 16 * 1024 * 1024;

/** Most bytes of one text, one name and one integer in a pickle. */
export const MAX_PICKLE_TEXT_BYTES = 64 * 1024 * 1024;
export const MAX_PICKLE_NAME_BYTES = 1000;
export const MAX_PICKLE_INTEGER_BYTES = 64;

/** Deepest nesting in which weights are looked for, and most tensors of one checkpoint. */
export const MAX_PICKLE_DEPTH = 40;
export const MAX_TENSORS = 20_000;

/** Most dimensions of a tensor, and most elements of one that repeats a smaller storage. */
export const MAX_TENSOR_SIDES = 16;
export const MAX_UNBACKED_ELEMENTS = 1 << 20;

/** Most files in an archive of weights, and most bytes of one that has to be unpacked in memory. */
export const MAX_ZIP_MEMBERS = 100_000;
export const MAX_ZIP_MEMBER_BYTES = 1024 * 1024 * 1024;

/** Most bytes of the header of a file of safetensors, and of an array of NumPy's. */
export const MAX_SAFETENSORS_HEADER_BYTES = 100 * 1024 * 1024;
export const MAX_NPY_HEADER_BYTES = 64 * 1024;

/** Most lists and vectors of an index of vectors. */
export const MAX_FAISS_LISTS = 1_000_000;
export const MAX_FAISS_VECTORS = 50_000_000;

/** A voice in an archive: most bytes of its checkpoint, and of its index. */
export const VOICE_ARCHIVE = { checkpointBytes: 1024 * 1024 * 1024, indexBytes: 4 * 1024 * 1024 * 1024 } as const;
