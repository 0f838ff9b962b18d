import type { Config } from "../../config.ts";
import type { ModelEntry } from "../../library/models/model-entry.ts";
import { openModels } from "./open.ts";
import { columns, showBytes, showNetwork } from "./show.ts";

/** `talkbox models list`. */
export async function listModels({ json }: { readonly json: boolean }, config: Config): Promise<void> {
  const { library, graphs } = openModels(config);
  const entries = await library.list();
  // Hashes, which take as long as reading the files, are functions, and so left out.
  const text = json ? JSON.stringify(entries, null, 2) : report(entries, config);
  process.stdout.write(`${text}\n`);
  if (json) return;
  const made = await graphs.list();
  if (made.length === 0) return;
  const bytes = made.reduce((sum, graph) => sum + graph.bytes, 0);
  const count = made.length === 1 ? "1 graph" : `${made.length} graphs`;
  process.stdout.write(`\n${count} made of them, ${showBytes(bytes)}: talkbox models clean removes them.\n`);
}

function report(entries: readonly ModelEntry[], { modelsDir }: Config): string {
  if (entries.length === 0) {
    return `No files of weights yet. Put them into ${modelsDir}, or get some: talkbox models pull --help`;
  }
  const lines: string[] = [];
  for (const where of new Set(entries.map((entry) => entry.where))) {
    const here = entries.filter((entry) => entry.where === where);
    const rows = columns(
      here.map((entry) => [entry.name, showNetwork(entry), showBytes(entry.bytes).padStart(9), entry.state]),
    );
    lines.push(...(lines.length > 0 ? [""] : []), where);
    for (const [i, entry] of here.entries()) {
      lines.push(`  ${entry.state === "ready" ? "✓" : "–"} ${rows[i]}`);
      if (entry.problem !== undefined) lines.push(`    → ${entry.problem}`);
      if (entry.licence !== "") lines.push(`    Licence: ${entry.licence}`);
    }
  }
  return lines.join("\n");
}
