import { MAX_FAISS_LISTS, MAX_FAISS_VECTORS } from "../limits/checkpoints.ts";
import type { ByteSource } from "./byte-source.ts";
import { openFile } from "./byte-source.ts";
import { Cursor } from "./pickle/cursor.ts";
import { unusable } from "./unusable.ts";

/** Vectors of one list, and the ids they have in the index. */
export type FaissList = { readonly vectors: Float32Array; readonly ids: readonly number[] };

/** An index of vectors that faiss wrote: flat, or in inverted lists around centroids. */
export type FaissIndex = Disposable & {
  readonly file: string;
  /** Length of a vector. */
  readonly dimension: number;
  /** Vectors in all. */
  readonly count: number;
  readonly metric: "l2" | "inner_product";
  /** Vectors of each list; one list for a flat index. */
  readonly sizes: readonly number[];
  /** Lists that a search looks into: those with the nearest centroids. */
  readonly probes: number;
  /** [lists, dimension]; undefined for a flat index. */
  centroids(): Promise<Float32Array | undefined>;
  /**
   * Vectors of a list, from one place in it to before another; default all.
   * @throws AppError `model_unusable`
   */
  list(index: number, from?: number, to?: number): Promise<FaissList>;
};

type Header = { readonly dimension: number; readonly count: number; readonly metric: "l2" | "inner_product" };

/**
 * Opens an index of the kinds that voices come with: `IwFl` (inverted lists, flat codes) and `IxF2`/`IxFI`/`IxFl` (flat).
 * Layout: faiss `impl/index_write.cpp`; little-endian, no padding. Vectors stay in the file.
 * @throws AppError `model_unusable` naming other kinds
 */
export function openFaissIndex(path: string): FaissIndex {
  const source = openFile(path);
  try {
    return readFaissIndex(source);
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}

/** As `openFaissIndex`, from any source, which the index then owns. */
export function readFaissIndex(source: ByteSource): FaissIndex {
  const cursor = new Cursor(source);
  const kind = fourcc(cursor);
  const base = { file: source.name, [Symbol.dispose]: () => source[Symbol.dispose]() };
  if (isFlat(kind)) {
    const { header, at } = readFlat(cursor);
    const { count, dimension } = header;
    const list = async (_index: number, from = 0, to = count): Promise<FaissList> => ({
      vectors: await floats(source, at + 4 * from * dimension, Math.max(0, Math.min(to, count) - from) * dimension),
      ids: Array.from({ length: Math.max(0, Math.min(to, count) - from) }, (_, i) => from + i),
    });
    return { ...base, ...header, sizes: [count], probes: 1, centroids: async () => undefined, list };
  }
  if (kind !== "IwFl") {
    throw unusable(
      source.name,
      `it is an index of the kind "${kind.replace(/[^\w ]/g, "?")}"`,
      "Known are IVF,Flat and Flat, as voices have them: build it anew so.",
    );
  }
  return { ...base, ...readInverted(cursor) };
}

function readInverted(cursor: Cursor): Omit<FaissIndex, "file" | typeof Symbol.dispose> {
  const { source } = cursor;
  const header = readHeader(cursor);
  const lists = sized(cursor, MAX_FAISS_LISTS, "lists");
  const probes = Math.max(1, Math.min(cursor.uint64(), lists));
  if (!isFlat(fourcc(cursor))) throw broken(source, "its centroids are in a form that is not known");
  const quantizer = readFlat(cursor);
  if (quantizer.header.dimension !== header.dimension || quantizer.header.count !== lists) {
    throw broken(source, "its centroids do not fit its lists");
  }
  skipDirectMap(cursor);
  const form = fourcc(cursor);
  if (form === "il00") throw broken(source, "it has no lists");
  if (form !== "ilar") throw broken(source, `its lists are in the form "${form.replace(/[^\w ]/g, "?")}"`);
  const codeBytes = 4 * header.dimension;
  if (cursor.uint64() !== lists || cursor.uint64() !== codeBytes)
    throw broken(source, "its lists do not fit its vectors");
  const sizes = readSizes(cursor, lists);
  const places: number[] = [];
  let total = 0;
  for (const size of sizes) {
    places.push(cursor.skip(size * (codeBytes + 8)));
    total += size;
  }
  if (total !== header.count) throw broken(source, `it says ${header.count} vectors and holds ${total}`);
  return {
    ...header,
    sizes,
    probes,
    centroids: () => floats(source, quantizer.at, lists * header.dimension),
    async list(index, from = 0, to) {
      const size = sizes[index];
      const at = places[index];
      if (size === undefined || at === undefined) throw new RangeError(`there is no list ${index}`);
      const length = Math.max(0, Math.min(to ?? size, size) - from);
      const vectors = await floats(source, at + from * codeBytes, length * header.dimension);
      const raw = await source.read(at + size * codeBytes + from * 8, length * 8);
      const ids = Array.from({ length }, (_, i) => Number(raw.readBigInt64LE(8 * i)));
      for (const id of ids) {
        if (id < 0 || id >= header.count) throw broken(source, `a vector has the id ${id} among ${header.count}`);
      }
      return { vectors, ids };
    },
  };
}

function isFlat(kind: string): boolean {
  return kind === "IxF2" || kind === "IxFI" || kind === "IxFl";
}

/** A flat index after its kind: header, count of floats, floats. */
function readFlat(cursor: Cursor): { readonly header: Header; readonly at: number } {
  const header = readHeader(cursor);
  const count = cursor.uint64();
  if (count !== header.count * header.dimension) throw broken(cursor.source, "its vectors do not fit its header");
  return { header, at: cursor.skip(count * 4) };
}

function readHeader(cursor: Cursor): Header {
  const dimension = cursor.int32();
  const count = cursor.uint64();
  cursor.skip(16); // Two numbers without meaning.
  cursor.byte(); // Whether it was trained.
  const metric = cursor.int32();
  if (metric > 1) cursor.skip(4);
  if (dimension < 1 || dimension > 65_536) throw broken(cursor.source, `its vectors have ${dimension} numbers`);
  if (!(count <= MAX_FAISS_VECTORS)) throw broken(cursor.source, `it says that it holds ${count} vectors`);
  if (metric !== 0 && metric !== 1) throw broken(cursor.source, `its metric is number ${metric}`);
  return { dimension, count, metric: metric === 1 ? "l2" : "inner_product" };
}

function skipDirectMap(cursor: Cursor): void {
  const type = cursor.byte();
  cursor.skip(sized(cursor, MAX_FAISS_VECTORS, "entries of a map") * 8);
  if (type === 2) cursor.skip(sized(cursor, MAX_FAISS_VECTORS, "entries of a map") * 16);
}

function readSizes(cursor: Cursor, lists: number): number[] {
  const form = fourcc(cursor);
  const count = sized(cursor, 2 * MAX_FAISS_LISTS, "sizes of lists");
  const sizes = Array.from({ length: lists }, () => 0);
  if (form === "full" && count === lists) {
    for (let i = 0; i < lists; i++) sizes[i] = sized(cursor, MAX_FAISS_VECTORS, "vectors");
  } else if (form === "sprs" && count % 2 === 0) {
    for (let i = 0; i < count; i += 2) {
      const list = cursor.uint64();
      const size = sized(cursor, MAX_FAISS_VECTORS, "vectors");
      if (list >= lists) throw broken(cursor.source, `it has a list ${list} among ${lists}`);
      sizes[list] = size;
    }
  } else {
    throw broken(cursor.source, "its sizes of lists are in a form that is not known");
  }
  return sizes;
}

function fourcc(cursor: Cursor): string {
  return cursor.bytes(4).toString("latin1");
}

function sized(cursor: Cursor, most: number, what: string): number {
  const count = cursor.uint64();
  if (!(count <= most)) throw broken(cursor.source, `it says that it holds ${count} ${what}`);
  return count;
}

async function floats(source: ByteSource, at: number, count: number): Promise<Float32Array> {
  const bytes = new Uint8Array(await source.read(at, 4 * count));
  return new Float32Array(bytes.buffer, bytes.byteOffset, count);
}

function broken(source: ByteSource, problem: string): Error {
  return unusable(source.name, problem, "Download it again; of two files take the one called added_….");
}
