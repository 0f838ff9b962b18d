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

/** Largest bodies of a job, in bytes, by the route it comes to: as the platform takes them. */
export const MAX_BODY_BYTES = { run: 10 * 1024 * 1024, runsync: 20 * 1024 * 1024 } as const;

/** Most bytes of a job's JSON besides its long strings, which may be as long as the body. */
export const MAX_JSON_STRUCTURE_BYTES = 1024 * 1024;

/** Bytes from which a job's body or output is kept in a file of its own instead of the database. */
export const PAYLOAD_FILE_BYTES = 32 * 1024;

/** What a job may ask for, in milliseconds: longest run, and life from its submission. */
export const EXECUTION_TIMEOUT_MS = { min: 5000, max: 7 * 24 * 3600_000, default: 600_000 } as const;
export const JOB_TTL_MS = { min: 10_000, max: 7 * 24 * 3600_000, default: 24 * 3600_000 } as const;

/** Time that a finished job and its output can be asked for, in milliseconds. */
export const RESULT_KEPT_MS = 30 * 60_000;

/** Pause between two looks for jobs whose time is over, in milliseconds. */
export const JOB_SWEEP_MS = 1000;

/** Times that a job is begun when the process dies under it. */
export const MAX_JOB_ATTEMPTS = 3;

/** Jobs that only look something up and run at once. */
export const LIGHT_JOBS = 16;

/** Waits for a result within one request, in milliseconds, as the platform allows them. */
export const SYNC_WAIT_MS = { min: 1000, max: 300_000, default: 90_000 } as const;

/** Longest wait for the next part within one request for a stream, in milliseconds. */
export const STREAM_WAIT_MS = 20_000;

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

/** Time for running jobs to end after the server is told to stop, in milliseconds; they are put back after that. */
export const SERVER_DRAIN_MS = 25_000;

/** Time after that for answers under way to get through, in milliseconds, and the pause between two looks for such. */
export const SERVER_CLOSE_MS = { answers: 10_000, look: 50 } as const;

/**
 * Requests to a bucket: attempts of one request, the first pause before another one (doubled from one to the next, and
 * drawn at random from nothing up to that) and the longest.
 */
export const S3_RETRY = { attempts: 4, pauseMs: 250, longestPauseMs: 8_000 } as const;

/** Longest wait for a connection to a bucket's host, in milliseconds. */
export const S3_CONNECT_TIMEOUT_MS = 5_000;

/** Longest silence on such a connection, in milliseconds. */
export const S3_IDLE_TIMEOUT_MS = 15_000;

/** Bytes in one part of an upload; a smaller file goes in one piece. S3 takes no less than 5 MiB. */
export const S3_PART_BYTES = 8 * 1024 * 1024;

/** Parts of one upload that are under way at once, each of them in memory. */
export const S3_PARTS_AT_ONCE = 3;

/** Objects that a sweep looks at and deletes at once. */
export const S3_SWEEP_AT_ONCE = 8;

/** Age after which an upload in parts counts as left by a process that died, in milliseconds. */
export const S3_STALE_UPLOAD_MS = 24 * 3_600_000;

/** Longest life of a presigned URL, in seconds: what signatures of version 4 allow. */
export const PRESIGN_MAX_SECONDS = 7 * 24 * 3600;

/** Days after which a bucket's own rules delete what is not kept: one more than a caller may ask for. */
export const LIFECYCLE_DAYS = TTL_SECONDS.max / 86_400 + 1;

/** Days after which a bucket's own rules drop the parts of an upload that never ended. */
export const LIFECYCLE_UPLOAD_DAYS = 1;

/** Time between two sweeps of a store, in milliseconds. */
export const SWEEP_INTERVAL_MS = 300_000;

/** Longest that a process that ends waits for a sweep that is under way, in milliseconds. */
export const SWEEP_GRACE_MS = 2_000;

/** Age after which whoever was sending a file of the outbox counts as dead, in milliseconds. */
export const OUTBOX_CLAIM_MS = 120_000;

/** Longest that a process that ends waits for what it is sending from the outbox, in milliseconds. */
export const OUTBOX_GRACE_MS = 20_000;

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

/** Longest video that is to be an avatar, in seconds, and its longest side, in pixels; larger ones are scaled down. */
export const MAX_AVATAR_VIDEO_SECONDS = 60;
export const MAX_AVATAR_VIDEO_SIDE = 1920;

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

/** Time without work after which a thread of the voice engines ends, in milliseconds. */
export const IDLE_THREAD_MS = 60_000;

/** Largest body of a job that a page on this server sends, in bytes: two WAV stems of a song in base64. */
export const MAX_LOCAL_BODY_BYTES = 192 * 1024 * 1024;

/** Jobs in one list of the latest. */
export const JOBS_LISTED = { default: 50, max: 500 } as const;

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

/** Most bytes of a pickle in an archive of PyTorch's; those of models have some tens of kilobytes. */
export const MAX_PICKLE_BYTES = 16 * 1024 * 1024;

/** Most bytes of one text, one name and one integer in a pickle. */
export const MAX_PICKLE_TEXT_BYTES = 64 * 1024 * 1024;
export const MAX_PICKLE_NAME_BYTES = 1000;
export const MAX_PICKLE_INTEGER_BYTES = 64;

/** Deepest nesting in which weights are looked for, and most tensors of one checkpoint. */
export const MAX_PICKLE_DEPTH = 40;
export const MAX_TENSORS = 20_000;

/** Most dimensions of a tensor, and most elements of one that repeats a smaller storage. */
export const MAX_TENSOR_SIDES = 16;
export const MAX_UNBACKED_ELEMENTS = 1 << 20;

/** Most files in an archive of weights, and most bytes of one that has to be unpacked in memory. */
export const MAX_ZIP_MEMBERS = 100_000;
export const MAX_ZIP_MEMBER_BYTES = 1024 * 1024 * 1024;

/** Most bytes of the header of a file of safetensors, and of an array of NumPy's. */
export const MAX_SAFETENSORS_HEADER_BYTES = 100 * 1024 * 1024;
export const MAX_NPY_HEADER_BYTES = 64 * 1024;

/** Most lists and vectors of an index of vectors. */
export const MAX_FAISS_LISTS = 1_000_000;
export const MAX_FAISS_VECTORS = 50_000_000;

/** A voice's index: most lists; vectors and frames that are looked at at once; multiplications before others' turn. */
export const RVC_RETRIEVAL = { maxLists: 65_536, pageRows: 4096, blockFrames: 1024, turn: 10_000_000 } as const;

/** Frames that the pitch networks hear at once, and on either side of those; for CREPE in one run too. */
export const RMVPE_BLOCK = { frames: 6000, context: 128 } as const;
export const CREPE_BLOCK = { frames: 3000, context: 100, batch: 256 } as const;

/** Longest wait for what the driver says of a GPU's memory, and how long it is said again, in milliseconds. */
export const GPU_MEMORY_TIMEOUT_MS = 2_000;
export const GPU_MEMORY_KEPT_MS = 5_000;

/** Addresses whose requests are counted at once; the one that has been silent longest is forgotten. */
export const RATE_LIMIT_ADDRESSES = 10_000;

/** Longest time for the speech of one chunk, in milliseconds, as the chunk API's document has it. */
export const CHUNK_SPEECH_TIMEOUT_MS = 30_000;

/** Chunks of one text that are made at once. */
export const CHUNKS_AT_ONCE = 2;

/** Life of what the chunk API makes, in seconds. */
export const CHUNK_TTL_SECONDS = 3600;

/** Longest wait for what the bucket says of the library's voices and avatars, in milliseconds. */
export const LIBRARY_ANSWER_MS = 8_000;

/** Time in which a caller of a stream who has gone may come back for the rest before the job is cancelled, in milliseconds. */
export const STREAM_RETURN_MS = 5_000;

/** Pause between two looks at a waiting job's place in the queue, in milliseconds. */
export const QUEUE_LOOK_MS = 500;

/** Largest body of a request to a route that takes nothing but a text and its settings, in bytes: 20,000 code points, escaped. */
export const MAX_AVATAR_BODY_BYTES = 512 * 1024;

/** Largest message over Socket.IO, in bytes. */
export const MAX_SOCKET_MESSAGE_BYTES = 256 * 1024;

/** Jobs that one Socket.IO client may have at once. */
export const MAX_JOBS_OF_A_SOCKET = 8;

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

/** Largest body of a chat request, in bytes: a long conversation. */
export const MAX_CHAT_BODY_BYTES = 4 * 1024 * 1024;

/** Longest name of a company or a job, in characters. */
export const MAX_INTERVIEW_NAME = 100;

/** Most sound that is spoken ahead of the pictures, in seconds: 17 MB of samples at 24 kHz. */
export const SPEECH_AHEAD_SECONDS = 180;

/** Largest recording of a voice that is uploaded, and body that carries one as base64, in bytes. */
export const MAX_VOICE_UPLOAD_BYTES = 64 * 1024 * 1024;
export const MAX_VOICE_BODY_BYTES = 96 * 1024 * 1024;

/** Pictures of avatars that a server keeps in memory, some 20 kB each. */
export const AVATAR_PICTURES_KEPT = 64;

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
