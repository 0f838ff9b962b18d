/** Every limit, timeout and retry that is not a deployment's to set. Those that are stand in `config.ts`. */

/** Most code points of text in one request. */
export const MAX_TEXT_CODE_POINTS = 20_000;

/** Most bytes of one decoded base64 input. */
export const MAX_INLINE_INPUT_BYTES = 200 * 1024 * 1024;

/** Most bytes of one input fetched by URL. */
export const MAX_DOWNLOAD_BYTES = 500 * 1024 * 1024;

/** Longest download, in milliseconds. */
export const DOWNLOAD_TIMEOUT_MS = 120_000;

/** Longest wait for a connection to the host of a URL, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Most redirects that are followed. */
export const MAX_REDIRECTS = 5;

/** Longest run of a media tool that only looks at a file or names its abilities, in milliseconds. */
export const PROBE_TIMEOUT_MS = 60_000;

/** Age after which a file on its way into a store counts as left by a process that died, in milliseconds. */
export const STALE_UPLOAD_MS = 3_600_000;

/** Longest time for the process that speaks to stand up and say one sentence, in milliseconds. */
export const SENTENCE_TIMEOUT_MS = 10_000;

/** Time after a cancel before the process that still speaks is killed, in milliseconds. */
export const SPEECH_ABORT_GRACE_MS = 150;

/** Times to live that a caller may ask for, in seconds: a minute to thirty days. */
export const TTL_SECONDS = { min: 60, max: 30 * 24 * 3600 } as const;

/** Most levels of nesting in a job's JSON. */
export const MAX_JOB_DEPTH = 32;

/** Largest seed: 32 bits. */
export const MAX_SEED = 0xffff_ffff;

/** Shortest and longest recording of a reference voice, in seconds. */
export const REFERENCE_SECONDS = { min: 1, max: 120 } as const;

/** Most speakers in one dialogue. */
export const MAX_SPEAKERS = 16;

/** Longest pause between two turns of a dialogue that a caller may ask for, in seconds. */
export const MAX_TURN_PAUSE_SECONDS = 10;

/** Longest search for a face in one picture, in milliseconds. */
export const FACE_TIMEOUT_MS = 60_000;

/** Most pixels of a picture that is to be an avatar. */
export const MAX_PICTURE_PIXELS = 64_000_000;

/** Least pixels on the shorter side of such a picture, and across a face in it. */
export const MIN_PICTURE_SIDE = 64;
export const MIN_FACE_WIDTH = 40;

/** Longest wait for one answer of RunPod's management API, in milliseconds. */
export const DEPLOY_REQUEST_TIMEOUT_MS = 30_000;

/** Times that a request which changes nothing, or says the same again, is sent to RunPod's management API. */
export const DEPLOY_TRIES = 3;
