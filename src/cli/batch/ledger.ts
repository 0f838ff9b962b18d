import { type FileHandle, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "../../errors.ts";

/**
 * What is known of a line: `submitting` is written before the job is sent, `submitted` when its id is known, `open` when
 * it is surely not under way (refused, or failed and to be tried again), `done` when it has ended and its outputs are
 * saved, `unknown` when nobody can say whether it ran.
 */
export type LedgerState = "submitting" | "submitted" | "open" | "done" | "unknown";

export type LedgerEntry = {
  readonly at: string;
  readonly key: string;
  readonly line: number;
  readonly state: LedgerState;
  /** Times that it was submitted. */
  readonly attempt: number;
  /** The job's id on the endpoint. */
  readonly id?: string;
  /** The platform's final state, for `done` and for an attempt that failed. */
  readonly status?: string;
  /** Milliseconds of work and in the queue. */
  readonly executionTime?: number;
  readonly delayTime?: number;
  readonly error?: string;
  /** Saved files, relative to the ledger's folder. */
  readonly files?: readonly string[];
};

/**
 * The record of a batch: one JSON line for each thing that happens, on the disk before the next is done. The last entry
 * of a line is what counts.
 */
export class Ledger implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #lock: string;
  readonly #last = new Map<string, LedgerEntry>();
  /** Milliseconds of work of all attempts that the ledger tells of. */
  executionMs = 0;
  delayMs = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle, lock: string) {
    this.#file = file;
    this.#lock = lock;
  }

  /**
   * Opens a ledger, or makes it. A last line that a killed run left half-written is cut off.
   * @throws AppError `conflict` when another run writes it; `invalid_input` when it cannot be read
   */
  static async open(path: string): Promise<Ledger> {
    await mkdir(dirname(path), { recursive: true });
    const lock = `${path}.lock`;
    await takeLock(lock);
    const text = await readFile(path, "utf8").catch(() => "");
    const end = text.lastIndexOf("\n") + 1;
    const file = await open(path, "a");
    await file.truncate(Buffer.byteLength(text.slice(0, end)));
    const ledger = new Ledger(file, lock);
    for (const [index, line] of text.slice(0, end).split("\n").entries()) {
      if (line === "") continue;
      try {
        ledger.#remember(JSON.parse(line) as LedgerEntry);
      } catch (cause) {
        await ledger[Symbol.asyncDispose]();
        throw new AppError(
          "invalid_input",
          `Line ${index + 1} of ${path} cannot be read. Mend it, or use another --out.`,
          {
            cause,
          },
        );
      }
    }
    return ledger;
  }

  last(key: string): LedgerEntry | undefined {
    return this.#last.get(key);
  }

  /** Resolves when the entry is on the disk. */
  async write(entry: Omit<LedgerEntry, "at">): Promise<void> {
    const whole: LedgerEntry = { at: new Date().toISOString(), ...entry };
    const written = this.#writing.then(async () => {
      await this.#file.appendFile(`${JSON.stringify(whole)}\n`);
      await this.#file.datasync();
      this.#remember(whole);
    });
    this.#writing = written.catch(() => undefined);
    await written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    await this.#file.close();
    await rm(this.#lock, { force: true });
  }

  #remember(entry: LedgerEntry): void {
    this.#last.set(entry.key, entry);
    this.executionMs += entry.executionTime ?? 0;
    this.delayMs += entry.delayTime ?? 0;
  }
}

/** Makes the lock, also in place of one whose process is no more. */
async function takeLock(path: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(String(process.pid));
      return await file.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw new AppError("storage_failed", "The ledger cannot be written. Choose another folder with --out.", {
          cause: error,
        });
      }
      const holder = Number(await readFile(path, "utf8").catch(() => ""));
      if (attempt > 0 || (holder > 0 && isAlive(holder))) {
        throw new AppError(
          "conflict",
          `Another batch (process ${holder}) writes to the same folder. Choose another --out.`,
          {
            cause: error,
          },
        );
      }
      await rm(path, { force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
