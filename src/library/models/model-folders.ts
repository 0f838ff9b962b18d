import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Config } from "../../config.ts";
import { MODEL_SCAN } from "../../limits/networks.ts";

/** A folder in which files of weights are looked for. */
export type ModelFolder = {
  readonly path: string;
  /** Holds what others put there for themselves: files that are of no network known are passed over. */
  readonly shared?: boolean;
};

/** A file in such a folder. */
export type FoundFile = {
  /** Below its folder, without extension, with `/` between. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly folder: ModelFolder;
};

/**
 * Pictures, sound, text and what lies beside weights: not opened, so that folders of avatars and voices cost a start
 * nothing. Whatever else a file is called, its content says what it is.
 */
const NO_WEIGHTS =
  /(?<!\.safetensors\.index)\.(avif|csv|flac|gif|html?|index|jpe?g|json|lock|md|mp3|mp4|ogg|part|png|svg|toml|txt|wav|webm|webp|ya?ml)$/i;

/** The network that comes with Talkbox, which knows it already. */
const OWN = /(^|[\\/])mouth[\\/]mouth\.onnx$/;

/** Where the settings say that models lie, the first first. */
export function modelFolders(
  config: Pick<Config, "modelsDir" | "modelFolders" | "volumeDir" | "rvcDir">,
): readonly ModelFolder[] {
  return [
    { path: config.modelsDir },
    ...config.modelFolders.map((path) => ({ path })),
    { path: join(config.volumeDir, "models") },
    { path: config.rvcDir },
    // Where RunPod puts the models of Hugging Face that an endpoint names.
    { path: join(config.volumeDir, "huggingface-cache/hub"), shared: true },
  ];
}

/** Every file in the folders, each once: a folder within another, or a link to a file that was found, adds nothing. */
export async function filesIn(folders: readonly ModelFolder[]): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const seen = new Set<string>();
  for (const folder of folders) {
    const root = await realpath(folder.path).catch(() => undefined);
    if (root !== undefined) await walk(root, 0, { ...folder, path: root }, seen, found);
  }
  return found;
}

async function walk(
  at: string,
  depth: number,
  folder: ModelFolder,
  seen: Set<string>,
  found: FoundFile[],
): Promise<void> {
  if (seen.has(at)) return;
  seen.add(at);
  const entries = await readdir(at, { withFileTypes: true }).catch(() => []);
  const sharded = entries.some(({ name }) => isShardIndex(name));
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    // Hidden ones are caches of other programs.
    if (entry.name.startsWith(".") || found.length >= MODEL_SCAN.files) continue;
    // Parts of a model, which their index stands for.
    if (sharded && /-\d{5}-of-\d{5}\.safetensors$/.test(entry.name)) continue;
    const path = join(at, entry.name);
    const about = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
    if (about?.isDirectory()) {
      if (depth < MODEL_SCAN.depth) await walk(await realpath(path).catch(() => path), depth + 1, folder, seen, found);
    } else if (about?.isFile() && !NO_WEIGHTS.test(entry.name) && !OWN.test(path)) {
      const real = entry.isSymbolicLink() ? await realpath(path).catch(() => path) : path;
      if (seen.has(real)) continue;
      seen.add(real);
      const { size, mtimeMs } = await stat(path).catch(() => ({ size: -1, mtimeMs: 0 }));
      if (size >= 0) found.push({ name: nameOf(relative(folder.path, path)), path, bytes: size, mtimeMs, folder });
    }
  }
}

function nameOf(path: string): string {
  return path.replaceAll("\\", "/").replace(/(\.safetensors\.index\.json|\.[A-Za-z0-9]{1,12})$/, "");
}

/** Whether a file names the files of a model that is in several, by its name: its content is JSON. */
export function isShardIndex(path: string): boolean {
  return path.endsWith(".safetensors.index.json");
}
