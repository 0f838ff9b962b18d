import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, toAppError } from "../../errors.ts";
import { READY_VERSION } from "../../graphs/onnx/write-ready.ts";
import { GRAPH_CACHE } from "../../limits/networks.ts";
import type { Log } from "../../log.ts";
import { claimFile } from "../../storage/outbox/claim.ts";
import { architectureOf } from "./architectures.ts";
import type { ModelEntry } from "./model-entry.ts";
import { inModelThread, type WriteReadyTask, type WriteTask } from "./model-thread.ts";

/** Which graph of a model, and the numbers it computes with. */
export type GraphChoice = { readonly part: string; readonly precision: "fp32" | "fp16" };

/** The graph of a file that is one: the same, but that its weights lie beside it, and that its runs can be stopped. */
export const READY_GRAPH: GraphChoice = { part: "whole", precision: "fp32" };

export type GraphOptions = {
  /** From 0 to 1; not called where the graph is there already. */
  readonly progress?: (share: number) => void;
  readonly signal?: AbortSignal | undefined;
};

/** A graph on disk, with its weights beside it. */
export type CachedGraph = {
  /** Of `graph.onnx`. */
  readonly path: string;
  /** Of the graph and its weights. */
  readonly bytes: number;
};

/** A graph in the cache, for those who look after it. */
export type GraphRecord = {
  readonly key: string;
  readonly bytes: number;
  readonly usedAt: Date;
};

export type GraphCacheOptions = {
  /** Graphs lie in a folder `graphs` of it. */
  readonly cacheDir: string;
  /** Most bytes of graphs; those that were not used for longest go first. */
  readonly limitBytes: number;
  readonly log: Log;
};

/** Written last into a graph's folder: how long its files are. */
type Record = { readonly files: Readonly<{ [name: string]: number }>; readonly model: string };

const RECORD = "graph.json";
const NAME = "graph";
const MAKING = ".making-";
/** Share of the work that reading a model's content for its hash is. */
const HASH_SHARE = 0.3;

/** A graph that is being made, for all who wait for it. */
type Flight = { readonly made: Promise<CachedGraph>; readonly abort: AbortController; waiting: number; share: number };

/**
 * Graphs made from checkpoints, each once: `graphs/KEY/graph.onnx` and `graph.bin`, where the key says the model's
 * content, its network, the version of the code that made the graph, the part and the precision. A folder is put in place
 * in one step, so that it is there as a whole or not at all; of several processes one makes a graph and the others wait.
 */
export class GraphCache {
  readonly #root: string;
  readonly #limitBytes: number;
  readonly #log: Log;
  readonly #flights = new Map<string, Flight>();
  /** Keys of graphs that this process has handed out: they are not removed by it. */
  readonly #used = new Set<string>();

  constructor({ cacheDir, limitBytes, log }: GraphCacheOptions) {
    this.#root = join(cacheDir, "graphs");
    this.#limitBytes = limitBytes;
    this.#log = log;
  }

  /**
   * The graph of a model; made at first use, in a thread, and found at once afterwards.
   * @throws AppError `model_unusable` naming file and key; `storage_failed` where it cannot be written; `cancelled`
   */
  async graphOf(entry: ModelEntry, choice: GraphChoice, options: GraphOptions = {}): Promise<CachedGraph> {
    const { progress, signal } = options;
    if (signal?.aborted) throw cancelled(signal);
    const identity = `${entry.path}\n${choice.part}\n${choice.precision}`;
    let flight = this.#flights.get(identity);
    if (!flight) {
      const abort = new AbortController();
      const fresh: Flight = {
        abort,
        waiting: 0,
        share: 0,
        made: this.#get(entry, choice, abort.signal, (share) => (fresh.share = Math.max(fresh.share, share))).finally(
          () => this.#flights.get(identity) === fresh && this.#flights.delete(identity),
        ),
      };
      fresh.made.catch(() => undefined);
      this.#flights.set(identity, (flight = fresh));
    }
    return this.#wait(identity, flight, progress, signal);
  }

  /** Every graph, the one used last first. */
  async list(): Promise<readonly GraphRecord[]> {
    const found: GraphRecord[] = [];
    for (const key of await readdir(this.#root).catch(() => [])) {
      if (key.startsWith(".")) continue;
      const record = await this.#record(key);
      if (record) found.push({ key, bytes: record.bytes, usedAt: record.usedAt });
    }
    return found.toSorted((a, b) => b.usedAt.getTime() - a.usedAt.getTime());
  }

  /**
   * Removes graphs, and what processes that died have left.
   * @param most bytes that may stay; default none
   * @returns bytes that were freed
   */
  async clean(most = 0): Promise<number> {
    let kept = 0;
    let freed = 0;
    for (const { key, bytes } of await this.list()) {
      kept += bytes;
      if (kept <= most || this.#used.has(key)) continue;
      kept -= bytes;
      await this.#remove(key);
      freed += bytes;
    }
    for (const name of await readdir(this.#root).catch(() => [])) {
      if (!name.startsWith(MAKING)) continue;
      const { mtimeMs } = await stat(join(this.#root, name)).catch(() => ({ mtimeMs: Date.now() }));
      if (Date.now() - mtimeMs > GRAPH_CACHE.abandonedMs) {
        await rm(join(this.#root, name), { recursive: true, force: true }).catch(() => undefined);
      }
    }
    return freed;
  }

  /** Waits for a graph that is being made; when the last one who waits goes, its making ends. */
  async #wait(
    identity: string,
    flight: Flight,
    progress: GraphOptions["progress"],
    signal: AbortSignal | undefined,
  ): Promise<CachedGraph> {
    flight.waiting++;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(cancelled(signal));
    signal?.addEventListener("abort", onAbort, { once: true });
    let shown = 0;
    const show = (): void => {
      if (flight.share > shown) progress?.((shown = flight.share));
    };
    const clock = progress && setInterval(show, GRAPH_CACHE.progressMs);
    try {
      const graph = await Promise.race([flight.made, aborted]);
      show();
      return graph;
    } finally {
      clearInterval(clock);
      signal?.removeEventListener("abort", onAbort);
      if (--flight.waiting === 0) {
        // A caller who comes now begins anew.
        if (this.#flights.get(identity) === flight) this.#flights.delete(identity);
        flight.abort.abort();
      }
    }
  }

  async #get(
    entry: ModelEntry,
    choice: GraphChoice,
    signal: AbortSignal,
    progress: (share: number) => void,
  ): Promise<CachedGraph> {
    const ready = { version: READY_VERSION, parts: [READY_GRAPH.part] };
    const graphs = entry.format === "onnx" ? ready : architectureOf(entry.family)?.graphs;
    if (entry.state !== "ready" || !graphs) {
      throw new AppError("model_unusable", entry.problem ?? `${entry.name}: it cannot be used.`);
    }
    if (!graphs.parts.includes(choice.part)) throw new Error(`${entry.family} has no graph "${choice.part}"`);
    const onProgress = (bytes: number): void => progress((HASH_SHARE * bytes) / Math.max(1, entry.bytes));
    const sha256 = await entry.sha256({ signal, onProgress });
    const variant = entry.variant === "" ? "" : `-${entry.variant.replace(/\W+/g, "_")}`;
    const key = `${entry.family}${variant}-${choice.part}-${choice.precision}-v${graphs.version}-${sha256.slice(0, 32)}`;
    this.#used.add(key);
    const known = await this.#open(key);
    if (known) return known;
    try {
      await mkdir(this.#root, { recursive: true });
      return await this.#make(key, entry, choice, signal, (share) => progress(HASH_SHARE + (1 - HASH_SHARE) * share));
    } catch (error) {
      throw asCacheError(error);
    }
  }

  /** Makes a graph, or waits for the process that does. */
  async #make(
    key: string,
    entry: ModelEntry,
    { part, precision }: GraphChoice,
    signal: AbortSignal,
    progress: (share: number) => void,
  ): Promise<CachedGraph> {
    for (;;) {
      signal.throwIfAborted();
      await using claim = await claimFile(join(this.#root, `.${key}.lock`), GRAPH_CACHE.staleMs);
      const known = await this.#open(key);
      if (known) return known;
      if (!claim) {
        await sleep(GRAPH_CACHE.lookMs, undefined, { signal });
        continue;
      }
      await this.clean(this.#limitBytes);
      const folder = join(this.#root, `${MAKING}${randomUUID()}`);
      await mkdir(folder);
      try {
        const { path, family, variant, name, format } = entry;
        const numbers = precision === "fp16" ? "float16" : "float32";
        const began = performance.now();
        const task: WriteTask | WriteReadyTask =
          format === "onnx"
            ? { kind: "write-ready", path, folder, name: NAME }
            : { kind: "write", path, family, variant, part, precision: numbers, folder, name: NAME };
        const onProgress = (done: number, all: number): void => progress(done / Math.max(1, all));
        await inModelThread(task, { signal, onProgress });
        const files: { [name: string]: number } = {};
        for (const file of await readdir(folder)) files[file] = (await stat(join(folder, file))).size;
        await writeFile(join(folder, RECORD), `${JSON.stringify({ files, model: name } satisfies Record)}\n`);
        // One that is there and could not be opened is broken.
        await rm(join(this.#root, key), { recursive: true, force: true });
        await rename(folder, join(this.#root, key));
        const ms = Math.round(performance.now() - began);
        this.#log.info({ model: name, part, precision, duration_ms: ms }, "a graph was made");
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
      await this.clean(this.#limitBytes);
      const made = await this.#open(key);
      if (made) return made;
    }
  }

  /** A graph that is there as a whole. */
  async #open(key: string): Promise<CachedGraph | undefined> {
    const record = await this.#record(key);
    if (!record) return undefined;
    const now = new Date();
    // Those that are used stay longest.
    await utimes(join(this.#root, key, RECORD), now, now).catch(() => undefined);
    return { path: join(this.#root, key, `${NAME}.onnx`), bytes: record.bytes };
  }

  async #record(key: string): Promise<{ readonly bytes: number; readonly usedAt: Date } | undefined> {
    const folder = join(this.#root, key);
    try {
      const { files } = JSON.parse(await readFile(join(folder, RECORD), "utf8")) as Record;
      let bytes = 0;
      for (const [name, size] of Object.entries(files)) {
        if ((await stat(join(folder, name))).size !== size) return undefined;
        bytes += size;
      }
      return { bytes, usedAt: (await stat(join(folder, RECORD))).mtime };
    } catch {
      return undefined;
    }
  }

  async #remove(key: string): Promise<void> {
    const leaving = join(this.#root, `${MAKING}${randomUUID()}`);
    try {
      await rename(join(this.#root, key), leaving);
      await rm(leaving, { recursive: true, force: true });
    } catch (error) {
      this.#log.warn({ graph: key, err: error }, "a graph that is not used could not be removed");
    }
  }
}

function cancelled(signal: AbortSignal | undefined): AppError {
  return new AppError("cancelled", "The job was cancelled.", { cause: signal?.reason });
}

function asCacheError(error: unknown): AppError {
  const known = toAppError(error);
  if (known.code === "storage_failed" && error !== known) {
    const message =
      "No space is left for graphs. Free some, run `talkbox models clean`, or point TALKBOX_CACHE elsewhere.";
    return new AppError("storage_failed", message, { cause: error });
  }
  if (known.code !== "internal" || error === known) return known;
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code !== "string") return known;
  return new AppError("storage_failed", "A graph could not be stored. Check that TALKBOX_CACHE can be written.", {
    cause: error,
  });
}
