/** A job's states, as the platform names them. */
export const JOB_STATES = ["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"] as const;

export type JobState = (typeof JOB_STATES)[number];

/** Whether nothing more happens to a job in this state, unless it is tried again. */
export function isFinal(state: JobState): boolean {
  return state !== "IN_QUEUE" && state !== "IN_PROGRESS";
}

/** What a caller may ask about how a job is run. */
export type JobPolicy = {
  /** Longest run, milliseconds. */
  readonly executionTimeout: number;
  /** Life of the job from its submission, milliseconds. */
  readonly ttl: number;
  /** Waits behind all jobs that are not. */
  readonly lowPriority: boolean;
  /** -100 to 100; higher runs first. */
  readonly priority: number;
  /** What becomes of a job whose process died: it is run `again`, or has failed. */
  readonly retry: "again" | "fail";
};

/** What is kept of a job besides its body and output. Times are epoch milliseconds. */
export type JobRecord = {
  readonly id: string;
  readonly operation: string;
  readonly state: JobState;
  readonly policy: JobPolicy;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** When the job is forgotten. */
  readonly expiresAt: number;
  /** Times that it was begun. */
  readonly attempts: number;
  readonly webhook: string | null;
  readonly idempotencyKey: string | null;
  /** Lower-case hex SHA-256 of the body, where there is an idempotency key. */
  readonly bodyDigest: string | null;
  /** What the platform's clients get as `error`: a JSON text with six keys. */
  readonly error: string | null;
  /** Keys of the files that the job stored. */
  readonly artifacts: readonly string[];
};

/** What a job came to: its result, and the JSON of it in pieces. */
export type JobOutput = { readonly value: Readonly<Record<string, unknown>>; readonly json: readonly Buffer[] };

/** What a status answer is made from. */
export type JobView = {
  readonly record: JobRecord;
  /** Where a job under way is. */
  readonly progress?: unknown;
  /** What the job came to, for those who waited for it; the others find it in the store. */
  readonly output?: JobOutput;
};

/** Milliseconds in the queue, and of work; undefined while they are not known. */
export function jobTimes({ createdAt, startedAt, finishedAt }: JobRecord): {
  delayTime?: number;
  executionTime?: number;
} {
  return {
    ...(startedAt === null ? {} : { delayTime: Math.max(0, startedAt - createdAt) }),
    ...(startedAt === null || finishedAt === null ? {} : { executionTime: Math.max(0, finishedAt - startedAt) }),
  };
}
