import type { AppError } from "../errors.ts";
import type { JobEvent } from "../events.ts";
import { PARTS_KEPT } from "../limits/jobs.ts";
import { EventLog } from "./event-log.ts";
import type { JobOutput, JobRecord } from "./job.ts";

/**
 * What a job told: everything, to be read again and again, and the parts of its output, to be fetched once; and what it
 * failed with.
 */
export type JobLogs = { readonly events: EventLog; readonly parts: EventLog; failure?: AppError };

/** The logs of a job that tells nothing any more. @param attempts of the job */
export function endedLogs(attempts: number): JobLogs {
  const logs = openLogs(attempts);
  logs.events.end();
  logs.parts.end();
  return logs;
}

/** Ids rise from one attempt to the next, so that a reader who comes back with an old one misses nothing. */
function openLogs(attempts: number): JobLogs {
  const from = attempts * 1_000_000;
  return { events: new EventLog(from), parts: new EventLog(from, PARTS_KEPT) };
}

/** A job that waits or is under way in this process. */
export class LiveJob {
  record: JobRecord;
  /** The body's value, until the job is begun; undefined where it is to be read from the store. */
  body: unknown;
  /** What the job came to, for those who hold on to it. */
  output: JobOutput | undefined;
  /** Stops the work. */
  readonly work = new AbortController();
  /** Takes the job out of its lane while it waits there; the place of a job under way is free when its work has ended. */
  readonly waiting = new AbortController();
  readonly logs: JobLogs;
  #view: Readonly<Record<string, unknown>> | undefined;
  readonly #left = Promise.withResolvers<void>();

  constructor(record: JobRecord) {
    this.record = record;
    this.logs = openLogs(record.attempts);
  }

  /** Where the job is: its status and progress events, each laid over those before. */
  get progress(): Readonly<Record<string, unknown>> | undefined {
    return this.#view;
  }

  /** Takes note of what the job tells, as the queue worker does on the platform. */
  tell(event: JobEvent): void {
    this.logs.events.push(event);
    const { type, ...fields } = event;
    if (type === "token" || type === "chunk") this.logs.parts.push(event);
    else this.#view = { ...this.#view, ...fields };
  }

  get id(): string {
    return this.record.id;
  }

  /** Resolves when the job has ended or is out of this process's hands. */
  get left(): Promise<void> {
    return this.#left.promise;
  }

  /** The job has ended, or has been put back for another process. */
  leave(): void {
    this.logs.events.end();
    this.logs.parts.end();
    this.#left.resolve();
  }
}
