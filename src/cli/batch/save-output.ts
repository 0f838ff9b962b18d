import { mkdir, rename, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { AppError } from "../../errors.ts";
import { MAX_OUTPUT_DOWNLOAD_BYTES, OUTPUT_DOWNLOAD_TIMEOUT_MS } from "../../limits/batch.ts";
import { decodeBase64 } from "../../net/base64.ts";
import { guardedFetch } from "../../net/guarded-fetch.ts";
import { safeName } from "../../storage/file-name.ts";

/** Characters from which a text that stands beside a file name is worth a file of its own. */
const WORTH_A_FILE = 256;

const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)?[^,]{0,200};base64,/i;

/**
 * Saves a job's output into a folder: files that it carries as base64 are decoded, those that it names by URL are
 * downloaded, and `result.json` has the rest, with the files' names in their place.
 * @returns the names of the files
 * @throws AppError when a file cannot be decoded, downloaded or written
 */
export async function saveOutput(output: unknown, folder: string, signal: AbortSignal): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const saver = new Saver(folder, signal);
  const result = await saver.value(output, undefined);
  const path = join(folder, "result.json");
  await writeFile(`${path}.part`, `${JSON.stringify(result, null, 2)}\n`, { flush: true });
  await rename(`${path}.part`, path);
  return [...saver.names, "result.json"];
}

class Saver {
  readonly names = new Set<string>();
  readonly #folder: string;
  readonly #signal: AbortSignal;
  /** Files by the URL they came from: one that is named twice is downloaded once. */
  readonly #downloaded = new Map<string, string>();

  constructor(folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
  }

  /** A value of the output with its files saved. `name` is what a file in it is to be called. */
  async value(value: unknown, name: string | undefined): Promise<unknown> {
    if (typeof value === "string") return this.#text(value, name);
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const item of value) items.push(await this.value(item, undefined));
      return items;
    }
    if (typeof value !== "object" || value === null) return value;
    return this.#object(value as Record<string, unknown>);
  }

  async #object(object: Record<string, unknown>): Promise<Record<string, unknown>> {
    const filename = typeof object["filename"] === "string" ? object["filename"] : undefined;
    const saved: Record<string, unknown> = {};
    // Artifacts first: they know the names of the files that other fields carry or point to.
    const fields = Object.entries(object).toSorted(([a], [b]) => Number(b === "artifacts") - Number(a === "artifacts"));
    for (const [field, value] of fields) saved[field] = await this.#field(field, value, filename);
    return Object.fromEntries(Object.keys(object).map((field) => [field, saved[field]]));
  }

  async #field(field: string, value: unknown, filename: string | undefined): Promise<unknown> {
    if (typeof value !== "string" || filename === undefined) return this.value(value, undefined);
    if (/^(url|.*_url)$/.test(field) && /^https?:\/\//.test(value)) return this.#download(value, filename);
    const carriesFile = field === "base64" || field === "data" || field.startsWith("output_");
    // An artifact's field says what it is, however short; captions are.
    const least = field === "base64" ? 1 : WORTH_A_FILE;
    if (carriesFile && value.length >= least && /^[A-Za-z0-9+/=\s]+$/.test(value.slice(0, WORTH_A_FILE))) {
      return this.#decode(value, filename);
    }
    return this.#text(value, filename);
  }

  async #text(text: string, name: string | undefined): Promise<string> {
    const known = this.#downloaded.get(text);
    if (known !== undefined) return known;
    const [, type] = DATA_URL.exec(text.slice(0, 256)) ?? [];
    return type === undefined
      ? text
      : this.#decode(text, name ?? `file.${type.split("/").at(-1)?.replace(/\W.*/, "")}`);
  }

  async #decode(text: string, name: string): Promise<string> {
    const bytes = await decodeBase64(text, {
      maxBytes: MAX_OUTPUT_DOWNLOAD_BYTES,
      code: "invalid_input",
      signal: this.#signal,
    });
    const file = this.#freeName(name);
    await writeFile(join(this.#folder, file), bytes, { flush: true });
    return file;
  }

  async #download(url: string, name: string): Promise<string> {
    const known = this.#downloaded.get(url);
    if (known !== undefined) return known;
    const file = this.#freeName(name);
    const path = join(this.#folder, `${file}.part`);
    await guardedFetch(url, {
      path,
      maxBytes: MAX_OUTPUT_DOWNLOAD_BYTES,
      timeoutMs: OUTPUT_DOWNLOAD_TIMEOUT_MS,
      // The endpoint is the owner's own, and may be on this machine or beside it.
      allowPrivate: true,
      signal: this.#signal,
    }).catch((error: unknown) => {
      if (error instanceof AppError && error.code === "cancelled") throw error;
      const why = error instanceof Error ? error.message : "";
      throw new AppError("download_failed", `The output ${name} could not be downloaded: ${why}`, { cause: error });
    });
    await rename(path, join(this.#folder, file));
    this.#downloaded.set(url, file);
    return file;
  }

  /** The name made safe, and another if it is taken. */
  #freeName(name: string): string {
    const safe = safeName(name, "file");
    const extension = extname(safe);
    let free = safe;
    for (let count = 2; this.names.has(free) || free === "result.json"; count++) {
      free = `${safe.slice(0, safe.length - extension.length)}-${count}${extension}`;
    }
    this.names.add(free);
    return free;
  }
}
