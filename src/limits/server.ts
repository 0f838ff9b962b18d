/** Limits and timeouts of the HTTP server and its streams. Those that a deployment may set stand in `config.ts`. */

/** Largest bodies of a job, in bytes, by the route it comes to: as the platform takes them. */
export const MAX_BODY_BYTES = { run: 10 * 1024 * 1024, runsync: 20 * 1024 * 1024 } as const;

/** Waits for a result within one request, in milliseconds, as the platform allows them. */
export const SYNC_WAIT_MS = { min: 1000, max: 300_000, default: 90_000 } as const;

/** Longest wait for the next part within one request for a stream, in milliseconds. */
export const STREAM_WAIT_MS = 20_000;

/** Time for running jobs to end after the server is told to stop, in milliseconds; they are put back after that. */
export const SERVER_DRAIN_MS = 25_000;

/** Time after that for answers under way to get through, in milliseconds, and the pause between two looks for such. */
export const SERVER_CLOSE_MS = { answers: 10_000, look: 50 } as const;

/** Signals to stop that come so soon after the first, in milliseconds, are the same wish; a later one ends at once. */
export const SAME_STOP_MS = 1000;

/** Most bytes of a refused body that are read to their end, so that the refusal reaches the one who sends them. */
export const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

/** Pause between two signs of life in a stream of events, in milliseconds. */
export const EVENT_HEARTBEAT_MS = 15_000;

/** Time in which events that follow one another are put into one answer, in milliseconds. */
export const STREAM_GATHER_MS = 20;

/**
 * Patience of the server, in milliseconds: with a request's head and with all of it to arrive, between two looks for those
 * that took longer, and with the job of a documented route, from the request to its end, unless the document says that
 * there is no limit.
 */
export const SERVER_PATIENCE = { headMs: 20_000, requestMs: 300_000, lookMs: 5_000, jobMs: 900_000 } as const;

/** Largest body of a job that a page on this server sends, in bytes: two WAV stems of a song in base64. */
export const MAX_LOCAL_BODY_BYTES = 192 * 1024 * 1024;

/** Addresses whose requests are counted at once; the one that has been silent longest is forgotten. */
export const RATE_LIMIT_ADDRESSES = 10_000;

/** Time in which a caller of a stream who has gone may come back for the rest before the job is cancelled, in milliseconds. */
export const STREAM_RETURN_MS = 5_000;

/** Largest body of a request to a route that takes nothing but a text and its settings, in bytes: 20,000 code points, escaped. */
export const MAX_AVATAR_BODY_BYTES = 512 * 1024;

/** Largest message over Socket.IO, in bytes. */
export const MAX_SOCKET_MESSAGE_BYTES = 256 * 1024;

/** Jobs that one Socket.IO client may have at once. */
export const MAX_JOBS_OF_A_SOCKET = 8;

/** Largest body of a chat request, in bytes: a long conversation. */
export const MAX_CHAT_BODY_BYTES = 4 * 1024 * 1024;

/** Pictures of avatars that a server keeps in memory, some 20 kB each. */
export const AVATAR_PICTURES_KEPT = 64;
