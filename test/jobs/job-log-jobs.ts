import { randomUUID } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobStore } from "../../src/jobs/job-store.ts";
import type { JobRecord } from "../../src/jobs/job.ts";
import { JOB_LOG } from "../../src/limits/jobs.ts";

/** The log of a store's database. */
export const logPath = (folder: string): string => join(folder, "jobs.sqlite-wal");

/** Keeps a small job in the store, whose body is its id; answers that. */
export async function accept(store: JobStore): Promise<string> {
  const id = randomUUID();
  const now = Date.now();
  const policy = { executionTimeout: 60_000, ttl: 3_600_000, lowPriority: false, priority: 0, retry: "again" } as const;
  const record: JobRecord = {
    id,
    operation: "tts",
    state: "IN_QUEUE",
    policy,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
    expiresAt: now + policy.ttl,
    attempts: 0,
    webhook: null,
    idempotencyKey: null,
    bodyDigest: null,
    error: null,
    artifacts: [],
  };
  await store.add(record, [Buffer.from(id)]);
  return id;
}

/** As many jobs as it takes for the log to be moved in the next pause. */
export async function* acceptGroup(store: JobStore): AsyncGenerator<string, void> {
  for (let count = 0; count < JOB_LOG.changes; count++) yield await accept(store);
}

/** How often the log was begun anew: the checkpoint sequence number in its header, −1 before there is one. */
export async function logsBegun(folder: string): Promise<number> {
  const file = await open(logPath(folder));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(32), 0, 32, 0);
    return bytesRead < 32 ? -1 : buffer.readUInt32BE(12);
  } finally {
    await file.close();
  }
}

/** Resolves when the log has been moved into the database and begun anew. */
export async function waitForNewLog(folder: string, before: number): Promise<void> {
  while ((await logsBegun(folder)) === before) await sleep(5);
}
