import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError, isAbort, toAppError } from "../../errors.ts";
import { OUTBOX_CLAIM_MS, STALE_UPLOAD_MS } from "../../limits/storage.ts";
import type { StoredFile } from "../artifact-store.ts";
import { copyAndDigest, digestFile, type FileDigest } from "../hash-file.ts";
import { claimFile } from "./claim.ts";
import { type OutboxEntry, parseEntry } from "./entry.ts";

/** What the outbox needs of the bucket that it sends to. */
export type OutboxTarget = {
  /** As `describeBucket` has it: entries for another bucket wait for that one. */
  readonly name: string;
  store(): Promise<{
    put(
      source: string,
      options: {
        readonly key: string;
        readonly mime: string;
        readonly ttlSeconds: number | null;
        readonly expiresAt: number | null;
        readonly signal?: AbortSignal | undefined;
      },
    ): Promise<StoredFile>;
    stat(key: string): Promise<StoredFile>;
  }>;
};

export type OutboxOptions = {
  /** Made when something is put into it. */
  readonly folder: string;
  readonly target: OutboxTarget;
  /** Epoch milliseconds; default the system's clock. */
  readonly now?: () => number;
};

/** What became of each entry. Those that another process was sending are in none of the lists. */
export type FlushReport = {
  readonly sent: readonly OutboxEntry[];
  /** They had expired, and were deleted. */
  readonly expired: readonly OutboxEntry[];
  /** Their files are gone, and the bucket does not have them. */
  readonly lost: readonly OutboxEntry[];
  readonly waiting: readonly { readonly entry: OutboxEntry; readonly reason: string }[];
};

/**
 * Files that a bucket did not take, kept on disk until it does: `<id>.bin` with `<id>.json` beside it, which is written
 * last and makes the entry. Any number of processes may add and flush: who sends an entry holds its `<id>.claim`. An
 * entry is sent under the key and with the expiry that its answer has named already.
 */
export class Outbox {
  readonly #folder: string;
  readonly #target: OutboxTarget;
  readonly #now: () => number;

  constructor({ folder, target, now = Date.now }: OutboxOptions) {
    this.#folder = folder;
    this.#target = target;
    this.#now = now;
  }

  /**
   * Takes a file, which is gone from where it was afterwards; when that fails, it is still there.
   * @throws AppError storage_failed when it cannot be written; cancelled
   */
  async add(
    path: string,
    file: { readonly key: string; readonly mime: string; readonly expiresAt: number | null },
    signal?: AbortSignal,
  ): Promise<OutboxEntry> {
    const id = `${String(this.#now()).padStart(14, "0")}-${randomUUID().slice(0, 8)}`;
    const kept = this.#file(id, "bin");
    try {
      await mkdir(this.#folder, { recursive: true });
      const digest = await bringIn(path, kept, signal);
      const entry: OutboxEntry = { id, ...file, ...digest, bucket: this.#target.name, since: this.#now() };
      const draft = this.#file(id, "draft");
      await writeFile(draft, JSON.stringify(entry), { flag: "wx" });
      await rename(draft, this.#file(id, "json"));
      return entry;
    } catch (error) {
      await rename(kept, path).catch(() => undefined);
      for (const ending of ["bin", "draft"]) await rm(this.#file(id, ending), { force: true }).catch(() => undefined);
      const known = toAppError(error);
      if (known.code !== "internal" || isAbort(error)) throw known;
      throw new AppError(
        "storage_failed",
        "The output could not be kept on disk. Check that TALKBOX_DATA can be written.",
        {
          cause: error,
        },
      );
    }
  }

  /** What waits, oldest first. */
  async list(): Promise<readonly OutboxEntry[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const found = await Promise.all(
      names.filter((name) => name.endsWith(".json")).map(async (name) => this.#read(name.slice(0, -".json".length))),
    );
    return found.filter((entry) => entry !== undefined).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Strikes out what is to lie under a key, so that it is never sent. Answers whether there was something. */
  async remove(key: string): Promise<boolean> {
    const found = (await this.list()).filter((entry) => entry.key === key);
    for (const { id } of found) {
      for (const ending of ["json", "bin"]) await rm(this.#file(id, ending), { force: true });
    }
    return found.length > 0;
  }

  /** Sends what waits. Stops at the first that the bucket does not take: the others would wait as long for nothing. */
  async flush(signal?: AbortSignal): Promise<FlushReport> {
    const report = {
      sent: [] as OutboxEntry[],
      expired: [] as OutboxEntry[],
      lost: [] as OutboxEntry[],
      waiting: [] as { entry: OutboxEntry; reason: string }[],
    };
    let failure: string | undefined;
    for (const { id } of await this.list()) {
      await using claim = await claimFile(this.#file(id, "claim"), OUTBOX_CLAIM_MS);
      // Claimed by another process, or sent by one in the meantime.
      const entry = claim && (await this.#read(id));
      if (!entry) continue;
      const reason = failure ?? this.#reasonToWait(entry);
      if (reason !== undefined) {
        report.waiting.push({ entry, reason });
        continue;
      }
      try {
        report[await this.#send(entry, signal)].push(entry);
      } catch (error) {
        const known = toAppError(error);
        if (known.code === "cancelled") throw known;
        failure = known.message;
        report.waiting.push({ entry, reason: failure });
      }
    }
    await this.#removeStale();
    return report;
  }

  #reasonToWait({ bucket, expiresAt }: OutboxEntry): string | undefined {
    const expired = expiresAt !== null && expiresAt <= this.#now();
    return bucket === this.#target.name || expired ? undefined : `It is for another bucket: ${bucket}.`;
  }

  async #send(entry: OutboxEntry, signal?: AbortSignal): Promise<"sent" | "expired" | "lost"> {
    const { id, key, mime, expiresAt, sha256 } = entry;
    let outcome: "sent" | "expired" | "lost" = "sent";
    if (expiresAt !== null && expiresAt <= this.#now()) {
      outcome = "expired";
    } else {
      const store = await this.#target.store();
      if (await exists(this.#file(id, "bin"))) {
        await store.put(this.#file(id, "bin"), { key, mime, ttlSeconds: null, expiresAt, signal });
      } else {
        // Sent by a process that died before it could strike the entry out, or taken away by somebody.
        const there = await store.stat(key).catch(() => undefined);
        if (there?.sha256 !== sha256) outcome = "lost";
      }
    }
    for (const ending of ["json", "bin"]) await rm(this.#file(id, ending), { force: true });
    return outcome;
  }

  /** Files that never became entries, as their process died in between. */
  async #removeStale(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    const entries = new Set(names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5)));
    for (const name of names) {
      if (name.endsWith(".json") || entries.has(name.replace(/\.[^.]+$/, ""))) continue;
      const found = await stat(join(this.#folder, name)).catch(() => undefined);
      if (found && found.mtimeMs < Date.now() - STALE_UPLOAD_MS) await rm(join(this.#folder, name), { force: true });
    }
  }

  async #read(id: string): Promise<OutboxEntry | undefined> {
    const text = await readFile(this.#file(id, "json"), "utf8").catch(() => undefined);
    return text === undefined ? undefined : parseEntry(id, text);
  }

  #file(id: string, ending: string): string {
    return join(this.#folder, `${id}.${ending}`);
  }
}

async function bringIn(from: string, to: string, signal?: AbortSignal): Promise<FileDigest> {
  const digest = await digestFile(from, signal);
  try {
    await rename(from, to);
    // A moved file is as old as its making; here its age counts from now.
    await utimes(to, new Date(), new Date());
    return digest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
    const copied = await copyAndDigest(from, to, signal);
    await rm(from, { force: true });
    return copied;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
