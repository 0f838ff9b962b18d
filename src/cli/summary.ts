import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { JobResult } from "../../handler/index.ts";

/** A result for people: the files it made, who made them, and where the time went. */
export function summarise({ artifacts, receipt, warnings }: JobResult): string {
  const lines = ["", "Outputs"];
  for (const artifact of artifacts) {
    const length = artifact.duration === undefined ? "" : `${artifact.duration.toFixed(1)} s, `;
    lines.push(
      `  ${place(artifact.url) ?? artifact.filename}  (${artifact.kind}, ${length}${kilobytes(artifact.bytes)})`,
    );
  }
  lines.push("", "Made by");
  for (const { kind, engine, model } of receipt.engines) lines.push(`  ${kind.padEnd(8)} ${engine} (${model})`);
  lines.push("", "Time");
  const widest = Math.max(...receipt.stages.map(({ ms }) => ms), 1);
  for (const { stage, ms } of receipt.stages) {
    lines.push(`  ${stage.padEnd(9)} ${seconds(ms)}  ${"▆".repeat(Math.max(1, Math.round((ms / widest) * 30)))}`);
  }
  lines.push(
    `  ${"total".padEnd(9)} ${seconds(receipt.total_ms)}  after ${seconds(receipt.cold_start_ms).trim()} of start-up`,
  );
  for (const warning of warnings ?? []) lines.push("", `Note: ${warning}`);
  return `${lines.join("\n")}\n`;
}

/** A file's path as a person would type it here. */
function place(url: string | undefined): string | undefined {
  return url?.startsWith("file:") ? relative(process.cwd(), fileURLToPath(url)) : url;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2).padStart(6)} s`;
}

function kilobytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
