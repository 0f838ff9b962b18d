import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { round1 } from "../telemetry.ts";
import type { JobRecord } from "./job.ts";

/** The keys of the files that a result says are stored. */
export function artifactKeys(result: Record<string, unknown>): string[] {
  const artifacts = Array.isArray(result["artifacts"])
    ? (result["artifacts"] as { key?: unknown; url?: unknown }[])
    : [];
  return artifacts.flatMap(({ key, url }) => (typeof key === "string" && typeof url === "string" ? [key] : []));
}

/** Adds the time in the queue to the receipt, which knows of the handler's own alone. */
export function withQueueTime(
  result: Record<string, unknown>,
  { createdAt, startedAt }: JobRecord,
): Record<string, unknown> {
  const receipt = result["receipt"] as { queue_ms?: unknown; total_ms?: unknown } | undefined;
  if (typeof receipt?.queue_ms !== "number" || typeof receipt.total_ms !== "number") return result;
  const waited = Math.max(0, (startedAt ?? createdAt) - createdAt);
  return {
    ...result,
    receipt: { ...receipt, queue_ms: round1(receipt.queue_ms + waited), total_ms: round1(receipt.total_ms + waited) },
  };
}

/** Lower-case hex SHA-256 of pieces that follow one another, in slices that leave the event loop its turns. */
export async function bodyDigest(pieces: readonly Buffer[]): Promise<string> {
  const SLICE = 1 << 20;
  const hash = createHash("sha256");
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += SLICE) {
      hash.update(piece.subarray(at, at + SLICE));
      if (piece.length > SLICE) await nextTurn();
    }
  }
  return hash.digest("hex");
}
