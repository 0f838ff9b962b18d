import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { AppError, ERROR_CODES, type ErrorCode, toAppError } from "../../errors.ts";
import { readJobError } from "../../jobs/job-error.ts";
import { BATCH_PAUSE_MS, BATCH_TRIES } from "../../limits/batch.ts";
import { type Answer, isFinalStatus, type RemoteEndpoint, type RemoteJob } from "./endpoint.ts";
import type { BatchLine } from "./jobs-file.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { saveOutput } from "./save-output.ts";

/** What became of a line in this run. `left`: not finished, for a reason that a later run may not meet. */
export type LineEnd = {
  readonly line: number;
  readonly outcome: "completed" | "failed" | "unknown" | "left" | "before";
  readonly message?: string;
  /** Milliseconds of work. */
  readonly executionTime?: number;
};

export type LineRunnerOptions = {
  readonly endpoint: Pick<RemoteEndpoint, "submit" | "look">;
  readonly ledger: Ledger;
  readonly out: string;
  /** Times that a job which failed is run again. */
  readonly retries: number;
  readonly retryUnknown: boolean;
  readonly retryFailed: boolean;
  /** Ends the run: what has been submitted is written down, nothing is waited for. */
  readonly signal: AbortSignal;
  /** First pause, milliseconds; default that of the limits. */
  readonly firstPauseMs?: number;
};

/** Takes lines through the endpoint, one call of `run` for each. */
export class LineRunner {
  readonly #options: LineRunnerOptions;

  constructor(options: LineRunnerOptions) {
    this.#options = options;
  }

  /** @throws AppError `unauthorized` when the key is not accepted; `storage_failed` when the ledger cannot be written */
  async run(line: BatchLine): Promise<LineEnd> {
    const { ledger, retryUnknown, retryFailed } = this.#options;
    const last = ledger.last(line.key);
    const again = last?.state === "done" && last.status !== "COMPLETED" && retryFailed;
    if (last?.state === "done" && !again) return { line: line.number, outcome: "before" };
    if (last?.id !== undefined && (last.state === "submitted" || last.state === "unknown")) {
      const found = await this.#follow(line, last.attempt, last.id);
      if (found.outcome !== "unknown" || !retryUnknown) return found;
    } else if (last?.state === "submitting" || last?.state === "unknown") {
      if (!retryUnknown) return this.#unknown(line, last.attempt, "The run ended while it was being submitted.");
    }
    return this.#submit(line, again ? 0 : (last?.attempt ?? 0));
  }

  /** Submits a line until the endpoint takes it. */
  async #submit(line: BatchLine, attempts: number): Promise<LineEnd> {
    const { endpoint, ledger, signal } = this.#options;
    const attempt = attempts + 1;
    let reason = "";
    for (let count = 0; count < BATCH_TRIES; count++) {
      if (count > 0) await this.#pause(count - 1);
      if (signal.aborted) return { line: line.number, outcome: "left", message: "The run was stopped." };
      await ledger.write({ ...entry(line, attempt), state: "submitting" });
      const answer = await endpoint.submit(line.request);
      switch (answer.kind) {
        case "job":
          return this.#begun(line, attempt, answer.job);
        case "busy":
          reason = answer.reason;
          await ledger.write({ ...entry(line, attempt - 1), state: "open", error: reason });
          break;
        case "refused":
          return this.#refused(line, attempt, answer);
        default:
          return this.#unknown(line, attempt, answer.kind === "unclear" ? answer.reason : "The answer was lost.");
      }
    }
    return { line: line.number, outcome: "left", message: `The endpoint took no more jobs: ${reason}` };
  }

  async #begun(line: BatchLine, attempt: number, job: RemoteJob): Promise<LineEnd> {
    await this.#options.ledger.write({ ...entry(line, attempt), state: "submitted", id: job.id });
    return isFinalStatus(job.status) ? this.#ended(line, attempt, job) : this.#follow(line, attempt, job.id);
  }

  /** Waits for a job that is known by its id. */
  async #follow(line: BatchLine, attempt: number, id: string): Promise<LineEnd> {
    const { endpoint, signal } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const answer = await unlessAborted(endpoint.look(id), signal);
      if (answer === undefined) break;
      if (answer.kind === "gone")
        return this.#unknown(line, attempt, "The endpoint knows of no such job any more.", id);
      if (answer.kind === "job") {
        if (isFinalStatus(answer.job.status)) return this.#ended(line, attempt, { ...answer.job, id });
        failures = 0;
        continue;
      }
      if (answer.kind === "refused") checkKey(answer);
      if (++failures >= BATCH_TRIES) {
        const message = `The endpoint could not be asked for job ${id}: ${answer.reason}`;
        return { line: line.number, outcome: "left", message };
      }
      await this.#pause(failures - 1);
    }
    return { line: line.number, outcome: "left", message: `Job ${id} is under way; the next run takes it up.` };
  }

  async #ended(line: BatchLine, attempt: number, job: RemoteJob): Promise<LineEnd> {
    const { ledger, out, retries, signal } = this.#options;
    const { id, status, executionTime = 0, delayTime = 0 } = job;
    const times = { executionTime, delayTime };
    if (status === "COMPLETED") {
      const folder = `${String(line.number).padStart(5, "0")}-${line.key.slice(0, 8)}`;
      try {
        const files = (await saveOutput(job.output, join(out, folder), signal)).map((name) => `${folder}/${name}`);
        await ledger.write({ ...entry(line, attempt), state: "done", id, status, ...times, files });
        return { line: line.number, outcome: "completed", executionTime };
      } catch (thrown) {
        // The job stays known by its id: a later run asks for its output again.
        const message = `The job is done, and its output could not be saved: ${toAppError(thrown).message}`;
        return { line: line.number, outcome: "left", message };
      }
    }
    const { code, message } = readJobError(typeof job.error === "string" ? job.error : status);
    const error = code === undefined ? message : `${code}: ${message}`;
    if (status === "FAILED" && attempt <= retries && mayHelp(code)) {
      await ledger.write({ ...entry(line, attempt), state: "open", id, status, ...times, error });
      await this.#pause(attempt - 1);
      return this.#submit(line, attempt);
    }
    await ledger.write({ ...entry(line, attempt), state: "done", id, status, ...times, error });
    return { line: line.number, outcome: "failed", message: `${status} ${error}`, executionTime };
  }

  async #refused(line: BatchLine, attempt: number, answer: Answer & { kind: "refused" }): Promise<LineEnd> {
    const { ledger } = this.#options;
    const { reason, status } = answer;
    if (status === 401 || status === 403)
      await ledger.write({ ...entry(line, attempt - 1), state: "open", error: reason });
    checkKey(answer);
    await ledger.write({ ...entry(line, attempt), state: "done", status: "REFUSED", error: reason });
    return { line: line.number, outcome: "failed", message: reason };
  }

  async #unknown(line: BatchLine, attempt: number, why: string, id?: string): Promise<LineEnd> {
    const known = id === undefined ? {} : { id };
    await this.#options.ledger.write({ ...entry(line, attempt), ...known, state: "unknown", error: why });
    return { line: line.number, outcome: "unknown", message: `${why} --retry-unknown runs it again.` };
  }

  /** Waits longer each time, and not all lines the same. */
  async #pause(count: number): Promise<void> {
    const { firstPauseMs = BATCH_PAUSE_MS.first, signal } = this.#options;
    const ms = Math.min(BATCH_PAUSE_MS.longest, firstPauseMs * 2 ** count) * (0.5 + Math.random());
    await pause(ms, undefined, { signal }).catch(() => undefined);
  }
}

function entry({ key, number }: BatchLine, attempt: number): Pick<LedgerEntry, "key" | "line" | "attempt"> {
  return { key, line: number, attempt };
}

/** Whether running a job that failed so again can end otherwise. */
function mayHelp(code: string | undefined): boolean {
  const known = ERROR_CODES.find((candidate): candidate is ErrorCode => candidate === code);
  return known === undefined || known === "internal" || new AppError(known, "").retryable;
}

function checkKey({ status, reason }: { readonly status: number; readonly reason: string }): void {
  if (status === 401 || status === 403) {
    throw new AppError("unauthorized", `The endpoint does not accept the key (${reason}). Set RUNPOD_API_KEY.`);
  }
}

/** What `work` answers, or undefined as soon as `signal` is aborted. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const onAbort = (): void => aborted.resolve(undefined);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
