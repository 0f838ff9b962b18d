import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { uniform } from "../graphs/seeded.ts";

/** Vectors as tools/rvc-goldens/retrieval.py makes them, and files of them as faiss writes them. */

export const COUNT = 20_000;
export const WIDTH = 256;
export const LISTS = 512;
export const QUERIES = 240;
const GROUPS = 300;

const noise = (key: string, rows: number): Float64Array => uniform(key, rows * WIDTH).map((x) => x - 0.5);

/** Rows of groups, one after the other, with noise of some level. */
function around(groups: Float64Array, key: string, rows: number, level: number): Float32Array {
  const apart = noise(key, rows);
  return Float32Array.from(apart, (x, i) => {
    const group = Math.floor(i / WIDTH) % GROUPS;
    return (groups[group * WIDTH + (i % WIDTH)] as number) + level * x;
  });
}

export const rowOf = (matrix: Float32Array, at: number): Float32Array => matrix.subarray(at * WIDTH, (at + 1) * WIDTH);

function shift(row: Float32Array, by: number): void {
  for (const [i, x] of row.entries()) row[i] = x + by;
}

export function makeVectors(): { vectors: Float32Array; centroids: Float32Array; queries: Float32Array } {
  const groups = noise("groups", GROUPS);
  const vectors = around(groups, "vectors", COUNT, 0.9);
  for (let i = 1; i <= 3; i++) shift(rowOf(vectors, COUNT - i), 8);
  const centroids = around(groups, "centroids", LISTS, 0.5);
  shift(rowOf(centroids, LISTS - 2), -8);
  shift(rowOf(centroids, LISTS - 1), 8);
  const apart = noise("queries", QUERIES);
  const queries = Float32Array.from(apart, (x, i) => {
    const row = (Math.floor(i / WIDTH) * 83) % COUNT;
    return (vectors[row * WIDTH + (i % WIDTH)] as number) + 0.6 * x;
  });
  rowOf(queries, 0).set(rowOf(vectors, 0));
  rowOf(queries, 1).set(rowOf(vectors, COUNT - 1));
  shift(rowOf(queries, 1), 0.25);
  rowOf(queries, 2).set(rowOf(centroids, LISTS - 2));
  return { vectors, centroids, queries };
}

export type Golden = {
  readonly lists: Uint16Array;
  readonly ids: (kind: string) => Int32Array;
  readonly distances: (kind: string) => Float32Array;
  readonly mixed: Float32Array;
  /** SHA-256 of the files that faiss writes. */
  readonly files: Readonly<Record<string, string>>;
};

export function readGolden(): Golden {
  const base = join(import.meta.dirname, "fixtures/retrieval");
  const about = JSON.parse(readFileSync(`${base}.json`, "utf8")) as {
    readonly arrays: Readonly<Record<string, readonly [number, number]>>;
    readonly files: Golden["files"];
  };
  const bytes = new Uint8Array(readFileSync(`${base}.bin`));
  const at = (name: string): readonly [number, number] => {
    const place = about.arrays[name];
    if (!place) throw new Error(`no array ${name}`);
    return place;
  };
  return {
    lists: new Uint16Array(bytes.buffer, ...at("lists")),
    ids: (kind) => new Int32Array(bytes.buffer, ...at(`${kind}.ids`)),
    distances: (kind) => new Float32Array(bytes.buffer, ...at(`${kind}.distances`)),
    mixed: new Float32Array(bytes.buffer, ...at("mixed")),
    files: about.files,
  };
}

const u64 = (value: number): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
};

function header(kind: string, width: number, count: number, metric: number): Buffer {
  const buffer = Buffer.alloc(37);
  buffer.write(kind, "latin1");
  buffer.writeInt32LE(width, 4);
  for (const [at, value] of [
    [8, count],
    [16, 1 << 20],
    [24, 1 << 20],
  ] as const) {
    buffer.writeBigInt64LE(BigInt(value), at);
  }
  buffer.writeUInt8(1, 32);
  buffer.writeInt32LE(metric, 33);
  return buffer;
}

const bytesOf = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** A flat index (`IxF2`, or `IxFI` for inner products). */
export function flatFile(vectors: Float32Array, width = WIDTH, metric: 0 | 1 = 1): Buffer {
  const kind = metric === 1 ? "IxF2" : "IxFI";
  return Buffer.concat([header(kind, width, vectors.length / width, metric), u64(vectors.length), bytesOf(vectors)]);
}

/** An index of inverted lists (`IwFl`); ids are the vectors' places. */
export function invertedFile(
  vectors: Float32Array,
  centroids: Float32Array,
  listOf: ArrayLike<number>,
  { width = WIDTH, probes = 1 } = {},
): Buffer {
  const lists = centroids.length / width;
  const members: number[][] = Array.from({ length: lists }, () => []);
  for (let i = 0; i < vectors.length / width; i++) members[listOf[i] as number]?.push(i);
  const parts = [
    header("IwFl", width, vectors.length / width, 1),
    u64(lists),
    u64(probes),
    flatFile(centroids, width),
    Buffer.alloc(1 + 8),
    Buffer.from("ilar"),
    u64(lists),
    u64(4 * width),
    Buffer.from("full"),
    u64(lists),
    ...members.map(({ length }) => u64(length)),
  ];
  for (const ids of members) {
    for (const id of ids) parts.push(bytesOf(vectors.subarray(id * width, (id + 1) * width)));
    for (const id of ids) parts.push(u64(id));
  }
  return Buffer.concat(parts);
}

export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
