import { setImmediate as nextTurn } from "node:timers/promises";
import { type FaissIndex, openFaissIndex } from "../../../checkpoints/faiss-index.ts";
import { AppError } from "../../../errors.ts";
import type { Leases } from "../../../inference/model-cache.ts";
import { RVC_RETRIEVAL } from "../../../limits/networks.ts";
import { leaseNearestRows, type NearestRows } from "./nearest-rows.ts";
import { NEIGHBOURS, Neighbours, squaredDistance } from "./neighbours.ts";

/** Rows that are measured beyond those that are asked for, since the product that finds them rounds. */
const SPARE = 4;
/** What stands for a number of a row that cannot be measured: farther than anything that is heard, and finite. */
const FAR = 1e15;

/** The index of a voice: frames of its training, by which others are made more like it. */
export type Retrieval = AsyncDisposable & {
  /** Vectors in it. */
  readonly count: number;
  /**
   * The nearest vectors of each frame: those that faiss finds. Of a frame that holds NaN there are none.
   * @param features [frames, width], as all numbers of this type
   * @throws AppError `model_unusable` for an index that does not hold what it says; `cancelled`
   */
  search(features: Float32Array, signal: AbortSignal): Promise<readonly Neighbours[]>;
  /**
   * Frames mixed with their neighbours, [frames, width].
   * @param rate share of the neighbours, 0…1; at 0 nothing is searched
   * @throws AppError as `search`
   */
  mix(features: Float32Array, rate: number, signal: AbortSignal): Promise<Float32Array<ArrayBuffer>>;
};

export type RetrievalRequest = {
  /** The `.index` file. */
  readonly path: string;
  /** Numbers of a frame: 256 for RVC v1, 768 for v2. */
  readonly width: number;
  readonly cache: Leases;
  readonly warn?: ((message: string) => void) | undefined;
};

/**
 * Opens a voice's index for search. Vectors stay in the file and are read as frames come near them; memory holds the
 * centroids.
 * @returns undefined for an index without vectors, with a warning
 * @throws AppError `model_unusable` for another width or metric, or a file that is broken; `cancelled`
 */
export async function openRetrieval(request: RetrievalRequest, signal: AbortSignal): Promise<Retrieval | undefined> {
  using stack = new DisposableStack();
  const index = stack.use(openFaissIndex(request.path));
  checkFits(index, request.width);
  if (index.count === 0) {
    request.warn?.(
      `${index.file} holds no vectors and is left out: of a training's two files the one called added_… is the index.`,
    );
    return undefined;
  }
  const centroids = await index.centroids();
  if (centroids && !centroids.every(Number.isFinite)) throw broken(index, "a centroid of it is NaN or infinite");
  const nearest = await leaseNearestRows(request.cache, signal);
  stack.move();
  return new IndexSearch(index, centroids, nearest);
}

class IndexSearch implements Retrieval {
  readonly #index: FaissIndex;
  readonly #centroids: Float32Array | undefined;
  readonly #nearest: NearestRows;
  readonly #pace = new Pace();

  constructor(index: FaissIndex, centroids: Float32Array | undefined, nearest: NearestRows) {
    this.#index = index;
    this.#centroids = centroids;
    this.#nearest = nearest;
  }

  get count(): number {
    return this.#index.count;
  }

  async search(features: Float32Array, signal: AbortSignal): Promise<readonly Neighbours[]> {
    const { dimension: width } = this.#index;
    const frames: Neighbours[] = [];
    const step = RVC_RETRIEVAL.blockFrames * width;
    for (let at = 0; at < features.length; at += step) {
      signal.throwIfAborted();
      frames.push(...(await this.#searchBlock(features.subarray(at, at + step), signal)));
    }
    return frames;
  }

  async mix(features: Float32Array, rate: number, signal: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    const { dimension: width } = this.#index;
    const out = features.slice();
    if (rate === 0) return out;
    const step = RVC_RETRIEVAL.blockFrames * width;
    // Block by block: neighbours hold on to what was read.
    for (let at = 0; at < features.length; at += step) {
      const found = await this.search(features.subarray(at, at + step), signal);
      for (const [i, frame] of found.entries()) {
        frame.mix(rate, out.subarray(at + i * width, at + (i + 1) * width));
        await this.#pace.spend(NEIGHBOURS * width, signal);
      }
    }
    return out;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#index[Symbol.dispose]();
    await this.#nearest[Symbol.asyncDispose]();
  }

  async #searchBlock(features: Float32Array, signal: AbortSignal): Promise<readonly Neighbours[]> {
    const queries = rowsOf(features, this.#index.dimension);
    const frames = queries.map((query) => new Neighbours(query));
    const heard = queries.flatMap((query, i) => (query.every(Number.isFinite) ? [i] : []));
    if (heard.length === 0) return frames;
    if (this.#centroids) await this.#searchLists(this.#centroids, queries, frames, heard, signal);
    else await this.#searchAll(queries, frames, heard, signal);
    return frames;
  }

  /** Every vector of the lists whose centroids are the nearest, one list after the other. */
  async #searchLists(
    centroids: Float32Array,
    queries: readonly Float32Array[],
    frames: readonly Neighbours[],
    heard: readonly number[],
    signal: AbortSignal,
  ): Promise<void> {
    const { dimension: width, sizes, probes } = this.#index;
    const wanted = new Map<number, number[]>();
    const near: { readonly list: number; readonly distance: number }[][] = heard.map(() => []);
    const all = rowsOf(centroids, width);
    for (let first = 0; first < all.length; first += RVC_RETRIEVAL.pageRows) {
      const page = centroids.subarray(first * width, (first + RVC_RETRIEVAL.pageRows) * width);
      await this.#candidates(queries, heard, page, probes, signal, (which, place) => {
        const list = first + place;
        const query = queries[heard[which] as number] as Float32Array;
        near[which]?.push({ list, distance: squaredDistance(query, all[list] as Float32Array) });
      });
    }
    for (const [which, lists] of near.entries()) {
      const nearest = lists.toSorted((a, b) => a.distance - b.distance || a.list - b.list).slice(0, probes);
      for (const { list } of nearest) {
        const askers = wanted.get(list) ?? [];
        wanted.set(list, askers);
        askers.push(heard[which] as number);
      }
    }
    for (const list of [...wanted.keys()].toSorted((a, b) => a - b)) {
      for (let from = 0; from < (sizes[list] ?? 0); from += RVC_RETRIEVAL.pageRows) {
        signal.throwIfAborted();
        const { vectors, ids } = await this.#index.list(list, from, from + RVC_RETRIEVAL.pageRows);
        const rows = rowsOf(vectors, width);
        for (const frame of wanted.get(list) ?? []) {
          for (const [i, row] of rows.entries()) frames[frame]?.offer(row, ids[i] as number);
          await this.#pace.spend(vectors.length, signal);
        }
      }
    }
  }

  /** Every vector of a flat index: those of a page that may be near, then measured. */
  async #searchAll(
    queries: readonly Float32Array[],
    frames: readonly Neighbours[],
    heard: readonly number[],
    signal: AbortSignal,
  ): Promise<void> {
    const { dimension: width, count } = this.#index;
    for (let from = 0; from < count; from += RVC_RETRIEVAL.pageRows) {
      signal.throwIfAborted();
      const { vectors, ids } = await this.#index.list(0, from, from + RVC_RETRIEVAL.pageRows);
      const rows = rowsOf(vectors, width);
      const page = vectors.every(Number.isFinite)
        ? vectors
        : Float32Array.from(vectors, (x) => (Number.isFinite(x) ? x : FAR));
      await this.#candidates(queries, heard, page, NEIGHBOURS, signal, (which, place) => {
        // A copy, so that one neighbour does not hold its whole page.
        frames[heard[which] as number]?.offer((rows[place] as Float32Array).slice(), ids[place] as number);
      });
    }
  }

  /** Tells which rows of a page may be among the `count` nearest of each query. */
  async #candidates(
    queries: readonly Float32Array[],
    heard: readonly number[],
    page: Float32Array,
    count: number,
    signal: AbortSignal,
    tell: (which: number, place: number) => void,
  ): Promise<void> {
    const { dimension: width } = this.#index;
    const asked = new Float32Array(heard.length * width);
    for (const [i, query] of heard.entries()) asked.set(queries[query] as Float32Array, i * width);
    const most = Math.min(count + SPARE, page.length / width);
    const places = await this.#nearest.find(asked, page, width, most, signal);
    for (let which = 0; which < heard.length; which++) {
      // In the order of the table, so that of rows that are equally near the first one stays.
      const row = [...places.subarray(which * most, (which + 1) * most)].map(Number).toSorted((a, b) => a - b);
      for (const place of row) tell(which, place);
      await this.#pace.spend(most * width, signal);
    }
  }
}

/** Lets others have their turn now and then, and ends the work when it is cancelled. */
class Pace {
  #spent = 0;

  async spend(multiplications: number, signal: AbortSignal): Promise<void> {
    this.#spent += multiplications;
    if (this.#spent < RVC_RETRIEVAL.turn) return;
    this.#spent = 0;
    await nextTurn();
    signal.throwIfAborted();
  }
}

function rowsOf(matrix: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: matrix.length / width }, (_, i) => matrix.subarray(i * width, (i + 1) * width));
}

function checkFits(index: FaissIndex, width: number): void {
  const { file, dimension, metric, sizes } = index;
  if (dimension !== width) {
    const belongs =
      dimension === 256 ? " It belongs to a voice of RVC v1." : dimension === 768 ? " It belongs to v2." : "";
    throw new AppError(
      "model_unusable",
      `${file}: its vectors have ${dimension} numbers, and the voice's features have ${width}.${belongs} Put the index beside the voice that it was trained with, or set index_rate to 0.`,
    );
  }
  if (metric !== "l2") {
    throw new AppError(
      "model_unusable",
      `${file}: it finds by inner product, which voices do not. Build it anew as IVF,Flat with the metric L2, or set index_rate to 0.`,
    );
  }
  if (sizes.length > RVC_RETRIEVAL.maxLists) {
    throw broken(index, `it has ${sizes.length} lists, and ${RVC_RETRIEVAL.maxLists} is the most`);
  }
}

function broken({ file }: FaissIndex, problem: string): AppError {
  return new AppError("model_unusable", `${file}: ${problem}. Build it anew, or set index_rate to 0.`);
}
