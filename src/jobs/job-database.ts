import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { AppError } from "../errors.ts";
import { JOB_LOG } from "../limits/jobs.ts";
import { type Row, SCHEMA, VERSION } from "./job-schema.ts";

/** The database of jobs, held by one process at a time. The lock goes with the process. */
export class JobDatabase implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Changes since the log was moved into the database in a pause. */
  #changes = 0;
  #pause: NodeJS.Timeout | undefined;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Opens a file, with its tables, which are made when missing.
   * @throws AppError `conflict` when another process has it, or another version made it; what SQLite says otherwise
   */
  static open(path: string): JobDatabase {
    const database = new DatabaseSync(path);
    try {
      // Exclusive: a second server would run the first one's jobs. NORMAL: a commit waits for no disk.
      database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      // Moving the log into the database holds this thread up, 4 ms for 1000 pages: it is done in pauses. This many
      // pages, some 200 jobs that came without one, are moved by the change that wrote the last of them.
      database.exec(`PRAGMA wal_autocheckpoint = ${JOB_LOG.pages}`);
      database.exec(`BEGIN IMMEDIATE; ${SCHEMA}; COMMIT`);
      const found = database.prepare("PRAGMA user_version").get() as { user_version: number };
      if (found.user_version !== 0 && found.user_version !== VERSION) {
        throw new AppError("conflict", "The jobs in TALKBOX_DATA are those of another version. Use another folder.");
      }
      database.exec(`PRAGMA user_version = ${VERSION}`);
      return new JobDatabase(database);
    } catch (cause) {
      database.close();
      if (!/locked|busy/i.test(cause instanceof Error ? cause.message : "")) throw cause;
      throw new AppError(
        "conflict",
        "Another Talkbox serves jobs from the same TALKBOX_DATA. Stop it, or give this one another folder.",
        { cause },
      );
    }
  }

  /** The rows that a query finds. */
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values);
  }

  /** The first of them. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values);
  }

  /** Changes rows; answers how many. @throws AppError `storage_failed` */
  run(sql: string, ...values: SQLInputValue[]): number {
    try {
      const { changes } = this.#prepare(sql).run(...values);
      this.#changed();
      return Number(changes);
    } catch (cause) {
      throw new AppError(
        "storage_failed",
        "The job could not be written down. Check that TALKBOX_DATA has space and can be written.",
        { cause },
      );
    }
  }

  /** Makes all changes of `work`, or none. */
  atOnce(work: () => void): void {
    this.#database.exec("BEGIN");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#pause);
    if (this.#database.isOpen) this.#database.close();
  }

  #changed(): void {
    if (++this.#changes < JOB_LOG.changes) return;
    if (this.#pause) this.#pause.refresh();
    else this.#pause = setTimeout(() => this.#moveLog(), JOB_LOG.idleMs).unref();
  }

  #moveLog(): void {
    this.#changes = 0;
    try {
      this.#database.exec("PRAGMA wal_checkpoint(PASSIVE)");
      // The change after it begins the log anew, which waits for the disk, too: not the next job's, but this one.
      this.#database.exec(`PRAGMA user_version = ${VERSION}`);
    } catch {
      // The log keeps what could not be moved. A full disk is told by the next change.
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }
}
