import { openBucket } from "../../handler/output-places.ts";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import type { OutboxEntry } from "../storage/outbox/entry.ts";
import { stopSignals } from "./stop-signals.ts";

/** Prints what waits to be sent to the bucket. */
export async function listOutbox(options: { readonly json: boolean }, config: Config): Promise<void> {
  using bucket = open(config);
  const entries = await bucket.outbox.list();
  if (options.json) return void process.stdout.write(`${JSON.stringify(entries, null, 2)}\n`);
  if (entries.length === 0) return void process.stdout.write("Nothing waits.\n");
  process.stdout.write(`${entries.map(describe).join("\n")}\n`);
}

/** Sends what waits. Exit code 1 when something still does, or was lost. */
export async function flushOutbox(options: { readonly json: boolean }, config: Config): Promise<void> {
  using bucket = open(config);
  using interrupt = stopSignals();
  const report = await bucket.outbox.flush(interrupt.signal);
  const { sent, expired, lost, waiting } = report;
  const lines = [
    ...sent.map((entry) => `sent     ${describe(entry)}`),
    ...expired.map((entry) => `expired  ${describe(entry)} (deleted: its time was over)`),
    ...lost.map((entry) => `lost     ${describe(entry)} (its file is gone)`),
    ...waiting.map(({ entry, reason }) => `waits    ${describe(entry)}: ${reason}`),
  ];
  const text = options.json ? JSON.stringify(report, null, 2) : lines.join("\n") || "Nothing waits.";
  process.stdout.write(`${text}\n`);
  if (waiting.length > 0 || lost.length > 0) process.exitCode = 1;
}

function open(config: Config) {
  const bucket = openBucket(config);
  if (!bucket) {
    throw new AppError("invalid_input", "No bucket is configured: set BUCKET_ENDPOINT_URL and its key.");
  }
  return { ...bucket, [Symbol.dispose]: () => bucket.client[Symbol.dispose]() };
}

function describe({ key, bytes, since, expiresAt }: OutboxEntry): string {
  const until = expiresAt === null ? "kept for good" : `until ${new Date(expiresAt).toISOString()}`;
  return `${key}  ${bytes} bytes, since ${new Date(since).toISOString()}, ${until}`;
}
