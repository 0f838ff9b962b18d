/** Limits of what a caller sends: texts, files, URLs, pictures, recordings. Those that a deployment may set stand in `config.ts`. */

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

/** Most levels of nesting in a job's JSON. */
export const MAX_JOB_DEPTH = 32;

/** Largest seed: 32 bits. */
export const MAX_SEED = 0xffff_ffff;

/** Shortest and longest recording of a reference voice, in seconds. */
export const REFERENCE_SECONDS = { min: 1, max: 120 } as const;

/** Most speakers in one dialogue. */
export const MAX_SPEAKERS = 16;

/** Most points of a pitch that a caller brings: an hour of one each hundredth of a second. */
export const MAX_F0_POINTS = 360_000;

/** Longest pause between two turns of a dialogue that a caller may ask for, in seconds. */
export const MAX_TURN_PAUSE_SECONDS = 10;

/** Longest search for a face in one picture, in milliseconds. */
export const FACE_TIMEOUT_MS = 60_000;

/** Most pixels of a picture that is to be an avatar. */
export const MAX_PICTURE_PIXELS = 64_000_000;

/** Least pixels on the shorter side of such a picture, and across a face in it. */
export const MIN_PICTURE_SIDE = 64;
export const MIN_FACE_WIDTH = 40;

/** Most bytes of a job's JSON besides its long strings, which may be as long as the body. */
export const MAX_JSON_STRUCTURE_BYTES = 1024 * 1024;

/** Longest video that is to be an avatar, in seconds, and its longest side, in pixels; larger ones are scaled down. */
export const MAX_AVATAR_VIDEO_SECONDS = 60;
export const MAX_AVATAR_VIDEO_SIDE = 1920;

/** Longest name of a company or a job, in characters. */
export const MAX_INTERVIEW_NAME = 100;

/** Largest recording of a voice that is uploaded, and body that carries one as base64, in bytes. */
export const MAX_VOICE_UPLOAD_BYTES = 64 * 1024 * 1024;
export const MAX_VOICE_BODY_BYTES = 96 * 1024 * 1024;

/** Largest note on a voice beside its file, in bytes. */
export const MAX_VOICE_NOTE_BYTES = 64 * 1024;
