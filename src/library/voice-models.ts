import { readdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * Names of the folders under `models/rvc`, and under a second place of theirs, that hold a `.pth` file, sorted. A missing
 * folder counts as empty.
 */
export async function listVoiceModels(modelsDir: string, second = ""): Promise<string[]> {
  const names = new Set<string>();
  for (const root of voiceModelRoots(modelsDir, second)) {
    const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isDirectory() && !entry.isSymbolicLink()) continue;
      const files = await readdir(join(root, entry.name)).catch(() => []);
      if (files.some((file) => file.endsWith(".pth"))) names.add(entry.name);
    }
  }
  return [...names].toSorted();
}

/** Where folders of RVC voices lie. */
export function voiceModelRoots(modelsDir: string, second = ""): readonly string[] {
  return [join(modelsDir, "rvc"), ...(second === "" ? [] : [second])];
}
