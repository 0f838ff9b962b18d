/** Every limit, timeout and retry that is not a deployment's to set. Those that are stand in `config.ts`. */

/** Most code points of text in one request. */
export const MAX_TEXT_CODE_POINTS = 20_000;

/** Most bytes of one decoded base64 input. */
export const MAX_INLINE_INPUT_BYTES = 200 * 1024 * 1024;

/** Most bytes of one input fetched by URL. */
export const MAX_DOWNLOAD_BYTES = 500 * 1024 * 1024;

/** Longest download, in milliseconds. */
export const DOWNLOAD_TIMEOUT_MS = 120_000;

/** Times to live that a caller may ask for, in seconds: a minute to thirty days. */
export const TTL_SECONDS = { min: 60, max: 30 * 24 * 3600 } as const;

/** Most levels of nesting in a job's JSON. */
export const MAX_JOB_DEPTH = 32;
