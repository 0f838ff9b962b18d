import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError, toAppError } from "../errors.ts";

/** What a job brings along or leaves. */
export type Payload = "body" | "output";

/** Ids are our own: a letter more, and a payload's file name could be anything. */
const JOB_ID = /^[A-Za-z0-9-]{1,80}$/;

/** The bodies and outputs of jobs that are too large for the database, each in a file of its own. */
export class PayloadFiles {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param folder made when missing */
  static async open(folder: string): Promise<PayloadFiles> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new PayloadFiles(folder);
  }

  /** Writes a payload, which is on the disk when the promise resolves. @throws AppError `storage_failed` */
  async write(id: string, payload: Payload, pieces: readonly Buffer[]): Promise<void> {
    const path = this.#path(id, payload);
    try {
      await writeFile(path, pieces, { mode: 0o600, flush: true });
    } catch (cause) {
      await rm(path, { force: true });
      const known = toAppError(cause);
      if (known.code !== "internal") throw known;
      throw new AppError("storage_failed", "The job could not be kept in TALKBOX_DATA.", { cause });
    }
  }

  /** @throws AppError `not_found` */
  async read(id: string, payload: Payload): Promise<Buffer> {
    return readFile(this.#path(id, payload)).catch((cause: unknown) => {
      throw noPayload(cause);
    });
  }

  async delete(id: string, payload: Payload): Promise<void> {
    await rm(this.#path(id, payload), { force: true });
  }

  /** Deletes the files of jobs that were never accepted, and those whose deletion was cut short. */
  async removeStray(isWanted: (id: string, payload: string) => boolean): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const [id = "", payload = ""] = name.split(".");
      if (!isWanted(id, payload)) await rm(join(this.#folder, name), { force: true });
    }
  }

  #path(id: string, payload: Payload): string {
    if (!JOB_ID.test(id)) throw noPayload();
    return join(this.#folder, `${id}.${payload}.json`);
  }
}

/** What is said of a job whose payload is not there. */
export function noPayload(cause?: unknown): AppError {
  return new AppError(
    "not_found",
    "There is no such job, or it has expired.",
    cause === undefined ? undefined : { cause },
  );
}
