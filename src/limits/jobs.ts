/** Limits, timeouts and retries of jobs, from their submission to their results and webhooks. Those that a deployment may set stand in `config.ts`. */

/** Times to live that a caller may ask for, in seconds: a minute to thirty days. */
export const TTL_SECONDS = { min: 60, max: 30 * 24 * 3600 } as const;

/** Bytes from which a job's body or output is kept in a file of its own instead of the database. */
export const PAYLOAD_FILE_BYTES = 32 * 1024;

/**
 * The write-ahead log of the jobs' database: it is moved into the database after so many changes (2 to 4 MB of log) once none
 * has come for so long, in milliseconds; where changes never pause, at so many pages of 4 KB.
 */
export const JOB_LOG = { changes: 200, idleMs: 50, pages: 2000 } as const;

/** What a job may ask for, in milliseconds: longest run, and life from its submission. */
export const EXECUTION_TIMEOUT_MS = { min: 5000, max: 7 * 24 * 3600_000, default: 600_000 } as const;
export const JOB_TTL_MS = { min: 10_000, max: 7 * 24 * 3600_000, default: 24 * 3600_000 } as const;

/** Time that a finished job and its output can be asked for, in milliseconds. */
export const RESULT_KEPT_MS = 30 * 60_000;

/** Pause between two looks for jobs whose time is over, in milliseconds. */
export const JOB_SWEEP_MS = 1000;

/** Time for the work of jobs that are put back at the end of the server to stop, in milliseconds. */
export const JOB_STOP_MS = 2000;

/** Times that a job is begun when the process dies under it. */
export const MAX_JOB_ATTEMPTS = 3;

/** Jobs that only look something up and run at once. */
export const LIGHT_JOBS = 16;

/** Events of one job that are kept for those who come late: their number and their bytes of JSON. */
export const EVENT_REPLAY = { events: 512, bytes: 1024 * 1024 } as const;

/** The same of parts of its output, which are kept until they are fetched. */
export const PARTS_KEPT = { events: 10_000, bytes: 16 * 1024 * 1024 } as const;

/** Finished jobs whose events are still kept, and their bytes altogether. */
export const FINISHED_LOGS = { jobs: 200, bytes: 64 * 1024 * 1024 } as const;

/** Pauses before a webhook is sent again, in milliseconds; its longest answer; how many are under way at once. */
export const WEBHOOK_PAUSES_MS = [10_000, 10_000, 60_000, 600_000] as const;
export const WEBHOOK_TIMEOUT_MS = 15_000;
export const WEBHOOKS_AT_ONCE = 8;

/** Longest idempotency key, in characters. */
export const MAX_IDEMPOTENCY_KEY = 255;

/** Jobs in one list of the latest. */
export const JOBS_LISTED = { default: 50, max: 500 } as const;

/** Pause between two looks at a waiting job's place in the queue, in milliseconds. */
export const QUEUE_LOOK_MS = 500;
