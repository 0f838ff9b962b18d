/** Limits and timeouts of speech and conversation: the voice process, remote services, language models. Those that a deployment may set stand in `config.ts`. */

/** Longest time for the process that speaks to stand up and say one sentence, in milliseconds. */
export const SENTENCE_TIMEOUT_MS = 10_000;

/** Time after a cancel before the process that still speaks is killed, in milliseconds. */
export const SPEECH_ABORT_GRACE_MS = 150;

/** Time without work after which a thread of the voice engines ends, in milliseconds. */
export const IDLE_THREAD_MS = 60_000;

/**
 * Requests to a speech service that the operator has set up, in milliseconds and bytes. One sentence, with all tries of
 * it, has `sentenceMs`; `headersMs` and `idleMs` are the longest silences before and within an answer; after trouble that
 * trying again does not help against, the service rests for `restMs`. `voicesKeptMs` is the age of a list of voices.
 */
export const SPEECH_SERVICE = {
  connectMs: 5_000,
  headersMs: 20_000,
  idleMs: 10_000,
  sentenceMs: 30_000,
  voicesMs: 5_000,
  voicesKeptMs: 300_000,
  restMs: 15_000,
  tries: 3,
  pauseMs: 500,
  longestPauseMs: 8_000,
  maxBytes: 64 * 1024 * 1024,
  atOnce: 4,
} as const;

/** Longest time for the speech of one chunk, in milliseconds, as the chunk API's document has it. */
export const CHUNK_SPEECH_TIMEOUT_MS = 30_000;

/** Chunks of one text that are made at once. */
export const CHUNKS_AT_ONCE = 2;

/** Life of what the chunk API makes, in seconds. */
export const CHUNK_TTL_SECONDS = 3600;

/**
 * Silences of a language model's host, in milliseconds: before the first token, between two, for all of a reply, and for a
 * look whether it answers. TALKBOX_LLM_TIMEOUT has the first two for the host that is asked first.
 */
export const CHAT_TIMEOUTS = { firstMs: 20_000, nextMs: 10_000, wholeMs: 90_000, healthMs: 3_000 } as const;

/** Time that a language model which did not answer is not asked again, while another replies; milliseconds. */
export const CHAT_REST_MS = 15_000;

/** Age of what is known of a language model's state, in milliseconds. */
export const CHAT_HEALTH_KEPT_MS = 5_000;

/** Messages of a conversation that are looked at (50 turns), and most that may be sent. */
export const CHAT_HISTORY = { used: 100, most: 2_000 } as const;

/** Conversations that a server keeps for clients without a history of their own, and how long after their last message. */
export const CHAT_SESSIONS = { most: 1_000, idleMs: 30 * 60_000 } as const;

/** Most sound that is spoken ahead of the pictures, in seconds: 17 MB of samples at 24 kHz. */
export const SPEECH_AHEAD_SECONDS = 180;
