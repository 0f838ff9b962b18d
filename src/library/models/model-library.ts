import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { openFile } from "../../checkpoints/byte-source.ts";
import { readShardIndex } from "../../checkpoints/safetensors.ts";
import { AppError, isAbort, toAppError } from "../../errors.ts";
import { MODELS_KEPT_MS } from "../../limits/networks.ts";
import type { Log } from "../../log.ts";
import type { HashOptions, ModelEntry, ModelFacts } from "./model-entry.ts";
import { filesIn, type FoundFile, isShardIndex, type ModelFolder } from "./model-folders.ts";
import { fingerprintOf, ModelIndex, type Remembered } from "./model-index.ts";
import { inModelThread } from "./model-thread.ts";

export type ModelLibraryOptions = {
  readonly folders: readonly ModelFolder[];
  /** Where it remembers what files are. */
  readonly cacheDir: string;
  readonly log: Log;
  /** Age of what is known of the folders, in milliseconds. */
  readonly keptMs?: number;
};

/**
 * The files of weights in the models folders, known by their content. A file is read when it is new or has changed;
 * what was found out is remembered between starts.
 */
export class ModelLibrary {
  readonly #folders: readonly ModelFolder[];
  readonly #index: ModelIndex;
  readonly #keptMs: number;
  #latest: { readonly at: number; readonly entries: Promise<readonly ModelEntry[]> } | undefined;

  constructor({ folders, cacheDir, log, keptMs = MODELS_KEPT_MS }: ModelLibraryOptions) {
    this.#folders = folders;
    this.#index = new ModelIndex(join(cacheDir, "models.json"), log);
    this.#keptMs = keptMs;
  }

  /** Every file of weights, in the order of the folders and of their names. */
  async list(): Promise<readonly ModelEntry[]> {
    if (!this.#latest || performance.now() - this.#latest.at >= this.#keptMs) {
      const entries = this.#look();
      this.#latest = { at: performance.now(), entries };
      entries.catch(() => (this.#latest = undefined));
    }
    return this.#latest.entries;
  }

  /**
   * A model that can be used: the one of this name, else the first of its family, checkpoints before graphs that come
   * ready, which have one precision for all devices. A name is one that `list` shows, or
   * the last part of one, in any case, with an extension or without.
   * @returns undefined where there is none
   * @throws AppError `model_unusable` for one that is there and cannot be used
   */
  async find(family: string, name?: string): Promise<ModelEntry | undefined> {
    const entries = (await this.list()).filter((entry) => entry.family === family || (entry.family === "" && name));
    const wanted = name?.toLowerCase();
    const named = entries.filter((entry) => wanted === undefined || namesOf(entry).includes(wanted));
    const ready = named.filter(({ state }) => state === "ready");
    const [first] = named;
    if (ready.length > 0 || !first) return ready.find(({ format }) => format !== "onnx") ?? ready[0];
    throw new AppError("model_unusable", first.problem ?? `${basename(first.path)}: it cannot be used.`);
  }

  /** One file, wherever it lies, as it is now. @returns undefined where it is gone, or does not begin as weights do */
  async at(path: string): Promise<ModelEntry | undefined> {
    const about = await stat(path).catch(() => undefined);
    if (!about?.isFile()) return undefined;
    const { size: bytes, mtimeMs } = about;
    let facts = (await this.#index.recall(path, { bytes, mtimeMs }))?.facts;
    if (facts === undefined) {
      facts = (await inModelThread({ kind: "inspect", paths: [path] }))[path];
      if (facts === undefined) return undefined;
      await this.#index.remember(new Map([[path, { bytes, mtimeMs, facts }]]));
    }
    if (!facts) return undefined;
    const name = basename(path).replace(/\.[A-Za-z0-9]{1,12}$/, "");
    return this.#entry({ name, path, bytes, mtimeMs, folder: { path: dirname(path) } }, facts);
  }

  async #look(): Promise<readonly ModelEntry[]> {
    const files = await filesIn(this.#folders);
    const facts = await this.#facts(files);
    return files.flatMap((file) => {
      const found = facts.get(file.path);
      if (!found || (file.folder.shared && found.family === "")) return [];
      return [this.#entry(file, found)];
    });
  }

  /** What files are, all of their folders; those that are not remembered are read, in a thread. */
  async #facts(files: readonly FoundFile[]): Promise<ReadonlyMap<string, ModelFacts | null>> {
    const facts = new Map<string, ModelFacts | null>();
    const unknown: FoundFile[] = [];
    for (const file of files) {
      const known = await this.#index.recall(file.path, file);
      if (known) facts.set(file.path, known.facts);
      else unknown.push(file);
    }
    if (unknown.length === 0) return facts;
    const looked = await inModelThread({ kind: "inspect", paths: unknown.map(({ path }) => path) });
    const remembered = new Map<string, Remembered>();
    for (const { path, bytes, mtimeMs } of unknown) {
      const found = looked[path];
      if (found === undefined) continue;
      facts.set(path, found);
      remembered.set(path, { bytes, mtimeMs, facts: found });
    }
    const present = new Set(files.map(({ path }) => path));
    const searched = [...new Set(files.map(({ folder }) => `${folder.path}${sep}`))];
    const keep = (path: string): boolean => present.has(path) || !searched.some((folder) => path.startsWith(folder));
    await this.#index.remember(remembered, keep);
    return facts;
  }

  #entry({ name, path, bytes, mtimeMs, folder }: FoundFile, facts: ModelFacts): ModelEntry {
    const sha256 = (options?: HashOptions): Promise<string> => this.#hash(path, { bytes, mtimeMs, facts }, options);
    // An index stands for files beside it.
    const all = isShardIndex(path) ? (facts.weightBytes ?? bytes) : bytes;
    return { ...facts, name, path, bytes: all, where: folder.path, sha256 };
  }

  async #hash(path: string, file: Remembered, { signal, onProgress }: HashOptions = {}): Promise<string> {
    try {
      const parts = partsOf(path);
      const fingerprint = await fingerprintOf(parts);
      const known = await this.#index.recall(path, file);
      if (known?.sha256 !== undefined && known.fingerprint === fingerprint) return known.sha256;
      const hash = createHash("sha256");
      let bytes = 0;
      for (const part of parts) {
        for await (const chunk of createReadStream(part, { highWaterMark: 1 << 18, ...(signal ? { signal } : {}) })) {
          hash.update(chunk as Buffer);
          bytes += (chunk as Buffer).length;
          onProgress?.(bytes);
        }
      }
      const sha256 = hash.digest("hex");
      const now = await stat(path);
      if ((await fingerprintOf(parts)) === fingerprint && now.size === file.bytes && now.mtimeMs === file.mtimeMs) {
        await this.#index.remember(new Map([[path, { ...file, sha256, fingerprint }]]));
      }
      return sha256;
    } catch (error) {
      if (isAbort(error)) throw toAppError(error);
      throw new AppError("model_unusable", `${basename(path)}: it cannot be read. Check that it is still there.`, {
        cause: error,
      });
    }
  }
}

function namesOf({ name, path }: ModelEntry): readonly string[] {
  const last = name.slice(name.lastIndexOf("/") + 1);
  return [name, last, basename(path)].map((each) => each.toLowerCase());
}

/** A model's files: an index of shards comes with them. @throws AppError `model_unusable` */
function partsOf(path: string): readonly string[] {
  if (!isShardIndex(path)) return [path];
  using index = openFile(path);
  return [path, ...[...readShardIndex(index).keys()].map((file) => join(dirname(path), file))];
}
