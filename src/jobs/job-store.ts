import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { AppError, toAppError } from "../errors.ts";
import { PAYLOAD_FILE_BYTES } from "../limits.ts";
import type { JobRecord, JobState } from "./job.ts";
import { COLUMNS, type Row, SCHEMA, toRecord, VERSION } from "./job-schema.ts";

/** What a job brings along or leaves. */
type Payload = "body" | "output";

/** A webhook that is to be sent. */
export type DueWebhook = {
  readonly jobId: string;
  readonly url: string;
  readonly dueAt: number;
  readonly tries: number;
};

/** Ids are our own: a letter more, and a payload's file name could be anything. */
const JOB_ID = /^[A-Za-z0-9-]{1,80}$/;

/**
 * Jobs in SQLite, with bodies and outputs that are large in files beside it. What a method has answered for survives the
 * death of the process at any moment. One process at a time: the lock goes with it.
 */
export class JobStore implements Disposable {
  readonly #database: DatabaseSync;
  readonly #folder: string;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync, folder: string) {
    this.#database = database;
    this.#folder = folder;
  }

  /**
   * Opens the store in a folder, which is made when missing.
   * @throws AppError `conflict` when another process has it; `storage_failed`
   */
  static async open(folder: string): Promise<JobStore> {
    const payloads = join(folder, "payloads");
    let database: DatabaseSync | undefined;
    try {
      await mkdir(payloads, { recursive: true, mode: 0o700 });
      database = new DatabaseSync(join(folder, "jobs.sqlite"));
      // Exclusive: a second server would run the first one's jobs. NORMAL: a commit waits for no disk.
      database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      database.exec(`BEGIN IMMEDIATE; ${SCHEMA}; COMMIT`);
      const found = database.prepare("PRAGMA user_version").get() as { user_version: number };
      if (found.user_version !== 0 && found.user_version !== VERSION) {
        throw new AppError("conflict", "The jobs in TALKBOX_DATA are those of another version. Use another folder.");
      }
      database.exec(`PRAGMA user_version = ${VERSION}`);
      const store = new JobStore(database, payloads);
      await store.#removeStrayFiles();
      return store;
    } catch (error) {
      database?.close();
      if (/locked|busy/i.test(error instanceof Error ? error.message : "")) {
        throw new AppError(
          "conflict",
          "Another Talkbox serves jobs from the same TALKBOX_DATA. Stop it, or give this one another folder.",
          { cause: error },
        );
      }
      const known = toAppError(error);
      if (known.code !== "internal") throw known;
      throw new AppError("storage_failed", "The jobs cannot be kept in TALKBOX_DATA. Check that it can be written.", {
        cause: error,
      });
    }
  }

  /** Keeps a new job. Answers false when its idempotency key is taken. */
  async add(record: JobRecord, body: Buffer): Promise<boolean> {
    const small = await this.#keep(record.id, "body", [body]);
    const { policy } = record;
    const { changes } = this.#run(
      `INSERT INTO jobs (id, operation, state, policy, created_at, expires_at, webhook, idempotency_key, body_digest, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      [
        record.id,
        record.operation,
        record.state,
        JSON.stringify(policy),
        record.createdAt,
        record.expiresAt,
        record.webhook,
        record.idempotencyKey,
        record.bodyDigest,
        small,
      ],
    );
    if (changes === 0) await this.#drop(record.id, "body");
    return changes > 0;
  }

  get(id: string): JobRecord | undefined {
    return this.#one(`SELECT ${COLUMNS} FROM jobs WHERE id = ?`, id);
  }

  byIdempotencyKey(key: string): JobRecord | undefined {
    return this.#one(`SELECT ${COLUMNS} FROM jobs WHERE idempotency_key = ?`, key);
  }

  /** The jobs in a state, oldest first. */
  inState(state: JobState): JobRecord[] {
    const rows = this.#prepare(`SELECT ${COLUMNS} FROM jobs WHERE state = ? ORDER BY created_at, rowid`).all(
      state,
    ) as Row[];
    return rows.map(toRecord);
  }

  /** The latest jobs, newest first, but for those of some operations. */
  latest(limit: number, without: readonly string[]): JobRecord[] {
    const rows = this.#prepare(
      `SELECT ${COLUMNS} FROM jobs WHERE operation NOT IN (SELECT value FROM json_each(?))
       ORDER BY created_at DESC, rowid DESC LIMIT ?`,
    ).all(JSON.stringify(without), limit) as Row[];
    return rows.map(toRecord);
  }

  /** Ids of the jobs whose time is over. */
  expired(now: number): string[] {
    const rows = this.#prepare("SELECT id FROM jobs WHERE expires_at <= ?").all(now) as { id: string }[];
    return rows.map(({ id }) => id);
  }

  /** Jobs by state. */
  counts(): Partial<Record<JobState, number>> {
    const rows = this.#prepare("SELECT state, count(*) AS n FROM jobs GROUP BY state").all() as {
      state: JobState;
      n: number;
    }[];
    return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
  }

  /** The job is under way. */
  start(id: string, now: number): void {
    this.#run("UPDATE jobs SET state = 'IN_PROGRESS', started_at = ?, attempts = attempts + 1 WHERE id = ?", [now, id]);
  }

  /** The job waits again; `attempts` says how often it counts as begun. */
  async requeue(id: string, attempts: number): Promise<void> {
    this.#run(
      `UPDATE jobs SET state = 'IN_QUEUE', started_at = NULL, finished_at = NULL, error = NULL, output = NULL,
       output_given = 0, attempts = ? WHERE id = ?`,
      [attempts, id],
    );
    await this.#drop(id, "output");
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
    this.#database.exec("BEGIN");
    try {
      this.#run(
        `UPDATE jobs SET state = ?, error = ?, artifacts = ?, finished_at = ?, expires_at = ?, output = ?,
         output_given = ? WHERE id = ?`,
        [
          end.state,
          end.error,
          JSON.stringify(end.artifacts),
          end.finishedAt,
          end.expiresAt,
          output?.small ?? null,
          output ? 1 : 0,
          id,
        ],
      );
      this.#run(
        `INSERT OR REPLACE INTO webhooks (job_id, url, due_at, tries)
         SELECT id, webhook, ?, 0 FROM jobs WHERE id = ? AND webhook IS NOT NULL`,
        [end.finishedAt, id],
      );
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** The job's files are gone. */
  forgetArtifacts(id: string): void {
    this.#run("UPDATE jobs SET artifacts = '[]' WHERE id = ?", [id]);
  }

  async delete(id: string): Promise<void> {
    this.#run("DELETE FROM jobs WHERE id = ?", [id]);
    this.#run("DELETE FROM webhooks WHERE job_id = ?", [id]);
    await Promise.all([this.#drop(id, "body"), this.#drop(id, "output")]);
  }

  /** The body as it came. @throws AppError `not_found` */
  async body(id: string): Promise<Buffer> {
    return this.#read(id, "body", this.#prepare("SELECT body AS small, 1 AS given FROM jobs WHERE id = ?").get(id));
  }

  /** The output's JSON text; undefined when the job left none. @throws AppError `not_found` */
  async output(id: string): Promise<Buffer | undefined> {
    const row = this.#prepare("SELECT output AS small, output_given AS given FROM jobs WHERE id = ?").get(id);
    return row?.["given"] === 0 ? undefined : this.#read(id, "output", row);
  }

  webhooks(): DueWebhook[] {
    const rows = this.#prepare("SELECT * FROM webhooks ORDER BY due_at").all() as Row[];
    return rows.map((row) => ({
      jobId: String(row["job_id"]),
      url: String(row["url"]),
      dueAt: Number(row["due_at"]),
      tries: Number(row["tries"]),
    }));
  }

  /** A webhook is to be sent again later, or with `undefined` no more. */
  rescheduleWebhook(jobId: string, next: { readonly dueAt: number; readonly tries: number } | undefined): void {
    if (next) this.#run("UPDATE webhooks SET due_at = ?, tries = ? WHERE job_id = ?", [next.dueAt, next.tries, jobId]);
    else this.#run("DELETE FROM webhooks WHERE job_id = ?", [jobId]);
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  /** Writes a large payload to its file and answers null, or answers a small one for the database. */
  async #keep(id: string, payload: Payload, pieces: readonly Buffer[]): Promise<Buffer | null> {
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (bytes <= PAYLOAD_FILE_BYTES) return Buffer.concat(pieces);
    const path = this.#path(id, payload);
    try {
      await writeFile(path, pieces, { mode: 0o600, flush: true });
    } catch (error) {
      await rm(path, { force: true });
      const known = toAppError(error);
      if (known.code !== "internal") throw known;
      throw new AppError("storage_failed", "The job could not be kept in TALKBOX_DATA.", { cause: error });
    }
    return null;
  }

  async #read(id: string, payload: Payload, row: Row | undefined): Promise<Buffer> {
    const small = row?.["small"];
    if (row === undefined) throw new AppError("not_found", "There is no such job, or it has expired.");
    if (small instanceof Uint8Array) return Buffer.from(small.buffer, small.byteOffset, small.byteLength);
    return readFile(this.#path(id, payload)).catch((cause: unknown) => {
      throw new AppError("not_found", "There is no such job, or it has expired.", { cause });
    });
  }

  async #drop(id: string, payload: Payload): Promise<void> {
    await rm(this.#path(id, payload), { force: true });
  }

  #path(id: string, payload: Payload): string {
    if (!JOB_ID.test(id)) throw new AppError("not_found", "There is no such job, or it has expired.");
    return join(this.#folder, `${id}.${payload}.json`);
  }

  /** Files of jobs that were never accepted, or whose deletion was cut short. */
  async #removeStrayFiles(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const [id = "", payload] = name.split(".");
      const row = this.#prepare("SELECT output_given FROM jobs WHERE id = ?").get(id);
      if (!row || (payload === "output" && row["output_given"] === 0)) {
        await rm(join(this.#folder, name), { force: true });
      }
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }

  #run(sql: string, values: readonly (string | number | null | Uint8Array)[]): { readonly changes: number | bigint } {
    try {
      return this.#prepare(sql).run(...values);
    } catch (error) {
      throw new AppError(
        "storage_failed",
        "The job could not be written down. Check that TALKBOX_DATA has space and can be written.",
        { cause: error },
      );
    }
  }

  #one(sql: string, value: string): JobRecord | undefined {
    const row = this.#prepare(sql).get(value);
    return row && toRecord(row);
  }
}
