/** Limits, timeouts and retries of networks: their files, their memory, their batches, their blocks. Those that a deployment may set stand in `config.ts`. */

/** A voice's index: most lists; vectors and frames that are looked at at once; multiplications before others' turn. */
export const RVC_RETRIEVAL = { maxLists: 65_536, pageRows: 4096, blockFrames: 1024, turn: 10_000_000 } as const;

/**
 * Passages that a song is cut into for an RVC voice, in seconds: what is heard on either side, the longest that is one,
 * the usual length, and how far from that a quiet place is looked for; and the few sizes that they have with what is
 * heard on either side.
 */
export const RVC_PASSAGE = {
  padSeconds: 1,
  longestSeconds: 24,
  usualSeconds: 20,
  searchSeconds: 3,
  widthSeconds: [6, 12, 26],
} as const;

/** Most frames of an RVC voice's latent that are made sound of at once, and how many such parts in a run on a GPU. */
export const RVC_SOUND_FRAMES = 205;
export const RVC_SOUND_BATCHES = [1, 4, 8] as const;

/** Most RVC voices that TALKBOX_PRELOAD opens: where there are more, they are opened when they are asked for. */
export const RVC_PRELOADED_VOICES = 4;

/** Frames that the pitch networks hear at once, and on either side of those; for CREPE in one run too. */
export const RMVPE_BLOCK = { frames: 6000, context: 128 } as const;
export const CREPE_BLOCK = { frames: 3000, context: 100, batch: 256 } as const;

/** Longest wait for what the driver says of a GPU's memory, and how long it is said again, in milliseconds. */
export const GPU_MEMORY_TIMEOUT_MS = 2_000;
export const GPU_MEMORY_KEPT_MS = 5_000;

/** Share of a GPU's memory, and of the machine's, that open networks may take where TALKBOX_MODEL_MEMORY does not say. */
export const GPU_MODEL_SHARE = 0.8;
export const HOST_MODEL_SHARE = 0.5;

/** How many times the bytes of its file a network is thought to take before it was measured, and at most on the host. */
export const MODEL_MEMORY_FACTOR = { expected: 1.5, most: 3 } as const;

/** Time after which a network that nobody uses is closed, in milliseconds. */
export const MODEL_IDLE_MS = 15 * 60_000;

/** Longest wait for others to let go of networks, where there is no room for one more, in milliseconds. */
export const MODEL_WAIT_MS = 60_000;

/** Longest that an item waits for company before it is run, in milliseconds. */
export const BATCH_WAIT_FOR_ITEMS_MS = 4;

/** Sizes of batches on GPUs: every new shape costs a search for the fastest way, so there are few. */
export const BATCH_BUCKETS = [1, 8, 16, 32, 64] as const;

/** Deepest folder below a models folder in which files of weights are looked for, and most files that are looked at. */
export const MODEL_SCAN = { depth: 8, files: 100_000 } as const;

/** Time that the list of models is taken as it is, in milliseconds. */
export const MODELS_KEPT_MS = 5_000;

/**
 * Graphs made from checkpoints, in milliseconds: age of a claim whose process has died, pause between two looks for a
 * graph that another process makes, age of what one that died has left, and pause between two words of progress.
 */
export const GRAPH_CACHE = { staleMs: 30_000, lookMs: 200, abandonedMs: 3_600_000, progressMs: 100 } as const;

/**
 * Downloads of models: longest silence before and within an answer; times in a row that one may fail without a byte
 * having come; pauses between them, doubled from one to the next; time after which the lock of a process that died counts
 * for nothing, and between two looks for one that another has; milliseconds. Bytes that must stay free besides the file.
 */
export const MODEL_PULL = {
  headersMs: 30_000,
  idleMs: 60_000,
  tries: 6,
  pauseMs: 1000,
  longestPauseMs: 30_000,
  staleMs: 30_000,
  lookMs: 500,
  spareBytes: 64 * 1024 * 1024,
} as const;

/** Most bytes of a manifest of models. */
export const MAX_MANIFEST_BYTES = 1024 * 1024;

/**
 * Most bytes of faces as a lip-sync network sees them that are kept in memory, age after which one gives way, in
 * milliseconds, and most bytes of those of prepared avatars on disk.
 */
export const KEPT_FACES = { bytes: 192 * 1024 * 1024, idleMs: 60_000, diskBytes: 2 * 1024 * 1024 * 1024 } as const;
