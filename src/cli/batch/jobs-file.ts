import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { AppError } from "../../errors.ts";
import { MAX_BATCH_LINE_BYTES } from "../../limits/batch.ts";

/** One job of a batch. */
export type BatchLine = {
  /** From 1. */
  readonly number: number;
  /** What the line says, and which of several that say the same it is: moving lines about does not change it. */
  readonly key: string;
  /** The body that is sent. */
  readonly request: { readonly input: unknown } & Record<string, unknown>;
};

/**
 * Reads a file with one job a line: `{ input, policy?, webhook? }`, or the `{ operation, params }` that would be its
 * input. Empty lines and those that begin with `#` are passed over.
 * @throws AppError `invalid_input` naming every line that is no job
 */
export async function readJobsFile(path: string): Promise<BatchLine[]> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new AppError("invalid_input", `${path} was not found or cannot be read. Give a file with one job a line.`, {
      cause,
    });
  });
  const lines: BatchLine[] = [];
  const violations: { path: string; message: string }[] = [];
  const seen = new Map<string, number>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const number = index + 1;
    const request = readLine(line);
    if (typeof request === "string") {
      violations.push({ path: `line ${number}`, message: request });
      continue;
    }
    const digest = createHash("sha256").update(line).digest("hex").slice(0, 16);
    const count = (seen.get(digest) ?? 0) + 1;
    seen.set(digest, count);
    lines.push({ number, key: `${digest}-${count}`, request });
  }
  if (violations.length > 0) {
    const list = violations.map(({ path: where, message }) => `${where}: ${message}`).join(" ");
    throw new AppError("invalid_input", `${path} cannot be run as it is. ${list}`, { violations });
  }
  if (lines.length === 0) throw new AppError("invalid_input", `${path} has no jobs.`);
  return lines;
}

/** The body to send, or what is wrong with the line. */
function readLine(line: string): BatchLine["request"] | string {
  if (Buffer.byteLength(line) > MAX_BATCH_LINE_BYTES) return "Larger than an endpoint takes. Send files by URL.";
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "Not valid JSON.";
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "Not an object.";
  const job = value as Record<string, unknown>;
  if ("input" in job) {
    return typeof job["input"] === "object" && job["input"] !== null
      ? { ...job, input: job["input"] }
      : "Its input is no object.";
  }
  if (typeof job["operation"] !== "string") return "It has neither `input` nor `operation`.";
  return { input: job };
}
