import type { SQLOutputValue } from "node:sqlite";
import type { JobPolicy, JobRecord, JobState } from "./job.ts";

/** A row of the database. */
export type Row = Record<string, SQLOutputValue>;

/** Version of the tables, kept in the database. */
export const VERSION = 1;

/** The tables of jobs and of webhooks that are still to be sent. Times are epoch milliseconds. */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS jobs (
  id TEXT PRIMARY KEY,
  operation TEXT NOT NULL,
  state TEXT NOT NULL,
  policy TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  expires_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  webhook TEXT,
  idempotency_key TEXT UNIQUE,
  body_digest TEXT,
  error TEXT,
  artifacts TEXT NOT NULL DEFAULT '[]',
  output_given INTEGER NOT NULL DEFAULT 0,
  -- NULL for what is kept in a file.
  body BLOB,
  output BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, created_at);
CREATE INDEX IF NOT EXISTS jobs_by_expiry ON jobs (expires_at);
CREATE TABLE IF NOT EXISTS webhooks (
  job_id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  tries INTEGER NOT NULL
) STRICT`;

/** All columns of a job but the payloads. */
export const COLUMNS = `id, operation, state, policy, created_at, started_at, finished_at, expires_at, attempts, webhook,
  idempotency_key, body_digest, error, artifacts`;

/** A job as its columns have it. */
export function toRecord(row: Row): JobRecord {
  return {
    id: String(row["id"]),
    operation: String(row["operation"]),
    state: row["state"] as JobState,
    policy: JSON.parse(String(row["policy"])) as JobPolicy,
    createdAt: Number(row["created_at"]),
    startedAt: row["started_at"] as number | null,
    finishedAt: row["finished_at"] as number | null,
    expiresAt: Number(row["expires_at"]),
    attempts: Number(row["attempts"]),
    webhook: row["webhook"] as string | null,
    idempotencyKey: row["idempotency_key"] as string | null,
    bodyDigest: row["body_digest"] as string | null,
    error: row["error"] as string | null,
    artifacts: JSON.parse(String(row["artifacts"])) as string[],
  };
}
