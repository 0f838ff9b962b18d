import { join } from "node:path";
import { AppError, toAppError } from "../errors.ts";
import { PAYLOAD_FILE_BYTES } from "../limits/jobs.ts";
import { JobDatabase } from "./job-database.ts";
import { COLUMNS, type Row, toRecord } from "./job-schema.ts";
import type { JobRecord, JobState } from "./job.ts";
import { noPayload, type Payload, PayloadFiles } from "./payload-files.ts";

/** A webhook that is to be sent. */
export type DueWebhook = {
  readonly jobId: string;
  readonly url: string;
  readonly dueAt: number;
  readonly tries: number;
};

/**
 * Jobs in SQLite, with bodies and outputs that are large in files beside it. What a method has answered for survives the
 * death of the process at any moment. One process at a time.
 */
export class JobStore implements Disposable {
  readonly #database: JobDatabase;
  readonly #files: PayloadFiles;

  private constructor(database: JobDatabase, files: PayloadFiles) {
    this.#database = database;
    this.#files = files;
  }

  /**
   * Opens the store in a folder, which is made when missing.
   * @throws AppError `conflict` when another process has it; `storage_failed`
   */
  static async open(folder: string): Promise<JobStore> {
    let database: JobDatabase | undefined;
    try {
      const files = await PayloadFiles.open(join(folder, "payloads"));
      const opened = (database = JobDatabase.open(join(folder, "jobs.sqlite")));
      await files.removeStray((id, payload) => {
        const row = opened.get("SELECT output_given FROM jobs WHERE id = ?", id);
        return row !== undefined && !(payload === "output" && row["output_given"] === 0);
      });
      return new JobStore(opened, files);
    } catch (error) {
      database?.[Symbol.dispose]();
      const known = toAppError(error);
      if (known.code !== "internal") throw known;
      throw new AppError("storage_failed", "The jobs cannot be kept in TALKBOX_DATA. Check that it can be written.", {
        cause: error,
      });
    }
  }

  /** Keeps a new job. Answers false when its idempotency key is taken. */
  async add(record: JobRecord, body: readonly Buffer[]): Promise<boolean> {
    const small = await this.#keep(record.id, "body", body);
    const added = this.#database.run(
      `INSERT INTO jobs (id, operation, state, policy, created_at, expires_at, webhook, idempotency_key, body_digest, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      record.id,
      record.operation,
      record.state,
      JSON.stringify(record.policy),
      record.createdAt,
      record.expiresAt,
      record.webhook,
      record.idempotencyKey,
      record.bodyDigest,
      small,
    );
    if (added === 0) await this.#files.delete(record.id, "body");
    return added > 0;
  }

  get(id: string): JobRecord | undefined {
    return this.#one(`SELECT ${COLUMNS} FROM jobs WHERE id = ?`, id);
  }

  byIdempotencyKey(key: string): JobRecord | undefined {
    return this.#one(`SELECT ${COLUMNS} FROM jobs WHERE idempotency_key = ?`, key);
  }

  /** The jobs in a state, oldest first. */
  inState(state: JobState): JobRecord[] {
    return this.#database
      .all(`SELECT ${COLUMNS} FROM jobs WHERE state = ? ORDER BY created_at, rowid`, state)
      .map(toRecord);
  }

  /** The latest jobs, newest first, but for those of some operations. */
  latest(limit: number, without: readonly string[]): JobRecord[] {
    const sql = `SELECT ${COLUMNS} FROM jobs WHERE operation NOT IN (SELECT value FROM json_each(?))
      ORDER BY created_at DESC, rowid DESC LIMIT ?`;
    return this.#database.all(sql, JSON.stringify(without), limit).map(toRecord);
  }

  /** Ids of the jobs whose time is over. */
  expired(now: number): string[] {
    return this.#database.all("SELECT id FROM jobs WHERE expires_at <= ?", now).map(({ id }) => String(id));
  }

  /** Jobs by state. */
  counts(): Partial<Record<JobState, number>> {
    const rows = this.#database.all("SELECT state, count(*) AS n FROM jobs GROUP BY state");
    return Object.fromEntries(rows.map(({ state, n }) => [String(state), Number(n)]));
  }

  /** The job is under way. */
  start(id: string, now: number): void {
    const sql = "UPDATE jobs SET state = 'IN_PROGRESS', started_at = ?, attempts = attempts + 1 WHERE id = ?";
    this.#database.run(sql, now, id);
  }

  /** The job waits again; `attempts` says how often it counts as begun. */
  async requeue(id: string, attempts: number): Promise<void> {
    this.#database.run(
      `UPDATE jobs SET state = 'IN_QUEUE', started_at = NULL, finished_at = NULL, error = NULL, output = NULL,
       output_given = 0, attempts = ? WHERE id = ?`,
      attempts,
      id,
    );
    await this.#files.delete(id, "output");
  }

  /** Writes an output to where `finish` expects it, without which nobody sees it. */
  async prepareOutput(id: string, pieces: readonly Buffer[]): Promise<Buffer | null> {
    return this.#keep(id, "output", pieces);
  }

  /** The job has ended; its webhook, if any, is due at once. */
  finish(
    id: string,
    end: Pick<JobRecord, "state" | "error" | "artifacts" | "finishedAt" | "expiresAt">,
    output?: { readonly small: Buffer | null },
  ): void {
    this.#database.atOnce(() => {
      this.#database.run(
        `UPDATE jobs SET state = ?, error = ?, artifacts = ?, finished_at = ?, expires_at = ?, output = ?,
         output_given = ? WHERE id = ?`,
        end.state,
        end.error,
        JSON.stringify(end.artifacts),
        end.finishedAt,
        end.expiresAt,
        output?.small ?? null,
        output ? 1 : 0,
        id,
      );
      this.#database.run(
        `INSERT OR REPLACE INTO webhooks (job_id, url, due_at, tries)
         SELECT id, webhook, ?, 0 FROM jobs WHERE id = ? AND webhook IS NOT NULL`,
        end.finishedAt,
        id,
      );
    });
  }

  /** The job's files are gone. */
  forgetArtifacts(id: string): void {
    this.#database.run("UPDATE jobs SET artifacts = '[]' WHERE id = ?", id);
  }

  async delete(id: string): Promise<void> {
    this.#database.run("DELETE FROM jobs WHERE id = ?", id);
    this.#database.run("DELETE FROM webhooks WHERE job_id = ?", id);
    await Promise.all([this.#files.delete(id, "body"), this.#files.delete(id, "output")]);
  }

  /** The body as it came. @throws AppError `not_found` */
  async body(id: string): Promise<Buffer> {
    return this.#read(id, "body", this.#database.get("SELECT body AS small FROM jobs WHERE id = ?", id));
  }

  /** The output's JSON text; undefined when the job left none. @throws AppError `not_found` */
  async output(id: string): Promise<Buffer | undefined> {
    const row = this.#database.get("SELECT output AS small, output_given AS given FROM jobs WHERE id = ?", id);
    return row?.["given"] === 0 ? undefined : this.#read(id, "output", row);
  }

  webhooks(): DueWebhook[] {
    return this.#database.all("SELECT * FROM webhooks ORDER BY due_at").map((row) => ({
      jobId: String(row["job_id"]),
      url: String(row["url"]),
      dueAt: Number(row["due_at"]),
      tries: Number(row["tries"]),
    }));
  }

  /** A webhook is to be sent again later, or with `undefined` no more. */
  rescheduleWebhook(jobId: string, next: { readonly dueAt: number; readonly tries: number } | undefined): void {
    if (!next) this.#database.run("DELETE FROM webhooks WHERE job_id = ?", jobId);
    else {
      const { dueAt, tries } = next;
      this.#database.run("UPDATE webhooks SET due_at = ?, tries = ? WHERE job_id = ?", dueAt, tries, jobId);
    }
  }

  [Symbol.dispose](): void {
    this.#database[Symbol.dispose]();
  }

  /** Writes a large payload to its file and answers null, or answers a small one for the database. */
  async #keep(id: string, payload: Payload, pieces: readonly Buffer[]): Promise<Buffer | null> {
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (bytes <= PAYLOAD_FILE_BYTES) return Buffer.concat(pieces);
    await this.#files.write(id, payload, pieces);
    return null;
  }

  async #read(id: string, payload: Payload, row: Row | undefined): Promise<Buffer> {
    if (row === undefined) throw noPayload();
    const small = row["small"];
    if (!(small instanceof Uint8Array)) return this.#files.read(id, payload);
    return Buffer.from(small.buffer, small.byteOffset, small.byteLength);
  }

  #one(sql: string, value: string): JobRecord | undefined {
    const row = this.#database.get(sql, value);
    return row && toRecord(row);
  }
}
