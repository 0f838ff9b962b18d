/**
 * The ids of running jobs, shared with the heartbeat thread: memory that the worker writes and the thread reads whenever
 * it beats, so that a blocked worker is still seen to hold its jobs, and a change wakes nobody.
 *
 * The first word counts changes (odd while one is being written), the second is the text's length in bytes.
 */
const HEADER_BYTES = 8;

/** The worker's end. */
export class HeartbeatList {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(mostBytes: number) {
    this.memory = new SharedArrayBuffer(HEADER_BYTES + mostBytes);
    this.#words = new Int32Array(this.memory, 0, 2);
    this.#bytes = new Uint8Array(this.memory, HEADER_BYTES);
  }

  /** Replaces the list. @returns whether all ids found room */
  write(ids: Iterable<string>): boolean {
    const all = [...ids].join(",");
    let text = Buffer.from(all);
    const fits = text.length <= this.#bytes.length;
    if (!fits) text = text.subarray(0, text.subarray(0, this.#bytes.length + 1).lastIndexOf(","));
    Atomics.add(this.#words, 0, 1);
    this.#bytes.set(text);
    Atomics.store(this.#words, 1, text.length);
    Atomics.add(this.#words, 0, 1);
    return fits;
  }
}

/** The thread's end: the ids, comma-separated. */
export function readHeartbeatList(memory: SharedArrayBuffer): string {
  const words = new Int32Array(memory, 0, 2);
  for (;;) {
    const before = Atomics.load(words, 0);
    // Copied before it is decoded: shared memory is no input of a decoder.
    const copy = Buffer.from(new Uint8Array(memory, HEADER_BYTES, Atomics.load(words, 1)));
    if (before % 2 === 0 && Atomics.load(words, 0) === before) return copy.toString();
  }
}
