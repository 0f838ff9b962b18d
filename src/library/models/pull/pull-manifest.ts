import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "../../../errors.ts";
import { looksLikeWeights } from "../inspect-model.ts";
import { compareExisting, downloadFile, type Downloaded, type DownloadOptions } from "./download.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";
import { parseSource, sourceBelow, type SourceSettings } from "./source.ts";

export type PullManifestOptions = DownloadOptions & {
  readonly settings: SourceSettings;
  /** The models folder. */
  readonly into: string;
  /** A place that the files are taken from instead of the manifest's. */
  readonly from?: string | undefined;
  /** Downloads files again that are there. */
  readonly force?: boolean;
  /** Said before each file. */
  readonly starting?: (file: ManifestFile, source: string) => void;
};

/** A file that was downloaded or was there. */
export type Pulled = Omit<Downloaded, "verified"> & {
  /** `record`: it is still what it was when it was downloaded. */
  readonly verified: Downloaded["verified"] | "record";
  readonly file: string;
  readonly path: string;
  /** Empty for one that was there already. */
  readonly source: string;
};

/** Written beside a file: where it came from and what it was then. */
type PullRecord = { readonly sha256: string; readonly source: string; readonly verified: Downloaded["verified"] };

/**
 * Downloads every file of a manifest, one after another; those that are there as they should be are left alone.
 * @throws AppError what the last source of a file said; files before it are there
 */
export async function* pullManifest(manifest: Manifest, options: PullManifestOptions): AsyncGenerator<Pulled, void> {
  for (const file of manifest.files) yield await pullFile(manifest, file, options);
}

async function pullFile(manifest: Manifest, file: ManifestFile, options: PullManifestOptions): Promise<Pulled> {
  const { into, force = false, settings, from, signal, starting } = options;
  const path = join(into, manifest.folder, file.file);
  const found = await stat(path).catch(() => undefined);
  if (found && !force) {
    const record = await readRecord(path);
    const expected = { bytes: file.bytes, sha256: file.sha256 ?? record?.sha256 ?? null, end: file.end };
    const there = await compareExisting(path, expected, signal);
    const verified = file.sha256 === null && record ? "record" : there.verified;
    return { ...there, verified, file: file.file, path, source: "" };
  }
  const texts = from === undefined ? file.sources : [placeOf(from, manifest, file)];
  if (texts.length === 0) throw withoutSource(manifest, file);
  for (const [i, text] of texts.entries()) {
    const source = parseSource(text, settings);
    starting?.(file, source.text);
    try {
      const downloaded = await downloadFile(source, path, file, options);
      if (!looksLikeModel(path)) {
        await rm(path, { force: true });
        throw new AppError(
          "model_unusable",
          `${basename(path)} from ${source.text}: it is no file of weights. Look at ${manifest.page} for the file itself.`,
        );
      }
      const record: PullRecord = { sha256: downloaded.sha256, source: source.text, verified: downloaded.verified };
      await writeFile(recordPath(path), `${JSON.stringify(record)}\n`).catch(() => undefined);
      return { ...downloaded, file: file.file, path, source: source.text };
    } catch (error) {
      const next = texts[i + 1] !== undefined && error instanceof AppError;
      if (!next || ["cancelled", "storage_failed"].includes(error.code)) throw error;
    }
  }
  throw withoutSource(manifest, file);
}

/** A network's file is known by how it begins; a ready graph is one as well. */
function looksLikeModel(path: string): boolean {
  return path.endsWith(".onnx") || looksLikeWeights(path);
}

/** Where one file is within a place that a person gave: the place itself where there is one file and it names it. */
function placeOf(place: string, { files }: Manifest, { file }: ManifestFile): string {
  const last = basename(place.split("?")[0] ?? "").replace(/@[^@]*$/, "");
  const isFile = files.length === 1 && /\.[A-Za-z0-9]{2,12}$/.test(last) && !place.endsWith("/");
  return isFile ? place : sourceBelow(place, file);
}

function withoutSource({ title, page, folder, name }: Manifest, { file }: ManifestFile): AppError {
  return new AppError(
    "not_found",
    `${title}: its project offers no direct download of ${file}. Get it from ${page} and put it into ${folder}/ of the models folder, or name a place that has it: talkbox models pull ${name} --from URL`,
  );
}

function recordPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.pulled.json`);
}

async function readRecord(path: string): Promise<PullRecord | undefined> {
  try {
    return JSON.parse(await readFile(recordPath(path), "utf8")) as PullRecord;
  } catch {
    return undefined;
  }
}
