/** Limits, timeouts and retries of what this machine asks of an endpoint: batches of jobs, and its deployment. Those that a deployment may set stand in `config.ts`. */

/** Longest wait for one answer of RunPod's management API, in milliseconds. */
export const DEPLOY_REQUEST_TIMEOUT_MS = 30_000;

/** Times that a request which changes nothing, or says the same again, is sent to RunPod's management API. */
export const DEPLOY_TRIES = 3;

/** First pause before a line of a batch is submitted again, doubled each time up to the longest, in milliseconds. */
export const BATCH_PAUSE_MS = { first: 1000, longest: 30_000 } as const;

/** Times that a batch submits a line which the endpoint does not take, and looks for one that it cannot reach. */
export const BATCH_TRIES = 8;

/** Longest wait for a result within one request of a batch, in milliseconds, and how much longer its answer may take. */
export const BATCH_WAIT_MS = 90_000;
export const BATCH_ANSWER_GRACE_MS = 60_000;

/** Most bytes of one line of a batch, and of its outputs that are downloaded. */
export const MAX_BATCH_LINE_BYTES = 20 * 1024 * 1024;
export const MAX_OUTPUT_DOWNLOAD_BYTES = 4 * 1024 * 1024 * 1024;
export const OUTPUT_DOWNLOAD_TIMEOUT_MS = 15 * 60_000;

/** Most missed runs of a schedule that are listed one by one. */
export const MAX_MISSED_RUNS = 1000;
