/** Neighbours of a frame that RVC asks for. */
export const NEIGHBOURS = 8;

/** Numbers after which a distance is given up when it is too long already. */
const STRIDE = 32;

/** The nearest vectors to one query that were offered so far, nearest first; of equally near ones the first that came. */
export class Neighbours {
  readonly #query: Float32Array;
  readonly #distances = new Float64Array(NEIGHBOURS).fill(Number.POSITIVE_INFINITY);
  readonly #ids = new Int32Array(NEIGHBOURS).fill(-1);
  readonly #vectors: Float32Array[] = [];

  constructor(query: Float32Array) {
    this.#query = query;
  }

  /** Squared distances; infinity where fewer were found. */
  get distances(): Float64Array {
    return this.#distances;
  }

  /** Ids in the index; -1 where fewer were found. */
  get ids(): Int32Array {
    return this.#ids;
  }

  /** @param vector kept as it is; one with NaN in it is near to nothing */
  offer(vector: Float32Array, id: number): void {
    const worst = this.#distances[NEIGHBOURS - 1] as number;
    const distance = squaredDistance(this.#query, vector, worst);
    if (!(distance < worst)) return;
    let at = NEIGHBOURS - 1;
    for (; at > 0 && (this.#distances[at - 1] as number) > distance; at--) {
      this.#distances[at] = this.#distances[at - 1] as number;
      this.#ids[at] = this.#ids[at - 1] as number;
    }
    this.#distances[at] = distance;
    this.#ids[at] = id;
    this.#vectors.splice(at, 0, vector);
    this.#vectors.length = Math.min(this.#vectors.length, NEIGHBOURS);
  }

  /**
   * Mixes the query with its neighbours, each by 1/d⁴ of its distance d, as RVC does (the score that it squares is a
   * squared distance). One that the query meets exactly, where RVC divides by zero, is all there is; where there is no
   * neighbour, which RVC does not mind and makes NaN of, the query stays.
   * @param rate 0…1, the share of the neighbours
   * @param out as long as the query
   */
  mix(rate: number, out: Float32Array): void {
    const query = this.#query;
    const weights = this.#vectors.map((_, i) => 1 / Math.max(this.#distances[i] as number, MEETS) ** 2);
    const sum = weights.reduce((all, weight) => all + weight, 0);
    const share = this.#vectors.length > 0 ? rate : 0;
    for (let i = 0; i < query.length; i++) {
      let found = 0;
      for (let k = 0; k < weights.length; k++) found += (weights[k] as number) * (this.#vectors[k]?.[i] as number);
      out[i] = share === 0 ? (query[i] as number) : (share * found) / sum + (1 - share) * (query[i] as number);
    }
  }
}

/** A squared distance under this is none. */
const MEETS = 1e-12;

/** ‖a − b‖², in double precision; some number that is not under `limit` when it is not. */
export function squaredDistance(a: Float32Array, b: Float32Array, limit = Number.POSITIVE_INFINITY): number {
  let sum = 0;
  for (let from = 0; from < a.length; from += STRIDE) {
    const to = Math.min(a.length, from + STRIDE);
    for (let i = from; i < to; i++) {
      const difference = (a[i] as number) - (b[i] as number);
      sum += difference * difference;
    }
    if (!(sum < limit)) return sum;
  }
  return sum;
}
