import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Names of the folders under `models/rvc` that hold a `.pth` file, sorted. A missing folder counts as empty. */
export async function listVoiceModels(modelsDir: string): Promise<string[]> {
  const root = join(modelsDir, "rvc");
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const names: string[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory() && !entry.isSymbolicLink()) continue;
    const files = await readdir(join(root, entry.name)).catch(() => []);
    if (files.some((file) => file.endsWith(".pth"))) names.push(entry.name);
  }
  return names.toSorted();
}
