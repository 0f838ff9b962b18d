import type { Config } from "../../config.ts";
import { GraphCache } from "../../library/models/graph-cache.ts";
import type { ModelEntry } from "../../library/models/model-entry.ts";
import { modelFolders } from "../../library/models/model-folders.ts";
import { ModelLibrary } from "../../library/models/model-library.ts";
import { createLog, type Log } from "../../log.ts";
import { columns, showBytes, showNetwork } from "./show.ts";

/** `talkbox models list`. */
export async function listModels({ json }: { readonly json: boolean }, config: Config): Promise<void> {
  const { library, graphs } = openModels(config);
  const entries = await library.list();
  const text = json ? JSON.stringify(entries.map(asJson), null, 2) : report(entries, config);
  process.stdout.write(`${text}\n`);
  if (json) return;
  const made = await graphs.list();
  if (made.length === 0) return;
  const bytes = made.reduce((sum, graph) => sum + graph.bytes, 0);
  const count = made.length === 1 ? "1 graph" : `${made.length} graphs`;
  process.stdout.write(`\n${count} made of them, ${showBytes(bytes)}: talkbox models clean removes them.\n`);
}

/** `talkbox models clean`. */
export async function cleanModels({ keep }: { readonly keep: string }, config: Config): Promise<void> {
  const most = Number(keep);
  if (!Number.isFinite(most) || most < 0) {
    process.stderr.write(`talkbox: --keep takes gigabytes, such as 5, not "${keep}".\n`);
    process.exitCode = 1;
    return;
  }
  const { graphs } = openModels(config);
  const freed = await graphs.clean(most * 1e9);
  process.stdout.write(freed === 0 ? "There was nothing to remove.\n" : `${showBytes(freed)} are free again.\n`);
}

/** The library and its cache, as the settings have them; the log is for what goes wrong. */
export function openModels(config: Config): { library: ModelLibrary; graphs: GraphCache; log: Log } {
  const log = createLog(config.logLevel === "info" ? { ...config, logLevel: "error" } : config);
  const { cacheDir, cacheLimitBytes } = config;
  return {
    library: new ModelLibrary({ folders: modelFolders(config), cacheDir, log }),
    graphs: new GraphCache({ cacheDir, limitBytes: cacheLimitBytes, log }),
    log,
  };
}

function asJson({
  name,
  family,
  variant,
  format,
  tensors,
  bytes,
  licence,
  state,
  problem,
  path,
  where,
}: ModelEntry): object {
  return {
    name,
    family,
    variant,
    format,
    tensors,
    bytes,
    licence,
    state,
    ...(problem ? { problem } : {}),
    path,
    where,
  };
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
