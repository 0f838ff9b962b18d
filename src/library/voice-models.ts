import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { openFile } from "../checkpoints/byte-source.ts";
import { readZip } from "../checkpoints/zip.ts";
import type { Config } from "../config.ts";

/** Where RVC voices lie, by the settings. */
export type VoicePlaces = Pick<Config, "modelsDir" | "rvcDir" | "volumeDir">;

/** The files of an RVC voice: beside each other, or in an archive as voices are shared. */
export type VoiceFiles = {
  /** Of its folder, its archive, or its checkpoint where that lies by itself. */
  readonly name: string;
  /** Checkpoints, by their names. */
  readonly checkpoints: readonly string[];
  readonly indexes: readonly string[];
  /** In place of both. */
  readonly archive?: string;
};

const CHECKPOINT = /\.pth$/i;
const INDEX = /\.index$/i;
const ARCHIVE = /\.zip$/i;

/** Folders of RVC voices, the first first. */
export function voiceModelRoots({ modelsDir, rvcDir, volumeDir }: VoicePlaces): readonly string[] {
  return [...new Set([join(modelsDir, "rvc"), rvcDir, join(volumeDir, "models/rvc")])];
}

/**
 * The RVC voices in their folders, sorted by name: a folder each, or a file. Of two of one name the first counts. A folder
 * that is missing holds none; nothing is opened but archives' lists of files.
 */
export async function findVoiceFiles(places: VoicePlaces): Promise<readonly VoiceFiles[]> {
  const found = new Map<string, VoiceFiles>();
  for (const root of voiceModelRoots(places)) {
    const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
    const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    for (const { name } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const voice = files.includes(name)
        ? (voiceInFile(root, name, files) ?? (await voiceIn(root, name)))
        : await voiceIn(root, name);
      if (voice && !found.has(voice.name)) found.set(voice.name, voice);
    }
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Names of the RVC voices that there are, whether they can be used or not. */
export async function listVoiceModels(places: VoicePlaces): Promise<string[]> {
  return (await findVoiceFiles(places)).map(({ name }) => name);
}

/** A voice whose file lies beside other voices. */
function voiceInFile(root: string, file: string, files: readonly string[]): VoiceFiles | undefined {
  const name = file.replace(/\.[a-z]+$/i, "");
  if (CHECKPOINT.test(file)) {
    const own = files.filter((each) => INDEX.test(each) && each.toLowerCase().includes(name.toLowerCase()));
    return { name, checkpoints: [join(root, file)], indexes: own.map((each) => join(root, each)) };
  }
  const archive = join(root, file);
  return ARCHIVE.test(file) && mayHoldVoice(archive) ? { name, checkpoints: [], indexes: [], archive } : undefined;
}

/** A voice in a folder of its own, or in a link to one. */
async function voiceIn(root: string, name: string): Promise<VoiceFiles | undefined> {
  const folder = join(root, name);
  const files = (await readdir(folder).catch((): string[] => [])).toSorted();
  const paths = (kind: RegExp): string[] =>
    files.filter((file) => kind.test(file) && !file.startsWith(".")).map((file) => join(folder, file));
  const checkpoints = paths(CHECKPOINT);
  if (checkpoints.length > 0) return { name, checkpoints, indexes: paths(INDEX) };
  const archive = paths(ARCHIVE).find(mayHoldVoice);
  return archive === undefined ? undefined : { name, checkpoints: [], indexes: [], archive };
}

/** Whether an archive has a checkpoint in it, or cannot be read, which whoever asks for the voice is told. */
function mayHoldVoice(path: string): boolean {
  try {
    using source = openFile(path);
    return [...readZip(source).keys()].some((name) => CHECKPOINT.test(name));
  } catch {
    return true;
  }
}
